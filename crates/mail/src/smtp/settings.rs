//! Where the mail server is and who we are to it.

use std::fmt;
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Certificate;
use thiserror::Error;
use url::{Host, Url};

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte (`smtps`, RFC 8314).
    Implicit,
    /// Begun in the clear, then STARTTLS; a server that does not offer it gets nothing, neither password nor letter.
    StartTls,
    /// None. Only for a server on the same machine.
    None,
}

/// What [`SmtpMailer`](super::SmtpMailer) needs to know. Never prints the password.
#[derive(Clone)]
pub struct SmtpSettings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) credentials: Option<Credentials>,
    pub(super) from: Mailbox,
    pub(super) deadline: Duration,
    pub(super) authority: Option<Certificate>,
}

/// Why settings were refused. Never repeats the URL: it holds a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SmtpSettingsError {
    /// Not a URL, or one with parts that mean nothing here.
    #[error("the mail server must be given as smtp://user:password@host:587 or smtps://user:password@host:465")]
    Url,
    /// Neither `smtp` nor `smtps`.
    #[error("the mail server's URL must begin with smtp:// or smtps://")]
    Scheme,
    /// A user without a password, or the other way round, or what does not decode to UTF-8 without control characters.
    #[error("the mail server's user and password must be given together, percent-encoded")]
    Credentials,
    /// Not an address.
    #[error("the sender must be an address such as mif@exemple.ma or MIF <mif@exemple.ma>")]
    Sender,
    /// Not a certificate.
    #[error("the mail server's authority must be a certificate in PEM form")]
    Authority,
}

impl SmtpSettings {
    /// How long one letter may take, from the connection to the server's last word.
    pub const DEADLINE: Duration = Duration::from_secs(20);

    /// Reads `smtp://user:password@host:587` or `smtps://user:password@host:465` (these ports are the defaults) and the
    /// sender, `mif@exemple.ma` or `MIF <mif@exemple.ma>`. With `smtp` STARTTLS is required, except that a loopback host
    /// is spoken to in the clear unless the URL ends in `?tls=required`.
    pub fn parse(url: &str, from: &str) -> Result<Self, SmtpSettingsError> {
        let url = Url::parse(url).map_err(|_| SmtpSettingsError::Url)?;
        if !matches!(url.scheme(), "smtp" | "smtps") {
            return Err(SmtpSettingsError::Scheme);
        }
        let wants_tls = match url.query() {
            None => false,
            Some("tls=required") => true,
            Some(_) => return Err(SmtpSettingsError::Url),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() || url.port() == Some(0) {
            return Err(SmtpSettingsError::Url);
        }
        let (host, loopback) = host(&url)?;
        let (encryption, default_port) = match url.scheme() {
            "smtps" => (Encryption::Implicit, 465),
            "smtp" if loopback && !wants_tls => (Encryption::None, 587),
            _ => (Encryption::StartTls, 587),
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(default_port),
            encryption,
            credentials: credentials(&url)?,
            from: sender(from)?,
            deadline: Self::DEADLINE,
            authority: None,
        })
    }

    /// Another deadline than [`Self::DEADLINE`].
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Believes this authority (PEM) too, beside those that the web believes: for a plant's own mail server.
    pub fn with_authority(self, pem: &str) -> Result<Self, SmtpSettingsError> {
        // A text without any certificate reads as none at all.
        let found = pem.contains("-----BEGIN CERTIFICATE-----");
        let authority = Certificate::from_pem(pem.as_bytes()).ok().filter(|_| found);
        Ok(Self { authority: Some(authority.ok_or(SmtpSettingsError::Authority)?), ..self })
    }

    /// How the way to the server is protected.
    pub fn encryption(&self) -> Encryption {
        self.encryption
    }
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("encryption", &self.encryption)
            .field("signs_in", &self.credentials.is_some())
            .field("from", &self.from.to_string())
            .field("deadline", &self.deadline)
            .field("own_authority", &self.authority.is_some())
            .finish()
    }
}

/// The host as certificates name it, and whether it is this machine. `smtp` is no special scheme to the URL standard, so
/// its hosts come out unread; they are read here as those of the web are.
fn host(url: &Url) -> Result<(String, bool), SmtpSettingsError> {
    let written = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpSettingsError::Url)?;
    let decoded = percent_decoded(written).ok_or(SmtpSettingsError::Url)?;
    match Host::parse(&decoded).map_err(|_| SmtpSettingsError::Url)? {
        Host::Domain(domain) => {
            let loopback = domain == "localhost" || domain.ends_with(".localhost");
            Ok((domain, loopback))
        }
        Host::Ipv4(address) => Ok((address.to_string(), address.is_loopback())),
        Host::Ipv6(address) => Ok((address.to_string(), address.is_loopback())),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpSettingsError> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(SmtpSettingsError::Credentials),
        (user, Some(password)) => {
            let read = |part: &str| percent_decoded(part).filter(|part| !part.contains(char::is_control));
            let both = read(user).zip(read(password)).ok_or(SmtpSettingsError::Credentials)?;
            Ok(Some(both.into()))
        }
    }
}

fn percent_decoded(part: &str) -> Option<String> {
    percent_encoding::percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

fn sender(from: &str) -> Result<Mailbox, SmtpSettingsError> {
    if from.contains(char::is_control) {
        return Err(SmtpSettingsError::Sender);
    }
    let mailbox: Mailbox = from.trim().parse().map_err(|_| SmtpSettingsError::Sender)?;
    let email = reachable(mailbox.email.user(), mailbox.email.domain()).ok_or(SmtpSettingsError::Sender)?;
    Ok(Mailbox::new(mailbox.name, email))
}

/// The address with its domain in ASCII, which servers without SMTPUTF8 take too.
pub(super) fn reachable(local: &str, domain: &str) -> Option<Address> {
    let domain = idna::domain_to_ascii(domain).ok()?;
    Address::new(local, domain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<SmtpSettings, SmtpSettingsError> {
        SmtpSettings::parse(url, "MIF <mif@exemple.ma>")
    }

    #[test]
    fn a_server_elsewhere_is_never_spoken_to_in_the_clear() {
        let encryption = |url: &str| parse(url).unwrap().encryption();
        for url in ["smtp://mail.exemple.ma", "smtp://10.0.0.5:25", "smtp://localhost.exemple.ma", "smtp://[fe80::1]"] {
            assert_eq!(encryption(url), Encryption::StartTls, "{url}");
        }
        for url in ["smtp://localhost:1025", "smtp://LOCALHOST", "smtp://127.0.0.1:1025", "smtp://[::1]:1025"] {
            assert_eq!(encryption(url), Encryption::None, "{url}");
        }
        assert_eq!(encryption("smtp://localhost?tls=required"), Encryption::StartTls);
        assert_eq!(encryption("smtps://localhost"), Encryption::Implicit);
    }

    #[test]
    fn ports_have_defaults_and_credentials_are_decoded() {
        assert_eq!(parse("smtp://mail.exemple.ma").unwrap().port, 587);
        assert_eq!(parse("smtps://mail.exemple.ma").unwrap().port, 465);
        assert_eq!(parse("smtps://mail.exemple.ma:2465").unwrap().port, 2465);
        let settings = parse("smtps://mif%40exemple.ma:p%C3%A9%2F@mail.exemple.ma").unwrap();
        assert_eq!(settings.credentials, Some(("mif@exemple.ma", "pé/").into()));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_kind() {
        use SmtpSettingsError::{Credentials, Scheme, Sender, Url};
        for (url, why) in [
            ("", Url),
            ("mail.exemple.ma:587", Scheme),
            ("https://mail.exemple.ma", Scheme),
            ("smtp://", Url),
            ("smtp:mail.exemple.ma", Url),
            ("smtp://mail.exemple.ma/ehlo", Url),
            ("smtp://mail.exemple.ma?tls=opportunistic", Url),
            ("smtp://mail.exemple.ma:0", Url),
            ("smtp://mail.exemple.ma:99999", Url),
            ("smtp://user@mail.exemple.ma", Credentials),
            ("smtp://:pass@mail.exemple.ma", Credentials),
            ("smtp://user:%ff@mail.exemple.ma", Credentials),
            ("smtp://user:a%0d%0aRSET@mail.exemple.ma", Credentials),
        ] {
            assert_eq!(parse(url).map(|_| ()), Err(why), "{url:?}");
        }
        for from in ["", "mif", "mif@", "a@b.ma, c@d.ma", "MIF <mif@exemple.ma>\r\nBcc: x@y.ma"] {
            assert_eq!(SmtpSettings::parse("smtp://localhost", from).map(|_| ()), Err(Sender), "{from:?}");
        }
    }

    #[test]
    fn an_authority_is_a_certificate() {
        for pem in ["", "x", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
            let refused = parse("smtps://mail.exemple.ma").unwrap().with_authority(pem).map(|_| ());
            assert_eq!(refused, Err(SmtpSettingsError::Authority), "{pem:?}");
        }
    }

    #[test]
    fn the_password_does_not_print() {
        let settings = parse("smtps://user:hunter2@mail.exemple.ma").unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
