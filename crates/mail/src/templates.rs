//! What letters say.

use mif_domain::mail::LetterContent;
use mif_domain::users::Language;

/// A letter in words.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// Puts a letter into words.
pub(crate) fn write(content: &LetterContent, language: Language) -> Written {
    match (content, language) {
        (LetterContent::TokenReuse { username }, Language::French) => Written {
            subject: "MIF : une de vos sessions a été fermée".to_owned(),
            text: format!(
                "Bonjour {username},\n\nUn jeton de connexion déjà utilisé a été présenté une seconde fois : quelqu'un \
                 d'autre en avait peut-être une copie. La session concernée a été fermée. Reconnectez-vous, et changez \
                 votre mot de passe si vous ne reconnaissez pas l'appareil."
            ),
        },
        (LetterContent::TokenReuse { username }, Language::English) => Written {
            subject: "MIF: one of your sessions was closed".to_owned(),
            text: format!(
                "Hello {username},\n\nA sign-in token that had been used up was presented again: somebody else may \
                 have had a copy. The session was closed. Sign in again, and change your password if you do not \
                 recognise the device."
            ),
        },
        (LetterContent::AccountClosed { username }, Language::French) => Written {
            subject: "MIF : votre compte a été fermé".to_owned(),
            text: format!(
                "Bonjour {username},\n\nTrop de tentatives de connexion à votre compte ont échoué : il a été fermé. \
                 Réinitialisez votre mot de passe, ou demandez à un administrateur de rouvrir le compte. Les sessions \
                 déjà ouvertes continuent."
            ),
        },
        (LetterContent::AccountClosed { username }, Language::English) => Written {
            subject: "MIF: your account was closed".to_owned(),
            text: format!(
                "Hello {username},\n\nToo many attempts to sign in to your account have failed: it was closed. Reset \
                 your password, or ask an administrator to open the account again. Sessions that are open go on."
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_written_in_the_language_of_its_reader() {
        let content = LetterContent::TokenReuse { username: "karim".to_owned() };
        assert!(write(&content, Language::French).text.starts_with("Bonjour karim,"));
        assert!(write(&content, Language::English).text.starts_with("Hello karim,"));
        let content = LetterContent::AccountClosed { username: "karim".to_owned() };
        assert!(write(&content, Language::French).text.starts_with("Bonjour karim,"));
        assert!(write(&content, Language::English).text.starts_with("Hello karim,"));
    }
}
