//! How letters leave, and what happens when the other side misbehaves.

use std::sync::Arc;
use std::time::Duration;

use mif_domain::mail::{Letter, LetterContent, MailError, Mailer as _};
use mif_domain::users::{EmailAddress, Language};
use mif_mail::{SmtpMailer, SmtpSettings};
use mif_testkit::FakeClock;
use tokio::time::timeout;

use crate::sink::{Manners, Sink};

pub(crate) fn letter(to: &str, content: LetterContent, language: Language) -> Letter {
    Letter { to: EmailAddress::parse(to).unwrap(), language, message_id: "outbox-17".to_owned(), content }
}

fn some_letter() -> Letter {
    letter("karim@exemple.ma", LetterContent::TokenReuse { username: "karim".to_owned() }, Language::French)
}

fn settings(url: &str) -> SmtpSettings {
    SmtpSettings::parse(url, "MIF Fès <mif@usine.ma>").unwrap().with_deadline(Duration::from_millis(700))
}

fn mailer(url: &str) -> SmtpMailer {
    SmtpMailer::new(settings(url), Arc::new(FakeClock::default()))
}

pub(crate) fn mailer_for(sink: &Sink) -> SmtpMailer {
    mailer(&format!("smtp://{}", sink.address))
}

async fn failure(url: &str) -> MailError {
    let (mailer, letter) = (mailer(url), some_letter());
    timeout(Duration::from_secs(3), mailer.send(&letter)).await.expect("must not hang").unwrap_err()
}

async fn failure_with(manners: Manners) -> MailError {
    failure(&format!("smtp://{}", Sink::start(manners).await.address)).await
}

#[tokio::test]
async fn a_letter_reaches_its_reader() {
    let sink = Sink::start(Manners::Good).await;
    mailer_for(&sink).send(&some_letter()).await.unwrap();
    let letters = sink.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].from, "mif@usine.ma");
    assert_eq!(letters[0].to, ["karim@exemple.ma"]);
    assert_eq!(sink.commands().last().unwrap(), "QUIT");
}

#[tokio::test]
async fn a_server_that_asks_for_a_password_gets_it() {
    let sink = Sink::start(Manners::Good).await;
    mailer(&format!("smtp://mif:a%40b@{}", sink.address)).send(&some_letter()).await.unwrap();
    // base64 of NUL mif NUL a@b
    assert!(sink.commands().contains(&"AUTH PLAIN AG1pZgBhQGI=".to_owned()), "{:?}", sink.commands());
    assert_eq!(sink.letters().len(), 1);
}

#[tokio::test]
async fn a_server_that_never_greets_costs_no_more_than_the_deadline() {
    assert!(failure_with(Manners::Silent).await.to_string().contains("did not finish within"));
}

#[tokio::test]
async fn a_server_that_never_confirms_has_not_taken_the_letter() {
    assert!(failure_with(Manners::SilentAfterData).await.to_string().contains("did not finish within"));
}

#[tokio::test]
async fn a_refusal_says_why_in_one_line() {
    let reason = failure_with(Manners::Refusing).await.to_string();
    assert!(reason.contains("550") && reason.contains("nobody of that name"), "{reason}");
}

#[tokio::test]
async fn a_connection_that_breaks_inside_the_letter_is_a_failure() {
    failure_with(Manners::DyingInData).await;
}

#[tokio::test]
async fn nobody_listening_is_a_failure() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    failure(&format!("smtp://{address}")).await;
}

#[tokio::test]
async fn a_missing_goodbye_does_not_fail_a_letter_that_was_taken() {
    let sink = Sink::start(Manners::SilentAfterQuit).await;
    mailer_for(&sink).send(&some_letter()).await.unwrap();
    assert_eq!(sink.letters().len(), 1);
}

#[tokio::test]
async fn a_letter_given_up_leaves_nothing_behind_for_the_next() {
    let slow = Sink::start(Manners::SilentAfterData).await;
    let mailer = mailer_for(&slow);
    mailer.send(&some_letter()).await.unwrap_err();
    mailer.send(&some_letter()).await.unwrap_err();
    let greetings = slow.commands().iter().filter(|command| command.starts_with("EHLO")).count();
    assert_eq!(greetings, 2, "each attempt must have its own connection");
}

#[tokio::test]
async fn a_server_without_starttls_gets_neither_password_nor_letter_where_it_is_required() {
    let sink = Sink::start(Manners::Good).await;
    let error = failure(&format!("smtp://mif:secret@{}?tls=required", sink.address)).await;
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    assert!(sink.commands().iter().all(|command| command.starts_with("EHLO") || command == "QUIT"));
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_gets_nothing_where_it_must() {
    let sink = Sink::start(Manners::Good).await;
    failure(&format!("smtps://mif:secret@{}", sink.address)).await;
    assert!(sink.commands().iter().all(|line| !line.contains("AUTH") && !line.contains("MAIL")));
    assert!(sink.letters().is_empty());
}

#[tokio::test]
async fn a_server_that_a_known_authority_vouches_for_gets_the_letter() {
    for (manners, scheme, query) in [(Manners::Tls, "smtps", ""), (Manners::StartTls, "smtp", "?tls=required")] {
        let sink = Sink::start(manners).await;
        let url = format!("{scheme}://mif:secret@localhost:{}{query}", sink.address.port());
        let settings = settings(&url).with_authority(&sink.certificate).unwrap();
        SmtpMailer::new(settings, Arc::new(FakeClock::default())).send(&some_letter()).await.unwrap();
        assert_eq!(sink.letters().len(), 1, "{manners:?}");
        assert!(sink.commands().iter().any(|command| command.starts_with("AUTH PLAIN")));
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_neither_password_nor_letter() {
    for (manners, scheme, query) in [(Manners::Tls, "smtps", ""), (Manners::StartTls, "smtp", "?tls=required")] {
        let sink = Sink::start(manners).await;
        let error = failure(&format!("{scheme}://mif:secret@localhost:{}{query}", sink.address.port())).await;
        assert!(error.to_string().contains("certificate"), "{error}");
        assert_eq!(sink.commands(), [""; 0], "{manners:?}");
    }
}

#[tokio::test]
async fn a_domain_with_accents_needs_no_special_server() {
    let sink = Sink::start(Manners::Good).await;
    let content = LetterContent::AccountClosed { username: "karim".to_owned() };
    mailer_for(&sink).send(&letter("karim@fès.ma", content, Language::French)).await.unwrap();
    assert_eq!(sink.letters()[0].to, ["karim@xn--fs-7ia.ma"]);
}

#[tokio::test]
async fn three_letters_that_find_nobody_leave_the_server_alone_until_one_gets_through() {
    let reserved = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let clock = Arc::new(FakeClock::default());
    let mailer = SmtpMailer::new(settings(&format!("smtp://{address}")), clock.clone());
    for _ in 0..3 {
        assert!(matches!(mailer.send(&some_letter()).await, Err(MailError::Failed(_))));
    }
    let sink = Sink::start_at(address, Manners::Good).await;
    assert_eq!(mailer.send(&some_letter()).await, Err(MailError::LeftAlone));
    assert_eq!(sink.commands(), [""; 0], "it is not asked");
    clock.advance(chrono::TimeDelta::seconds(10));
    for sent in 1..=4 {
        mailer.send(&some_letter()).await.unwrap();
        assert_eq!(sink.letters().len(), sent);
    }
}

#[tokio::test]
async fn a_server_that_refuses_is_there() {
    let sink = Sink::start(Manners::Refusing).await;
    let mailer = mailer_for(&sink);
    for _ in 0..5 {
        assert!(matches!(mailer.send(&some_letter()).await, Err(MailError::Failed(_))));
    }
}

#[tokio::test]
async fn a_refusal_does_not_tell_whom_it_was_about() {
    let reason = failure_with(Manners::Refusing).await.to_string();
    assert!(!reason.contains("karim"), "{reason}");
}
