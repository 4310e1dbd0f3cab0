//! A second factor, from setting it up to losing the telephone.

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{
    ADMIN, Answer, Client, Database, PASSWORD, Session, Site, at_once, on_both_databases, unix_seconds,
};

on_both_databases!(
    a_code_opens_once_and_a_lost_telephone_locks_nobody_out,
    second_factors_survive_a_kill_and_a_new_key,
    a_role_that_needs_a_second_factor_sets_it_up_first,
);

/// What people have on their telephone.
struct App {
    secret: String,
    next: u64,
}

impl App {
    const STEP: u64 = 30;

    fn new(secret: String) -> Self {
        // A step that the server takes for some seconds more: it allows one of difference.
        Self { secret, next: (unix_seconds() - 25) / Self::STEP }
    }

    /// A code that was not used yet: each counts once. Waits for its time when so many were used already.
    async fn next_code(&mut self) -> String {
        while self.next > unix_seconds() / Self::STEP + 1 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.next += 1;
        self.code(self.next - 1)
    }

    /// RFC 6238 with its usual parameters, written once more, by another library than the server's.
    fn code(&self, step: u64) -> String {
        let secret = BASE32_NOPAD.decode(self.secret.as_bytes()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[19] & 0x0f);
        let word = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap());
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    client.send(posting(client, path, body)).await
}

fn posting(client: &Client, path: &str, body: &Value) -> RequestBuilder {
    client.request(Method::POST, &format!("/api/v1/auth/mfa/{path}")).json(body)
}

/// Sets a second factor up. Returns the recovery codes as well.
async fn set_up(client: &Client) -> (App, Vec<String>) {
    let enrolled = post(client, "enroler", &json!({"current_password": PASSWORD})).await.is(200);
    let mut app = App::new(enrolled.text("secret"));
    let confirmed = post(client, "confirmer", &json!({"code": app.next_code().await})).await.is(200);
    let codes: Vec<String> = serde_json::from_value(confirmed.body["codes_secours"].clone()).unwrap();
    assert_eq!(codes.len(), 10);
    (app, codes)
}

/// The first half of a sign-in: what the second one needs.
async fn challenge(client: &Client, name: &str) -> String {
    client.login(name, PASSWORD).await.problem(401, "mfa_requise").text("defi")
}

async fn sign_in(client: &Client, name: &str, code: &str) -> Answer {
    let challenge = challenge(client, name).await;
    post(client, "verifier", &json!({"defi": challenge, "code": code})).await
}

fn opened(client: &Client, answer: Answer) -> Session {
    client.session(&answer.is(200))
}

async fn a_code_opens_once_and_a_lost_telephone_locks_nobody_out(database: Database) {
    const TRIES: usize = 8;
    let site = Site::new(database).await;
    let server = site.start_with(&[("MIF_HTTP__TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let karim = admin.hire("karim", "technicien").await;
    let session = server.sign_in("karim", PASSWORD).await;
    let (mut app, recovery) = set_up(&session.client).await;
    assert_eq!(session.client.me().await.is(200).body["mfa_active"], true);

    let anonymous = server.client();
    let code = app.next_code().await;
    for code in [&code, &recovery[0]] {
        let mut questions = Vec::new();
        // Each from an address of its own, or the fifth would be refused for being the fifth.
        for n in 0..TRIES {
            let from = |request: RequestBuilder| request.header("x-forwarded-for", format!("198.51.100.{n}"));
            let login = anonymous.request(Method::POST, "/api/v1/auth/login");
            let login = login.json(&json!({"email": "karim", "password": PASSWORD}));
            let challenge = anonymous.send(from(login)).await.problem(401, "mfa_requise").text("defi");
            let body = json!({"defi": challenge, "code": code});
            questions.push((&anonymous, from(posting(&anonymous, "verifier", &body))));
        }
        let answers = at_once(questions).await;
        let opened = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(
            opened,
            1,
            "of {TRIES} sign-ins with one code: {:?}",
            answers.iter().map(|it| it.status).collect::<Vec<_>>()
        );
        for refused in answers.into_iter().filter(|answer| answer.status != 200) {
            refused.problem(401, "code_invalide");
        }
    }

    let session = opened(&anonymous, sign_in(&anonymous, "karim", &recovery[1]).await);
    let replaced = post(&session.client, "codes", &json!({"code": recovery[2]})).await.is(200);
    sign_in(&anonymous, "karim", &recovery[3]).await.problem(401, "code_invalide");
    let newest = replaced.body["codes_secours"][0].as_str().unwrap().to_owned();
    opened(&anonymous, sign_in(&anonymous, "karim", &newest).await);

    let reset = admin.request(Method::DELETE, &format!("/api/v1/users/{karim}/mfa"));
    admin.send(reset).await.is(204);
    session.client.me().await.problem(401, "session_terminee");
    server.sign_in("karim", PASSWORD).await;
}

async fn second_factors_survive_a_kill_and_a_new_key(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let (mut app, recovery) = set_up(&admin).await;
    let left_over = challenge(&server.client(), ADMIN).await;
    server.kill();

    let old: Vec<_> = key_files(&site);
    site.run(&["keys", "rotate", "files"]).ok();
    for file in old {
        std::fs::remove_file(file).unwrap();
    }
    let server = site.start().await;
    let anonymous = server.client();
    let answer = post(&anonymous, "verifier", &json!({"defi": left_over, "code": recovery[0]})).await;
    opened(&anonymous, answer);
    opened(&anonymous, sign_in(&anonymous, ADMIN, &app.next_code().await).await);
}

/// The keys that seal second factors, and documents.
fn key_files(site: &Site) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(site.folder("keys")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "key")).collect();
    assert!(!files.is_empty(), "no key file of documents");
    files
}

async fn a_role_that_needs_a_second_factor_sets_it_up_first(database: Database) {
    let site = Site::new(database).await;
    let server = site.start_with(&[("MIF_MFA__REQUIRED_ROLES", "admin")]).await;
    let session = server.sign_in(ADMIN, PASSWORD).await;
    session.client.users().await.problem(403, "mfa_a_activer");
    let (mut app, _) = set_up(&session.client).await;
    session.client.users().await.is(200);
    let anonymous = server.client();
    sign_in(&anonymous, ADMIN, "000000").await.problem(401, "code_invalide");
    let session = opened(&anonymous, sign_in(&anonymous, ADMIN, &app.next_code().await).await);
    let body = json!({"current_password": PASSWORD, "code": app.next_code().await});
    let off = session.client.request(Method::DELETE, "/api/v1/auth/mfa").json(&body);
    session.client.send(off).await.problem(409, "mfa_obligatoire");

    // Telephone and recovery codes are lost, and nobody else may reset them.
    site.run(&["admin", "reset-mfa", ADMIN]).ok();
    site.run(&["admin", "reset-mfa", ADMIN]).refused(&["no second factor"]);
    session.client.refresh(&session.refresh_token).await.problem(401, "jeton_rafraichissement_invalide");
    let session = server.sign_in(ADMIN, PASSWORD).await;
    session.client.users().await.problem(403, "mfa_a_activer");
}
