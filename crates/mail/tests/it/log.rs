//! What a reader of the log sees of letters.

use std::io::Write;
use std::sync::{Arc, Mutex};

use mif_domain::mail::{LetterContent, Mailer as _, WayIn};
use mif_domain::users::Language;
use mif_mail::{Links, LogMailer};

use crate::sending::letter;

#[derive(Clone, Default)]
struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn logged(links: Links, content: LetterContent) -> String {
    let log = LogBuffer::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    LogMailer::new(links).send(&letter("karim@exemple.ma", content, Language::French)).await.unwrap();
    let written = log.0.lock().unwrap().clone();
    String::from_utf8(written).unwrap()
}

fn with_tokens() -> [LetterContent; 3] {
    let username = "karim".to_owned();
    let way_in = WayIn::Link("https://gmao.exemple.ma/x?jeton=SECRET".to_owned());
    [
        LetterContent::PasswordReset { username: username.clone(), way_in: way_in.clone(), minutes_valid: 30 },
        LetterContent::EmailConfirmation { username: username.clone(), way_in: way_in.clone() },
        LetterContent::Invitation { username, way_in, minutes_valid: 60 },
    ]
}

#[tokio::test]
async fn a_developer_can_click_the_links_in_the_log() {
    for content in with_tokens() {
        assert!(logged(Links::Shown, content).await.contains("https://gmao.exemple.ma/x?jeton=SECRET"));
    }
}

#[tokio::test]
async fn a_log_in_production_holds_no_token() {
    for content in with_tokens() {
        let log = logged(Links::Masked, content).await;
        assert!(log.contains("https://gmao.exemple.ma/***") && !log.contains("SECRET"), "{log}");
    }
}

#[tokio::test]
async fn a_bare_token_is_masked_too() {
    let content = || {
        let way_in = WayIn::Token("SECRET".to_owned());
        LetterContent::PasswordReset { username: "karim".to_owned(), way_in, minutes_valid: 30 }
    };
    assert!(logged(Links::Shown, content()).await.contains("SECRET"));
    assert!(!logged(Links::Masked, content()).await.contains("SECRET"));
}

#[tokio::test]
async fn a_link_without_a_token_is_logged_as_it_is() {
    let link = "https://gmao.exemple.ma/interventions/12".to_owned();
    let content =
        LetterContent::InterventionNotice { title: "t".to_owned(), content: "c".to_owned(), link: Some(link.clone()) };
    assert!(logged(Links::Masked, content).await.contains(&link));
}
