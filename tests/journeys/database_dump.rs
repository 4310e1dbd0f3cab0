//! Somebody took the whole database and all keys of the server away: nothing in it opens a session or sets a password.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use data_encoding::HEXLOWER;
use reqwest::Method;
use serde_json::json;

use crate::harness::{ADMIN, Client, Database, PASSWORD, PostOffice, Session, Site, eventually, on_both_databases};
use crate::token_reuse::rotate;

on_both_databases!(database_and_keys_hold_no_token_that_opens_anything);

/// Characters of a refresh token, and of the token in a letter: 32 bytes in base64url.
const TOKEN: usize = 43;

async fn database_and_keys_hold_no_token_that_opens_anything(database: Database) {
    let site = Site::new(database).await;
    let post_office = PostOffice::closed();
    post_office.open().await;
    let url = post_office.url();
    let mail = [("MIF_MAIL__SMTP_URL", url.as_str()), ("MIF_MAIL__FROM", "mif@usine.test")];
    let server = site.start_with(&mail).await;
    let anonymous = server.client();

    // A session whose successor is still sealed in its row, one that rotated often, one fresh from its sign-in.
    let admin = server.sign_in(ADMIN, PASSWORD).await;
    let (mut tokens, rotated) = rotate(&server.sign_in(ADMIN, PASSWORD).await, 5).await;
    let (sealed, _) = rotate(&server.sign_in(ADMIN, PASSWORD).await, 1).await;
    tokens.extend(sealed);
    tokens.push(admin.refresh_token.clone());
    let forgotten = json!({"email": ADMIN});
    let asked = anonymous.request(Method::POST, "/api/v1/auth/password-reset/request").json(&forgotten);
    anonymous.send(asked).await.is(202);
    eventually("a letter", Duration::from_secs(30), async || !post_office.letters().is_empty()).await;
    let letter = post_office.letters().remove(0);
    let reset = letter.split_whitespace().find(|word| word.len() == TOKEN).expect("the token in the letter").to_owned();

    let dump = [site.store().await.dump().await, keys(&site)].concat();
    assert!(dump.contains("refresh_tokens_spent") && dump.contains("password_resets"), "the dump is not whole");
    for secret in tokens.iter().chain([&reset]) {
        let bytes = URL_SAFE_NO_PAD.decode(secret).unwrap();
        for spelled in [secret.clone(), STANDARD.encode(&bytes), HEXLOWER.encode(&bytes)] {
            assert!(!dump.to_lowercase().contains(&spelled.to_lowercase()), "{spelled} stands in the dump");
        }
    }

    let candidates = candidates(&dump);
    for token in [&rotated.refresh_token, &tokens[0]] {
        let stored = digest(&SHA256, token.as_bytes());
        let stored = URL_SAFE_NO_PAD.encode(stored);
        assert!(candidates.contains(&stored), "what is stored of a token was not found in the dump");
    }
    for candidate in &candidates {
        open_nothing(&anonymous, candidate).await;
    }
    println!("{database:?}: {} values of database and keys opened nothing", candidates.len());
    goes_on(&rotated).await;
    confirm(&anonymous, &reset).await.is(200);
}

/// Every file of the folder of keys, as text and as hexadecimal.
fn keys(site: &Site) -> String {
    let entries = std::fs::read_dir(site.folder("keys")).unwrap();
    let files = entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let texts: Vec<_> =
        files.map(|file| [String::from_utf8_lossy(&file).into(), HEXLOWER.encode(&file)].join("\n")).collect();
    format!("\n{}", texts.join("\n"))
}

/// Whatever could be presented as a token: 32 bytes in hexadecimal or base64, and what has the shape of one.
fn candidates(dump: &str) -> BTreeSet<String> {
    let words =
        dump.split(|c: char| !c.is_ascii_alphanumeric() && !"+/-_".contains(c)).filter(|word| word.len() >= TOKEN);
    let mut found = BTreeSet::new();
    for word in words {
        let word = word.strip_prefix('x').unwrap_or(word);
        let bytes = HEXLOWER
            .decode(word.to_lowercase().as_bytes())
            .or_else(|_| STANDARD.decode(format!("{word}=")).map_err(|_| ()));
        let bytes = bytes.unwrap_or_else(|()| word.as_bytes().to_vec());
        found.extend(bytes.windows(32).step_by(4).take(8).map(|window| URL_SAFE_NO_PAD.encode(window)));
        found.insert(word.chars().take(TOKEN).collect());
    }
    found
}

async fn confirm(client: &Client, token: &str) -> crate::harness::Answer {
    let body = json!({"token": token, "new_password": "Courroie-Verte-42?"});
    client.send(client.request(Method::POST, "/api/v1/auth/password-reset/confirm").json(&body)).await
}

async fn open_nothing(client: &Client, candidate: &str) {
    client.refresh(candidate).await.problem(401, "jeton_rafraichissement_invalide");
    confirm(client, candidate).await.problem(422, "jeton_reinitialisation_invalide");
    client.with_token(candidate).me().await.is(401);
}

/// What was tried did no harm either.
async fn goes_on(session: &Session) {
    session.client.me().await.is(200);
    session.client.refresh(&session.refresh_token).await.is(200);
}
