//! Letters: what they say in which language, and how they leave.
//!
//! [`SmtpMailer`] hands them to a mail server, one connection a letter and one deadline for all of it. [`LogMailer`] is the
//! embedded default: it writes letters to the log, so that the product can be tried without a mail server. What to say
//! when is decided by `application`; here stands only how it is said (`templates`).

mod log;
mod smtp;
mod templates;

pub use log::{Links, LogMailer};
pub use smtp::{Encryption, SmtpMailer, SmtpSettings, SmtpSettingsError};
