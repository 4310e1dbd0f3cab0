//! What letters say. The words of a letter stand in the file of their language, the looks of all letters in `layout`.

mod english;
mod french;
mod layout;

use mif_domain::mail::{LetterContent, WayIn};
use mif_domain::users::Language;

/// A letter in words, in both forms.
#[derive(Debug)]
pub(crate) struct Written {
    /// One line, without control characters.
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// What a letter says, before it takes a form.
struct Words {
    subject: String,
    /// Each may have several lines.
    paragraphs: Vec<String>,
    link: Option<Link>,
    /// After the link.
    closing: Vec<String>,
}

struct Link {
    label: &'static str,
    address: String,
}

/// Puts a letter into words.
pub(crate) fn write(content: &LetterContent, language: Language) -> Written {
    let words = match language {
        Language::French => french::words(content),
        Language::English => english::words(content),
    };
    let signature = match language {
        Language::French => french::SIGNATURE,
        Language::English => english::SIGNATURE,
    };
    Written {
        subject: words.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        text: layout::text(&words, signature),
        html: layout::html(&words, language, signature),
    }
}

impl Words {
    fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), paragraphs: Vec::new(), link: None, closing: Vec::new() }
    }

    /// The next paragraph: before the link, if there is one already, after it.
    fn says(mut self, paragraph: impl Into<String>) -> Self {
        let part = if self.link.is_none() { &mut self.paragraphs } else { &mut self.closing };
        part.push(paragraph.into());
        self
    }

    fn links(mut self, label: &'static str, address: &str) -> Self {
        self.link = Some(Link { label, address: address.to_owned() });
        self
    }

    /// The way in: a link to follow, or a token with word of what to do with it.
    fn lets_in(self, label: &'static str, copied: &'static str, way_in: &WayIn) -> Self {
        match way_in {
            WayIn::Link(link) => self.links(label, link),
            WayIn::Token(token) => self.links(copied, token),
        }
    }
}

/// A length of time in the largest unit that divides it.
fn in_words(minutes: u32, [minute, hour, day]: [[&str; 2]; 3]) -> String {
    let (count, [one, many]) = match minutes {
        m if m > 0 && m % (24 * 60) == 0 => (m / (24 * 60), day),
        m if m > 0 && m % 60 == 0 => (m / 60, hour),
        m => (m, minute),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_written_in_the_language_of_its_reader() {
        let content = LetterContent::TokenReuse { username: "karim".to_owned() };
        assert!(write(&content, Language::French).text.starts_with("Bonjour karim,"));
        assert!(write(&content, Language::English).text.starts_with("Hello karim,"));
    }

    #[test]
    fn a_length_of_time_is_said_as_people_say_it() {
        let units = [["minute", "minutes"], ["heure", "heures"], ["jour", "jours"]];
        let said = [0, 1, 30, 60, 90, 120, 1440, 4320].map(|minutes| in_words(minutes, units));
        let expected =
            ["0 minutes", "1 minute", "30 minutes", "1 heure", "90 minutes", "2 heures", "1 jour", "3 jours"];
        assert_eq!(said, expected);
    }
}
