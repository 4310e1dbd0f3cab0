//! Access tokens: what is issued, and everything that is refused.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use mif_domain::sessions::{AccessTokens as _, TokenError};
use mif_domain::users::Role;
use mif_security::SigningAlgorithm;
use serde_json::{Value, json};

use crate::support::{Folder, NOW, at, claims, forge, good_parts, part};

#[test]
fn a_token_reads_back_with_either_algorithm() {
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256] {
        let tokens = Folder::new().tokens_with(algorithm);
        for role in Role::ALL {
            let mut claims = claims();
            claims.role = *role;
            let token = tokens.issue(&claims, at(NOW)).unwrap();
            assert_eq!(part(&token, 0)["alg"], algorithm.name());
            assert_eq!(tokens.verify(&token, at(NOW)), Ok(claims));
        }
    }
}

#[test]
fn a_token_says_what_it_should_and_nothing_else() {
    let tokens = Folder::new().tokens();
    let token = tokens.issue(&claims(), at(NOW)).unwrap();
    let kid = tokens.public_keys()[0].key_id.clone();
    assert_eq!(part(&token, 0), json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid}));
    let mut body = part(&token, 1);
    let jti = body.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(jti.as_str().unwrap().len(), 32);
    assert_eq!(
        body,
        json!({
            "iss": "mif", "aud": "mif-api", "sub": "7", "sid": 41, "gen": 3,
            "iat": NOW, "nbf": NOW, "exp": NOW + 900, "role": "technicien",
        })
    );
    let other = tokens.issue(&claims(), at(NOW)).unwrap();
    assert_ne!(part(&other, 1)["jti"], jti);
}

#[test]
fn time_is_the_time_that_is_given_with_five_seconds_of_leeway() {
    let tokens = Folder::new().tokens();
    let token = tokens.issue(&claims(), at(NOW)).unwrap();
    assert_eq!(tokens.verify(&token, at(NOW + 904)), Ok(claims()));
    assert_eq!(tokens.verify(&token, at(NOW + 905)), Err(TokenError::Expired));
    assert_eq!(tokens.verify(&token, at(NOW - 5)), Ok(claims()));
    assert_eq!(tokens.verify(&token, at(NOW - 6)), Err(TokenError::Invalid));
}

/// Tries a token whose header or claims were changed before it was signed with our own key.
fn signed_after(change: impl FnOnce(&mut Value, &mut Value)) -> Result<(), TokenError> {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let (mut header, mut body) = good_parts(&tokens.public_keys()[0].key_id);
    change(&mut header, &mut body);
    tokens.verify(&forge(&header, &body, &folder.secret(), Algorithm::EdDSA), at(NOW)).map(drop)
}

#[test]
fn the_forger_can_make_a_good_token() {
    assert_eq!(signed_after(|_, _| {}), Ok(()));
}

#[test]
fn headers_that_are_not_ours_are_refused() {
    let changes: [(&str, Value); 7] = [
        ("typ", json!("JWT")),
        ("typ", json!("application/at+jwt")),
        ("typ", json!("AT+JWT")),
        ("typ", Value::Null),
        ("alg", json!("RS256")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ];
    for (name, value) in changes {
        let outcome = signed_after(|header, _| header[name] = value.clone());
        assert_eq!(outcome, Err(TokenError::Invalid), "{name} = {value}");
    }
    assert_eq!(signed_after(|header, _| drop(header.as_object_mut().unwrap().remove("kid"))), Err(TokenError::Invalid));
}

#[test]
fn keys_named_in_the_header_are_not_looked_at() {
    let outcome = signed_after(|header, _| {
        header["jku"] = json!("https://exemple.ma/jwks.json");
        header["x5u"] = json!("https://exemple.ma/cert.pem");
        header["jwk"] = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([1; 32])});
    });
    assert_eq!(outcome, Ok(()));
}

#[test]
fn claims_that_are_not_ours_are_refused() {
    let changes: [(&str, Value); 18] = [
        ("iss", json!("mif2")),
        ("iss", json!(["mif"])),
        ("aud", json!("other")),
        ("aud", json!(["mif-api"])),
        ("sub", json!(7)),
        ("sub", json!("+7")),
        ("sub", json!("seven")),
        ("sid", json!("41")),
        ("gen", json!(3.5)),
        ("jti", Value::Null),
        ("iat", json!(NOW + 6)),
        ("nbf", json!(NOW + 6)),
        ("nbf", json!("0")),
        ("exp", json!((NOW + 900).to_string())),
        ("exp", json!(1e300)),
        ("exp", json!(i64::MAX)),
        ("role", json!("root")),
        ("role", json!("technician")),
    ];
    for (name, value) in changes {
        let outcome = signed_after(|_, body| body[name] = value.clone());
        assert_eq!(outcome, Err(TokenError::Invalid), "{name} = {value}");
    }
}

#[test]
fn every_claim_is_required() {
    for name in ["iss", "aud", "sub", "sid", "gen", "jti", "iat", "nbf", "exp", "role"] {
        let outcome = signed_after(|_, body| drop(body.as_object_mut().unwrap().remove(name)));
        assert_eq!(outcome, Err(TokenError::Invalid), "without {name}");
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let tokens = Folder::new().tokens();
    let (mut header, body) = good_parts(&tokens.public_keys()[0].key_id);
    for algorithm in ["none", "None", "EdDSA"] {
        header["alg"] = json!(algorithm);
        let message = [&header, &body].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        assert_eq!(tokens.verify(&format!("{message}."), at(NOW)), Err(TokenError::Invalid), "{algorithm}");
    }
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    let tokens = Folder::new().tokens();
    let public = &tokens.public_keys()[0];
    let x = &public.parameters.iter().find(|(name, _)| *name == "x").unwrap().1;
    let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
    let (mut header, body) = good_parts(&public.key_id);
    header["alg"] = json!("HS256");
    for secret in [raw.as_slice(), x.as_bytes()] {
        let token = forge(&header, &body, &EncodingKey::from_secret(secret), Algorithm::HS256);
        assert_eq!(tokens.verify(&token, at(NOW)), Err(TokenError::Invalid));
    }
}

#[test]
fn a_foreign_key_under_our_identifier_is_refused() {
    let stranger = Folder::new();
    drop(stranger.tokens());
    let tokens = Folder::new().tokens();
    let (header, body) = good_parts(&tokens.public_keys()[0].key_id);
    let token = forge(&header, &body, &stranger.secret(), Algorithm::EdDSA);
    assert_eq!(tokens.verify(&token, at(NOW)), Err(TokenError::Invalid));
}

#[test]
fn an_unknown_key_is_refused() {
    assert_eq!(signed_after(|header, _| header["kid"] = json!("0000000000000000")), Err(TokenError::Invalid));
    assert_eq!(signed_after(|header, _| header["kid"] = json!("../jwt-0-first-eddsa")), Err(TokenError::Invalid));
}

#[test]
fn a_changed_token_is_refused() {
    let tokens = Folder::new().tokens();
    let token = tokens.issue(&claims(), at(NOW)).unwrap();
    let mut body = part(&token, 1);
    body["role"] = json!("admin");
    let mut parts: Vec<&str> = token.split('.').collect();
    let changed = URL_SAFE_NO_PAD.encode(body.to_string());
    parts[1] = &changed;
    assert_eq!(tokens.verify(&parts.join("."), at(NOW)), Err(TokenError::Invalid));
    for at_byte in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at_byte] = if bytes[at_byte] == b'A' { b'B' } else { b'A' };
        let outcome = tokens.verify(std::str::from_utf8(&bytes).unwrap(), at(NOW));
        assert_eq!(outcome, Err(TokenError::Invalid), "byte {at_byte} of {token}");
    }
}

#[test]
fn rubbish_and_overlong_tokens_are_refused() {
    let tokens = Folder::new().tokens();
    for rubbish in ["", ".", "..", "...", "a.b.c", "é.é.é", &"a".repeat(5000)] {
        assert_eq!(tokens.verify(rubbish, at(NOW)), Err(TokenError::Invalid), "{rubbish}");
    }
    assert_eq!(signed_after(|_, body| body["padding"] = json!("x".repeat(4000))), Err(TokenError::Invalid));
    assert_eq!(signed_after(|_, body| body["padding"] = json!("x".repeat(400))), Ok(()));
}

#[test]
fn an_expired_token_with_a_bad_signature_is_not_called_expired() {
    let tokens = Folder::new().tokens();
    let token = tokens.issue(&claims(), at(NOW)).unwrap();
    let (message, _) = token.rsplit_once('.').unwrap();
    let unsigned = format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 64]));
    assert_eq!(tokens.verify(&unsigned, at(NOW + 10_000)), Err(TokenError::Invalid));
}

/// The same key under the other algorithm's name, and a key of the other algorithm under ours.
#[test]
fn a_key_verifies_its_own_algorithm_only() {
    let folder = Folder::new();
    let eddsa = folder.tokens();
    let rs256 = folder.tokens_with(SigningAlgorithm::Rs256);
    let kid_of = |token: &str| part(token, 0)["kid"].as_str().unwrap().to_owned();
    let (ed_token, rsa_token) = (eddsa.issue(&claims(), at(NOW)).unwrap(), rs256.issue(&claims(), at(NOW)).unwrap());
    let (ed, rsa) = (kid_of(&ed_token), kid_of(&rsa_token));
    for (kid, named) in [(&ed, "RS256"), (&rsa, "EdDSA"), (&rsa, "RS256")] {
        let (mut header, body) = good_parts(kid);
        header["alg"] = json!(named);
        let token = forge(&header, &body, &folder.secret(), Algorithm::EdDSA);
        assert_eq!(rs256.verify(&token, at(NOW)), Err(TokenError::Invalid), "an Ed25519 signature as {named}");
    }
    for (token, kid, named) in [(&ed_token, &rsa, "EdDSA"), (&rsa_token, &ed, "RS256"), (&rsa_token, &rsa, "EdDSA")] {
        let mut header = part(token, 0);
        (header["kid"], header["alg"]) = (json!(kid), json!(named));
        let (_, rest) = token.split_once('.').unwrap();
        let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()));
        assert_eq!(rs256.verify(&token, at(NOW)), Err(TokenError::Invalid), "kid {kid} as {named}");
    }
}

#[test]
fn the_public_rsa_key_is_no_hmac_secret() {
    let tokens = Folder::new().tokens_with(SigningAlgorithm::Rs256);
    let public = &tokens.public_keys()[0];
    let n = &public.parameters.iter().find(|(name, _)| *name == "n").unwrap().1;
    let (modulus, jwk) = (URL_SAFE_NO_PAD.decode(n).unwrap(), json!({"kty": "RSA", "n": n, "e": "AQAB"}).to_string());
    let (mut header, body) = good_parts(&public.key_id);
    for (name, algorithm) in [("HS256", Algorithm::HS256), ("HS512", Algorithm::HS512), ("RS256", Algorithm::HS256)] {
        header["alg"] = json!(name);
        for secret in [modulus.as_slice(), n.as_bytes(), jwk.as_bytes(), b""] {
            let token = forge(&header, &body, &EncodingKey::from_secret(secret), algorithm);
            assert_eq!(tokens.verify(&token, at(NOW)), Err(TokenError::Invalid), "{name}");
        }
    }
}

#[test]
fn a_key_that_the_header_brings_along_does_not_verify() {
    let stranger = Folder::new();
    let theirs = stranger.tokens().public_keys()[0].clone();
    let x = &theirs.parameters.iter().find(|(name, _)| *name == "x").unwrap().1;
    let tokens = Folder::new().tokens();
    for kid in [&tokens.public_keys()[0].key_id, &theirs.key_id] {
        let (mut header, body) = good_parts(kid);
        header["jwk"] = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid});
        header["jku"] = json!("https://exemple.ma/jwks.json");
        header["x5u"] = json!("https://exemple.ma/cert.pem");
        let token = forge(&header, &body, &stranger.secret(), Algorithm::EdDSA);
        assert_eq!(tokens.verify(&token, at(NOW)), Err(TokenError::Invalid));
    }
}

#[test]
fn only_the_one_spelling_of_a_token_is_read() {
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256] {
        let tokens = Folder::new().tokens_with(algorithm);
        let token = tokens.issue(&claims(), at(NOW)).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let mut spellings = vec![
            token[..token.len() - 1].to_owned(),
            token[..token.len() - 8].to_owned(),
            format!("{token}A"),
            format!("{token}."),
            format!("{token}.{}", parts[2]),
            format!(".{token}"),
            format!("{}..{}", parts[0], parts[2]),
            format!("{token}\n"),
            format!(" {token}"),
            format!("{}.{}.{}", parts[0], parts[1], STANDARD.encode(URL_SAFE_NO_PAD.decode(parts[2]).unwrap())),
        ];
        for index in 0..3 {
            for padding in ["=", "=="] {
                let padded = parts.iter().enumerate().map(|(at, part)| match at {
                    at if at == index => format!("{part}{padding}"),
                    _ => (*part).to_owned(),
                });
                spellings.push(padded.collect::<Vec<_>>().join("."));
            }
        }
        for spelling in spellings {
            assert_eq!(tokens.verify(&spelling, at(NOW)), Err(TokenError::Invalid), "{spelling}");
        }
    }
}

#[test]
fn unknown_critical_headers_are_refused_and_other_unknown_ones_ignored() {
    for critical in [json!(["b64"]), json!(["http://exemple.ma/x"]), json!("b64"), json!({"b64": false})] {
        let outcome = signed_after(|header, _| {
            (header["crit"], header["b64"]) = (critical.clone(), json!(false));
        });
        assert_eq!(outcome, Err(TokenError::Invalid), "crit {critical}");
    }
    assert_eq!(signed_after(|header, _| header["x"] = json!("y")), Ok(()));
}

#[test]
fn a_claim_that_is_there_twice_is_refused() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let (header, body) = good_parts(&tokens.public_keys()[0].key_id);
    let twice = body.to_string().replacen('{', "{\"role\":\"admin\",", 1);
    let message = [header.to_string(), twice].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &folder.secret(), Algorithm::EdDSA).unwrap();
    assert_eq!(tokens.verify(&format!("{message}.{signature}"), at(NOW)), Err(TokenError::Invalid));
}
