//! A machine's label: an SVG of 90 x 36 mm with a QR code that opens the machine.
//!
//! Drawn with shapes and attributes only, so that it looks the same under a policy that forbids styles and scripts.

use std::fmt::Write as _;

use mif_domain::equipment::Equipment;
use mif_domain::text::Line;
use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

/// Light modules around a QR code (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// Draws the label of a machine whose address is `address`.
pub(crate) fn draw(equipment: &Equipment, address: &str) -> Result<String, QrError> {
    // Labels in workshops get dirty: a quarter of the code may be lost.
    let code = QrCode::with_error_correction_level(address, EcLevel::Q)?;
    let sheet = &equipment.sheet;
    let mut svg = String::with_capacity(16 * 1024);
    svg.push_str(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90mm\" height=\"36mm\" viewBox=\"0 0 90 36\" \
         font-family=\"sans-serif\">",
    );
    let _ = write!(svg, "<title>{}</title>", escaped(sheet.name.as_str()));
    svg.push_str("<rect width=\"90\" height=\"36\" fill=\"#fff\"/>");
    let side = code.width() + 2 * QUIET_ZONE;
    let _ = write!(
        svg,
        "<svg width=\"36\" height=\"36\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\"><path d=\"{}\"/></svg>",
        modules(&code)
    );
    let mut down = 7.0;
    for line in wrapped(sheet.name.as_str(), 22, 3) {
        text(&mut svg, &line, &mut down, 4.2, "bold");
    }
    if let Some(code) = sheet.code.as_ref().map(Line::as_str) {
        for line in wrapped(code, 22, 1) {
            text(&mut svg, &line, &mut down, 4.2, "normal");
        }
    }
    for line in wrapped(sheet.location.as_str(), 32, 2) {
        text(&mut svg, &line, &mut down, 3.0, "normal");
    }
    svg.push_str("</svg>");
    Ok(svg)
}

/// The dark modules, run by run.
fn modules(code: &QrCode) -> String {
    let mut path = String::new();
    for (row, colors) in code.to_colors().chunks(code.width()).enumerate() {
        let mut at = QUIET_ZONE;
        for run in colors.chunk_by(|one, next| one == next) {
            if run.contains(&Color::Dark) {
                let _ = write!(path, "M{at} {}h{1}v1h-{1}z", row + QUIET_ZONE, run.len());
            }
            at += run.len();
        }
    }
    path
}

fn text(svg: &mut String, line: &str, down: &mut f64, size: f64, weight: &str) {
    let line = escaped(line);
    let _ = write!(svg, "<text x=\"38\" y=\"{down:.1}\" font-size=\"{size}\" font-weight=\"{weight}\">{line}</text>");
    *down += size * 1.25;
}

/// At most `lines` lines of at most `width` characters, broken between words where there are any; what is left over
/// becomes an ellipsis.
fn wrapped(text: &str, width: usize, lines: usize) -> Vec<String> {
    let mut broken: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if let Some(last) = broken.last_mut()
            && last.chars().count() + 1 + word.len() <= width
        {
            last.push(' ');
            last.extend(word);
            continue;
        }
        while !word.is_empty() {
            let rest = word.split_off(width.min(word.len()));
            broken.push(word.into_iter().collect());
            word = rest;
        }
    }
    if broken.len() > lines {
        broken.truncate(lines);
        if let Some(last) = broken.last_mut() {
            *last = last.chars().take(width - 1).chain(['…']).collect();
        }
    }
    broken
}

/// Text between tags or quotes of XML. Characters that XML 1.0 cannot hold become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_broken_between_words_and_cut_at_the_end() {
        assert_eq!(wrapped("Presse hydraulique 4", 22, 3), ["Presse hydraulique 4"]);
        assert_eq!(wrapped("Presse hydraulique 4", 10, 3), ["Presse", "hydrauliqu", "e 4"]);
        assert_eq!(wrapped("a b c d", 1, 2), ["a", "…"]);
        assert_eq!(wrapped("été été été", 7, 1), ["été ét…"]);
    }

    #[test]
    fn nothing_ends_a_tag_or_breaks_xml() {
        assert_eq!(
            escaped("<a b='c' d=\"e\">&\u{0}\u{ffff}"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;\u{fffd}\u{fffd}"
        );
    }
}
