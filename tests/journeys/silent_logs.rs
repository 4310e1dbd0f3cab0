//! Nothing that opens a door, and no name of a document, stands in the log: at any level, in either format.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN, Database, PASSWORD, PostOffice, Site, clamd, eventually, machine, on_both_databases};

on_both_databases!(no_secret_stands_in_the_log);

const WRONG: &str = "Mauvaise-Porte-91!";
const SECOND: &str = "Courroie-Verte-42?";
const THIRD: &str = "Palier-Ouvert-58+";
const DOCUMENT: &str = "releve-zx9qk-confidentiel.pdf";
const SOON: Duration = Duration::from_secs(30);

async fn no_secret_stands_in_the_log(database: Database) {
    let site = Site::new(database).await;
    let post_office = PostOffice::closed();
    post_office.open().await;
    let (smtp, clamd) = (post_office.url(), clamd());
    let settings = [
        ("RUST_LOG", "trace"),
        ("MIF_LOG__FORMAT", if database == Database::Sqlite { "pretty" } else { "json" }),
        ("MIF_MAIL__SMTP_URL", &smtp),
        ("MIF_MAIL__FROM", "MIF <mif@usine.test>"),
        ("MIF_HTTP__PUBLIC_URL", "https://gmao.usine.test"),
        ("MIF_ANTIVIRUS__CLAMD", &clamd),
    ];
    let mut server = site.start_with(&settings).await;
    let mut secrets: Vec<String> = [PASSWORD, WRONG, SECOND, THIRD, "$argon2id$"].map(str::to_owned).into();

    let anonymous = server.client();
    anonymous.login(ADMIN, WRONG).await.is(401);
    anonymous.login_by_form(ADMIN, WRONG).await.is(401);
    anonymous.login_by_multipart(ADMIN, PASSWORD).await.is(200);
    let session = server.sign_in(ADMIN, PASSWORD).await;
    let refreshed = anonymous.refresh(&session.refresh_token).await.is(200);
    let admin = anonymous.session(&refreshed);
    secrets.extend(
        [session.client.token(), &session.refresh_token, admin.client.token(), &admin.refresh_token].map(str::to_owned),
    );

    let mfa =
        admin.client.request(Method::POST, "/api/v1/auth/mfa/enroler").json(&json!({"current_password": PASSWORD}));
    let offered = admin.client.send(mfa).await.is(200);
    secrets.push(offered.text("secret"));

    let press = admin.client.create_equipment(&machine("A1")).await.is(201).id();
    let content = [b"%PDF-1.7\n".as_slice(), b"Teneur-Sensible-77", &vec![7; 200_000]].concat();
    let document = admin.client.upload(press, DOCUMENT, content.clone()).await.is(201).id();
    assert_eq!(admin.client.content(document).await, content);
    admin.client.send(admin.client.request(Method::GET, &format!("/api/v1/documents/{document}"))).await.is(200);
    secrets.extend(["zx9qk".to_owned(), "Teneur-Sensible".to_owned()]);

    admin.client.change_password(PASSWORD, SECOND).await.is(200);
    let ask = anonymous.request(Method::POST, "/api/v1/auth/password-reset/request").json(&json!({"email": ADMIN}));
    anonymous.send(ask).await.is(202);
    let token = || {
        let letters = post_office.letters();
        let (_, rest) = letters.last()?.split_once("jeton=")?;
        Some(rest.chars().take(43).collect::<String>())
    };
    eventually("the letter", SOON, async || token().is_some()).await;
    let token = token().unwrap();
    let confirm = json!({"token": token, "new_password": THIRD});
    let confirm = anonymous.request(Method::POST, "/api/v1/auth/password-reset/confirm").json(&confirm);
    anonymous.send(confirm).await.is(200);
    secrets.push(token);
    let last = server.sign_in(ADMIN, THIRD).await;
    secrets.extend([last.client.token().to_owned(), last.refresh_token.clone()]);
    last.client.send(last.client.forgetting(document)).await.is(204);
    server.terminate();
    server.ended(Duration::from_secs(20)).await;

    for entry in std::fs::read_dir(site.folder("keys")).unwrap() {
        let text = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines = text.lines().filter(|line| !line.starts_with("-----"));
        // Identifiers of keys are no secrets; what is as long as a key is.
        let words = lines.flat_map(|line| line.split([':', '"', ' '])).filter(|word| word.len() >= 40);
        secrets.extend(words.map(str::to_owned));
    }
    let log = server.output().to_lowercase();
    assert!(log.lines().any(|line| line.contains("debug") && line.contains("mif_")), "nothing below `info`");
    assert!(log.lines().count() > 50, "the log is short: {} lines", log.lines().count());
    assert!(secrets.len() > 14, "no key was found");
    for secret in &secrets {
        // As it is, and as forms and addresses carry it.
        let encoded = secret.replace('!', "%21").replace('?', "%3f").replace('+', "%2b");
        for spelled in [secret.to_lowercase(), encoded.to_lowercase()] {
            let line = log.lines().find(|line| line.contains(&spelled));
            assert!(line.is_none(), "{secret} is in the log: {}", line.unwrap_or_default());
        }
    }
    if database == Database::Postgres {
        for line in log.lines().filter(|line| line.starts_with('{')) {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
        }
    }
}
