//! In English.

use mif_domain::mail::{LetterContent, WayIn};

use super::{Words, in_words};

pub(super) const SIGNATURE: &str = "Sent automatically by MIF. Please do not reply.";

const UNITS: [[&str; 2]; 3] = [["minute", "minutes"], ["hour", "hours"], ["day", "days"]];

/// Before a bare token.
const COPIED: &str = "Token to copy into the application, whose address the server does not know:";

const fn it(way_in: &WayIn) -> &'static str {
    match way_in {
        WayIn::Link(_) => "This link",
        WayIn::Token(_) => "This token",
    }
}

pub(super) fn words(content: &LetterContent) -> Words {
    match content {
        LetterContent::TokenReuse { username } => {
            Words::new("MIF: one of your sessions was closed").says(format!("Hello {username},")).says(
                "A sign-in token that had been used up was presented again: somebody else may have had a copy. The \
                 session was closed. Sign in again, and change your password if you do not recognise the device.",
            )
        }
        LetterContent::PasswordReset { username, way_in, minutes_valid } => Words::new("MIF: choose a new password")
            .says(format!("Hello {username},"))
            .says("Somebody, most likely you, asked to change the password of your account.")
            .lets_in("Choose a new password", COPIED, way_in)
            .says(format!("{} works once and expires in {}.", it(way_in), in_words(*minutes_valid, UNITS)))
            .says(
                "If you did not ask for it, ignore this message: your password stays as it is. Do not give it to \
                 anybody.",
            ),
        LetterContent::EmailConfirmation { username, way_in } => Words::new("MIF: confirm your e-mail address")
            .says(format!("Hello {username},"))
            .says("This address was given for your account. It will not count until it is confirmed.")
            .lets_in("Confirm this address", COPIED, way_in)
            .says("If you have no MIF account, ignore this message."),
        LetterContent::EmailChanged { username, new_email_masked } => {
            Words::new("MIF: the e-mail address of your account has changed")
                .says(format!("Hello {username},"))
                .says(format!(
                    "The e-mail address of your account is now {new_email_masked}. This one will get no more messages."
                ))
                .says("If you did not change it, tell your administrator at once.")
        }
        LetterContent::AccountClosed { username } => Words::new("MIF: your account was closed")
            .says(format!("Hello {username},"))
            .says(
                "Too many wrong passwords were tried on your account. It was closed to protect it: even the right \
                 password does not open it any more.",
            )
            .says(
                "To open it again, ask for a new password with \"Forgotten password\" on the sign-in page, or turn to \
                 your administrator.",
            ),
        LetterContent::Invitation { username, way_in, minutes_valid } => Words::new("MIF: your account is ready")
            .says("Hello,")
            .says(format!(
                "An account was made for you in MIF, the maintenance management system. Your username is {username}. \
                 What is left is to choose your password."
            ))
            .lets_in("Choose my password", COPIED, way_in)
            .says(format!(
                "{} works once and expires in {}. Do not give it to anybody.",
                it(way_in),
                in_words(*minutes_valid, UNITS)
            )),
        LetterContent::InterventionNotice { title, content, link } => {
            let notice = Words::new(format!("MIF: {title}")).says(content);
            link.iter().fold(notice, |notice, link| notice.links("Open in MIF", link))
        }
    }
}
