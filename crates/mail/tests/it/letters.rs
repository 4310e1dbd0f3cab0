//! What arrives, read back by another parser.

use mailparse::{MailHeaderMap as _, ParsedMail, parse_mail};
use mif_domain::mail::{LetterContent, Mailer as _, WayIn};
use mif_domain::users::Language;

use crate::sending::{letter, mailer_for};
use crate::sink::{Manners, Sink};

const LINK: &str = "https://gmao.exemple.ma/mot-de-passe?a=1&jeton=abc";

fn contents(name: &str) -> Vec<LetterContent> {
    let username = name.to_owned();
    let link = LINK.to_owned();
    let way_in = WayIn::Link(link.clone());
    vec![
        LetterContent::TokenReuse { username: username.clone() },
        LetterContent::PasswordReset { username: username.clone(), way_in: way_in.clone(), minutes_valid: 30 },
        LetterContent::EmailConfirmation { username: username.clone(), way_in: way_in.clone() },
        LetterContent::EmailChanged { username: username.clone(), new_email_masked: "k***@exemple.ma".to_owned() },
        LetterContent::AccountClosed { username: username.clone() },
        LetterContent::Invitation { username: username.clone(), way_in: way_in.clone(), minutes_valid: 4320 },
        LetterContent::InterventionNotice {
            title: format!("Intervention 12 terminée : {name}"),
            content: format!("Réparée par {name}.\nÀ vérifier."),
            link: Some(link),
        },
    ]
}

/// What a mail server got for one letter.
async fn arrived(content: LetterContent, language: Language) -> Vec<u8> {
    let sink = Sink::start(Manners::Good).await;
    mailer_for(&sink).send(&letter("karim@exemple.ma", content, language)).await.unwrap();
    sink.letters().remove(0).data
}

fn part(mail: &ParsedMail<'_>, kind: &str) -> String {
    let part = mail.subparts.iter().find(|part| part.ctype.mimetype == kind).expect("a part is missing");
    assert_eq!(part.ctype.charset, "utf-8");
    part.get_body().unwrap()
}

#[tokio::test]
async fn every_letter_arrives_whole_in_both_languages() {
    for language in [Language::French, Language::English] {
        for content in contents("Zoé <script>alert('x')</script> & \"co\"") {
            let has_link = !matches!(
                content,
                LetterContent::TokenReuse { .. }
                    | LetterContent::EmailChanged { .. }
                    | LetterContent::AccountClosed { .. }
            );
            let raw = arrived(content.clone(), language).await;
            let mail = parse_mail(&raw).unwrap();
            assert_eq!(mail.ctype.mimetype, "multipart/alternative", "{content:?}");
            assert_eq!(mail.subparts.len(), 2);
            let subject = mail.headers.get_first_value("Subject").unwrap();
            let prefix = if language == Language::French { "MIF : " } else { "MIF: " };
            assert!(subject.starts_with(prefix) && !subject.contains("=?"), "{subject}");

            let text = part(&mail, "text/plain");
            let html = part(&mail, "text/html");
            assert!(!html.contains("<script"), "{content:?}: {html}");
            assert!(html.contains("&lt;script&gt;") == text.contains("<script>"), "{content:?}");
            let names_somebody = text.contains("Zoé");
            assert!(names_somebody && html.contains("Zoé"), "{content:?}: {text}");
            assert!(html.contains(&format!("lang=\"{}\"", language.as_str())));
            assert_eq!(text.contains(LINK), has_link, "{content:?}: {text}");
            assert_eq!(html.contains(&format!("href=\"{}\"", LINK.replace('&', "&amp;"))), has_link, "{content:?}");
        }
    }
}

#[tokio::test]
async fn the_two_languages_differ_in_subject_and_words() {
    for content in contents("karim") {
        let french = arrived(content.clone(), Language::French).await;
        let english = arrived(content.clone(), Language::English).await;
        let (french, english) = (parse_mail(&french).unwrap(), parse_mail(&english).unwrap());
        assert_ne!(french.headers.get_first_value("Subject"), english.headers.get_first_value("Subject"));
        assert_ne!(part(&french, "text/plain"), part(&english, "text/plain"));
    }
}

#[tokio::test]
async fn a_letter_says_what_its_reader_must_know() {
    for (content, words) in contents("karim").into_iter().zip([
        ["jeton de connexion", "fermée"],
        ["30 minutes", "une seule fois"],
        ["adresse", "confirmée"],
        ["k***@exemple.ma", "administrateur"],
        ["Mot de passe oublié", "administrateur"],
        ["3 jours", "nom d'utilisateur est karim"],
        ["Réparée par karim.", "À vérifier."],
    ]) {
        let raw = arrived(content, Language::French).await;
        let text = part(&parse_mail(&raw).unwrap(), "text/plain");
        assert!(words.iter().all(|words| text.contains(words)), "{words:?} not in {text}");
    }
}

#[tokio::test]
async fn every_attempt_has_the_same_message_id_in_the_senders_domain() {
    let content = LetterContent::TokenReuse { username: "karim".to_owned() };
    for _ in 0..2 {
        let raw = arrived(content.clone(), Language::French).await;
        let mail = parse_mail(&raw).unwrap();
        assert_eq!(mail.headers.get_first_value("Message-ID").unwrap(), "<outbox-17@usine.ma>");
        assert_eq!(mail.headers.get_first_value("From").unwrap(), "MIF Fès <mif@usine.ma>");
        assert_eq!(mail.headers.get_first_value("Auto-Submitted").unwrap(), "auto-generated");
        assert!(mail.headers.get_first_value("Date").unwrap().ends_with("+0000"));
    }
}

#[tokio::test]
async fn nothing_in_a_letter_can_add_a_header_or_a_command() {
    let attack = "x\r\nBcc: victim@exemple.ma\r\n\r\n<b>y\n.\nMAIL FROM:<a@b.ma>\r\n.\r\nRSET\r\n";
    let content = LetterContent::InterventionNotice {
        title: attack.to_owned(),
        content: attack.to_owned(),
        link: Some(attack.to_owned()),
    };
    let sink = Sink::start(Manners::Good).await;
    let mut hostile = letter("karim@exemple.ma", content, Language::English);
    hostile.message_id = attack.to_owned();
    mailer_for(&sink).send(&hostile).await.unwrap();

    let letters = sink.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].to, ["karim@exemple.ma"]);
    assert!(!sink.commands().contains(&"RSET".to_owned()), "{:?}", sink.commands());
    let mail = parse_mail(&letters[0].data).unwrap();
    assert_eq!(mail.headers.get_first_value("Bcc"), None);
    let subject = mail.headers.get_first_value("Subject").unwrap();
    assert!(!subject.contains(char::is_control), "{subject:?}");
    assert_eq!(mail.subparts.len(), 2);
    let id = mail.headers.get_first_value("Message-ID").unwrap();
    assert!(id.starts_with("<x--Bcc--victim") && id.ends_with("@usine.ma>"), "{id}");
    assert!(!part(&mail, "text/html").contains("<b>"));
    assert!(part(&mail, "text/plain").contains("\r\n.\r\nMAIL FROM"), "the text itself must survive");
}

#[tokio::test]
async fn without_an_address_of_the_application_a_letter_says_to_copy_the_token() {
    for (language, words, noun) in
        [(Language::French, "à copier", "Ce jeton"), (Language::English, "to copy", "This token")]
    {
        let way_in = WayIn::Token("q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA".to_owned());
        let content = LetterContent::PasswordReset { username: "karim".to_owned(), way_in, minutes_valid: 30 };
        let raw = arrived(content, language).await;
        let mail = parse_mail(&raw).unwrap();
        for kind in ["text/plain", "text/html"] {
            let body = part(&mail, kind);
            for piece in [words, noun, "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"] {
                assert!(body.contains(piece), "{piece}: {body}");
            }
            assert!(!body.contains("href"), "{body}");
        }
    }
}
