//! The section about letters.

use std::time::Duration;

use mif_application::outbox::LetterLinks;
use mif_mail::SmtpSettings;
use secrecy::ExposeSecret as _;

use super::reader::{Read, Reader};

/// How letters leave, and where they lead.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The mail server and who we are to it. None: letters are written to the log.
    pub smtp: Option<SmtpSettings>,
    /// The page that sets a password, after the public address.
    pub reset_path: String,
    /// The page that confirms an address, likewise.
    pub confirm_path: String,
}

impl Mail {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let url = reader.secret("mail.smtp_url");
        let from = reader.optional("mail.from", "an address such as MIF <mif@example.ma>", |v| Some(v.to_owned()));
        // Below the time that the outbox gives an attempt.
        let deadline = reader.number("mail.deadline_seconds", 1..=40_u64);
        let authority = reader.optional("mail.authority_file", "the path of a file", |v| Some(v.to_owned()));
        let allowed = "a path that begins with / and holds {jeton} once, without spaces";
        let reset_path = reader.parse("mail.reset_path", allowed, path);
        let confirm_path = reader.parse("mail.confirm_path", allowed, path);
        let (url, from, deadline, authority) = (url?, from?, deadline?, authority?);
        let smtp = match url {
            Some(url) => {
                let smtp = server(reader, url.expose_secret(), from.as_deref(), authority.as_deref())?;
                Some(smtp.with_deadline(Duration::from_secs(deadline)))
            }
            None => None,
        };
        Ok(Self { smtp, reset_path: reset_path?, confirm_path: confirm_path? })
    }
}

fn server(reader: &mut Reader, url: &str, from: Option<&str>, authority: Option<&str>) -> Read<SmtpSettings> {
    let Some(from) = from else {
        let message = "must be set when mail.smtp_url is: set MIF_MAIL__FROM to the sender of letters";
        return Err(reader.reject("mail.from", message.to_owned()));
    };
    let smtp = SmtpSettings::parse(url, from).map_err(|why| {
        let key = if why == mif_mail::SmtpSettingsError::Sender { "mail.from" } else { "mail.smtp_url" };
        reader.reject(key, format!("is not understood: {why}"))
    })?;
    let Some(file) = authority else { return Ok(smtp) };
    let pem = std::fs::read_to_string(file)
        .map_err(|why| reader.reject("mail.authority_file", format!("names {file}, which cannot be read: {why}")))?;
    smtp.with_authority(&pem).map_err(|why| reader.reject("mail.authority_file", format!("names {file}: {why}")))
}

fn path(raw: &str) -> Option<String> {
    let once = raw.matches(LetterLinks::TOKEN).count() == 1;
    // Two slashes would name another host.
    let here = raw.starts_with('/') && !raw.starts_with("//");
    (here && once && raw.bytes().all(|b| b.is_ascii_graphic())).then(|| raw.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_the_token_once() {
        assert!(path("/mot-de-passe?jeton={jeton}").is_some() && path("/#/reset/{jeton}").is_some());
        for bad in ["", "/", "/x", "x/{jeton}", "//ailleurs.ma/{jeton}", "/{jeton}/{jeton}", "/a b/{jeton}"] {
            assert!(path(bad).is_none(), "{bad}");
        }
    }
}
