//! Letters handed to a mail server.

mod message;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Message;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters, TlsParametersBuilder};
use lettre::transport::smtp::extension::ClientId;
use mif_domain::Clock;
use mif_domain::breaker::Breaker;
use mif_domain::mail::{Letter, MailError, Mailer, MailerHealth};
use tokio::time::timeout;
use tracing::Instrument as _;
use tracing::field::Empty;

pub use settings::{Encryption, SmtpSettings, SmtpSettingsError};

/// Hands letters to a mail server: one connection a letter, because letters are rare and a kept connection would have to
/// be proven alive, and one deadline over all of it, because lettre's own ends with the connect. After three letters in a row
/// that found nobody there it stops trying for 10 s at a time.
#[derive(Debug)]
pub struct SmtpMailer {
    settings: SmtpSettings,
    clock: Arc<dyn Clock>,
    breaker: Breaker,
}

impl SmtpMailer {
    /// How long the server may take to say goodbye.
    const GOODBYE: Duration = Duration::from_secs(1);

    /// One that speaks to the server of these settings. Connects to nothing yet.
    pub fn new(settings: SmtpSettings, clock: Arc<dyn Clock>) -> Self {
        let breaker = Breaker::new(Arc::clone(&clock));
        Self { settings, clock, breaker }
    }

    async fn hand_over(&self, message: &Message) -> Result<(), String> {
        let deadline = self.settings.deadline;
        let delivered = timeout(deadline, self.deliver(message)).await;
        match &delivered {
            Ok(Ok(_)) => self.breaker.answered(),
            // It refuses this letter, or us; it is there.
            Ok(Err(error)) if error.is_permanent() || error.is_transient() => self.breaker.answered(),
            Ok(Err(_)) | Err(_) => self.breaker.failed(),
        }
        let mut connection = delivered
            .map_err(|_| format!("the mail server did not finish within {} s", deadline.as_secs_f32()))?
            .map_err(|error| reason(&error))?;
        // The letter is theirs already: a goodbye that fails must not make us send it again.
        let _ = timeout(Self::GOODBYE, connection.quit()).await;
        Ok(())
    }

    /// From the connection to the server's word that it has the letter.
    async fn deliver(&self, message: &Message) -> Result<AsyncSmtpConnection, Error> {
        let SmtpSettings { host, port, encryption, credentials, deadline, authority, .. } = &self.settings;
        // The peer learns no name of ours: ours is often a container's and means nothing outside.
        let hello = ClientId::default();
        let tls = || {
            let builder = TlsParameters::builder(host.clone());
            authority.iter().cloned().fold(builder, TlsParametersBuilder::add_root_certificate).build()
        };
        let at_once = if *encryption == Encryption::Implicit { Some(tls()?) } else { None };
        let address = (host.as_str(), *port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(*deadline), &hello, at_once, None).await?;
        if *encryption == Encryption::StartTls {
            connection.starttls(tls()?, &hello).await?;
        }
        if let Some(credentials) = credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        connection.send(message.envelope(), &message.formatted()).await?;
        Ok(connection)
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = message::compose(letter, &self.settings.from, self.clock.now())?;
        if !self.breaker.lets_pass() {
            return Err(MailError::LeftAlone);
        }
        let span = tracing::info_span!(
            target: "mif_trace",
            "smtp send",
            otel.kind = "client",
            otel.status_code = Empty,
            error.type = Empty,
            network.protocol.name = "smtp",
            server.address = self.settings.host,
            // Spans know numbers as `i64` and would write any other kind down as text.
            server.port = i64::from(self.settings.port),
        );
        let sent = self.hand_over(&message).instrument(span.clone()).await;
        if sent.is_err() {
            span.record("otel.status_code", "ERROR");
            // What the server said may name somebody.
            span.record("error.type", "not_delivered");
        }
        // Servers like to repeat whom they refuse, and this ends in logs and traces.
        sent.map_err(|reason| MailError::Failed(without(&reason, message.envelope())))
    }

    fn health(&self) -> MailerHealth {
        if self.breaker.is_open() { MailerHealth::Down } else { MailerHealth::Up }
    }
}

/// What the server said, without the addresses that it was told.
fn without(reason: &str, envelope: &Envelope) -> String {
    envelope.to().iter().fold(reason.to_owned(), |reason, address| {
        let address: &str = address.as_ref();
        reason.replace(address, "***")
    })
}

/// The error in one short line: it ends with whatever the server said, and stands in the outbox and in logs.
fn reason(error: &Error) -> String {
    const MAX_CHARS: usize = 300;
    error.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_CHARS).collect()
}
