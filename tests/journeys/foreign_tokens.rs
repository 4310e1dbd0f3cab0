//! Access tokens that this server did not issue as they are.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::harness::{ADMIN, Database, PASSWORD, Session, Site, machine, on_both_databases};

on_both_databases!(a_token_that_we_did_not_issue_is_refused, a_token_of_ours_counts_only_as_it_was_meant);

/// The parts of a token that was really issued.
struct Parts {
    header: Value,
    claims: Value,
    signature: String,
}

impl Parts {
    fn of(session: &Session) -> Self {
        let parts: Vec<_> = session.client.token().split('.').collect();
        let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        Self { header: read(parts[0]), claims: read(parts[1]), signature: parts[2].to_owned() }
    }

    /// The header with one member changed.
    fn header(&self, name: &str, value: &Value) -> Value {
        changed(&self.header, name, value)
    }

    /// The claims with one changed.
    fn claims(&self, name: &str, value: &Value) -> Value {
        changed(&self.claims, name, value)
    }

    /// A claim that is a number, moved.
    fn moved(&self, name: &str, by: i64) -> Value {
        self.claims(name, &json!(self.claims[name].as_i64().unwrap() + by))
    }
}

fn changed(object: &Value, name: &str, value: &Value) -> Value {
    let mut object = object.clone();
    object[name] = value.clone();
    object
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encoded(header), encoded(claims))
}

fn by_hmac(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let text = unsigned(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// The site's own signing key, which only its administrators can read.
struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    fn of(site: &Site) -> Self {
        let pem = std::fs::read_to_string(site.folder("keys").join("jwt-0-first-eddsa.pem")).unwrap();
        let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Self(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&STANDARD.decode(text).unwrap()).unwrap())
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = self.0.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn a_token_that_we_did_not_issue_is_refused(database: Database) {
    let (site, elsewhere) = (Site::new(database).await, Site::new(database).await);
    let (server, other) = (site.start().await, elsewhere.start().await);
    let session = server.sign_in(ADMIN, PASSWORD).await;
    let foreign = other.sign_in(ADMIN, PASSWORD).await;
    let (real, abroad) = (Parts::of(&session), SigningKey::of(&elsewhere));
    let public = server.client().jwks().await.body["keys"][0]["x"].as_str().unwrap().to_owned();
    let public_bytes = URL_SAFE_NO_PAD.decode(&public).unwrap();
    let admin_for_ever = real.moved("exp", 1_000_000);
    let (none, hs256) = (real.header("alg", &json!("none")), real.header("alg", &json!("HS256")));
    let with_key = changed(&abroad_header(&real), "jwk", &json!({"kty": "OKP", "crv": "Ed25519", "x": public}));

    for (what, token) in [
        ("the claims were changed", format!("{}.{}", unsigned(&real.header, &admin_for_ever), real.signature)),
        ("the signature was cut", format!("{}.{}", unsigned(&real.header, &real.claims), &real.signature[..40])),
        ("there is no signature", format!("{}.", unsigned(&real.header, &real.claims))),
        ("there is no algorithm", format!("{}.", unsigned(&none, &real.claims))),
        ("there is no algorithm but a signature", format!("{}.{}", unsigned(&none, &real.claims), real.signature)),
        ("HS256 with rubbish", by_hmac(&hs256, &real.claims, b"rubbish")),
        ("HS256 with our public key", by_hmac(&hs256, &real.claims, &public_bytes)),
        ("HS256 with our public key as text", by_hmac(&hs256, &real.claims, public.as_bytes())),
        ("a server with another key issued it", foreign.client.token().to_owned()),
        ("another key signed it under the name of ours", abroad.sign(&real.header, &real.claims)),
        ("it brings its own key", abroad.sign(&with_key, &real.claims)),
        ("it is a refresh token", session.refresh_token.clone()),
        ("it is no token", "a.b.c".to_owned()),
        ("it is long", "x".repeat(4000)),
    ] {
        println!("{what}");
        let thief = server.client().with_token(&token);
        thief.me().await.problem(401, "jeton_invalide");
        thief.create_equipment(&machine("STOLEN")).await.problem(401, "jeton_invalide");
    }
    session.client.me().await.is(200);
    assert!(session.client.all_equipment().await.is_empty());
}

/// A header that names a key which nobody here knows.
fn abroad_header(real: &Parts) -> Value {
    real.header("kid", &json!("0000000000000000"))
}

async fn a_token_of_ours_counts_only_as_it_was_meant(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let session = server.sign_in(ADMIN, PASSWORD).await;
    let (real, key) = (Parts::of(&session), SigningKey::of(&site));
    let issued = |claims: &Value| key.sign(&real.header, claims);
    let bearer = |token: &str| server.client().with_token(token);

    // The forger is good: what is refused below is refused for what was changed.
    bearer(&issued(&real.moved("iat", -1))).me().await.is(200);

    for (token, code) in [
        (issued(&real.moved("exp", -1000)), "jeton_expire"),
        (issued(&real.moved("nbf", 1000)), "jeton_invalide"),
        (issued(&real.claims("iss", &json!("elsewhere"))), "jeton_invalide"),
        (issued(&real.claims("aud", &json!("elsewhere"))), "jeton_invalide"),
        (issued(&real.claims("sub", &json!("42"))), "jeton_invalide"),
        (issued(&real.claims("exp", &json!("never"))), "jeton_invalide"),
        (issued(&real.claims("sid", &json!("rubbish"))), "jeton_invalide"),
        (issued(&real.moved("gen", 7)), "jeton_invalide"),
        (key.sign(&real.header("typ", &json!("JWT")), &real.claims), "jeton_invalide"),
        (key.sign(&real.header("crit", &json!(["b64"])), &real.claims), "jeton_invalide"),
    ] {
        bearer(&token).me().await.problem(401, code);
    }
    let promoted = issued(&real.claims("role", &json!("client")));
    assert_eq!(bearer(&promoted).me().await.is(200).text("role"), "admin", "the database's role decides");
    server.client().me().await.problem(401, "authentification_requise");
    session.client.me().await.is(200);
}
