//! How every letter looks. The only place that writes HTML, so that nothing reaches it unescaped.

use mif_domain::users::Language;

use super::{Link, Words};

/// Paragraphs with an empty line between them.
pub(super) fn text(words: &Words, signature: &str) -> String {
    let mut paragraphs: Vec<String> = words.paragraphs.clone();
    paragraphs.extend(words.link.iter().map(|link| format!("{}\n{}", link.label, link.address)));
    paragraphs.extend(words.closing.iter().cloned());
    paragraphs.push(format!("-- \n{signature}"));
    paragraphs.join("\n\n") + "\n"
}

/// One column, without pictures, scripts or anything fetched from elsewhere.
pub(super) fn html(words: &Words, language: Language, signature: &str) -> String {
    let paragraph = |text: &String| format!("<p>{}</p>\n", lines(text));
    let before: String = words.paragraphs.iter().map(paragraph).collect();
    let link: String = words.link.iter().map(button).collect();
    let after: String = words.closing.iter().map(paragraph).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
         <body style=\"margin:0 auto;max-width:36em;padding:1.5em;font-family:sans-serif;line-height:1.5\">\n\
         {before}{link}{after}\
         <hr style=\"border:0;border-top:1px solid #ccc\">\n<p style=\"font-size:smaller\">{signature}</p>\n\
         </body>\n</html>\n",
        language = language.as_str(),
        subject = escaped(&words.subject),
        signature = escaped(signature),
    )
}

/// The address is written out as well: people are told to look where a link leads.
fn button(link: &Link) -> String {
    let address = escaped(&link.address);
    // Anything but the web (`javascript:`, `data:`) is shown, never made to be clicked.
    if !["https://", "http://"].iter().any(|scheme| link.address.starts_with(scheme)) {
        return format!("<p>{}<br>\n{address}</p>\n", escaped(link.label));
    }
    format!(
        "<p><a href=\"{address}\" style=\"display:inline-block;padding:.6em 1.2em;background:#0b5cad;color:#fff;\
         text-decoration:none;border-radius:.3em\">{}</a></p>\n<p style=\"font-size:smaller\">{address}</p>\n",
        escaped(link.label)
    )
}

fn lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("<br>\n")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_web_addresses_can_be_clicked() {
        let link = |address: &str| button(&Link { label: "Ouvrir", address: address.to_owned() });
        assert!(link("https://gmao.exemple.ma/#x").contains("href=\"https://gmao.exemple.ma/#x\""));
        for address in ["javascript:alert(1)", "data:text/html,x", "\" onclick=\"x"] {
            let shown = link(address);
            assert!(!shown.contains("href") && !shown.contains("onclick=\""), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_holds_no_markup(text in ".{0,60}") {
            prop_assert!(!escaped(&text).contains(['<', '>', '"', '\'']));
        }
    }
}
