//! Access tokens: JWTs as RFC 9068 profiles them, read as RFC 8725 advises.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use jsonwebtoken::{Validation, decode, decode_header};
use mif_domain::sessions::{AccessClaims, AccessTokens, PublicKey, SessionId, TokenError};
use mif_domain::users::{Role, UserId};
use mif_domain::{Entropy, Instant};
use mif_keyfiles::{RingKey as _, Watched};
use serde::{Deserialize, Serialize};

use crate::keys::{Key, KeyDirectory, KeyError, SigningKeys};

/// RFC 9068 section 2.1: what keeps any other JWT of ours from passing for an access token.
const TYPE: &str = "at+jwt";
/// Seconds by which the clocks of two replicas may differ.
const LEEWAY: i64 = 5;
/// Ours have some 500 bytes.
const MAX_BYTES: usize = 4096;

#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    kid: &'a str,
}

/// Every claim is required and has exactly this type: an `exp` in quotes or an `aud` in brackets is refused.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: i64,
    #[serde(rename = "gen")]
    generation: i64,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    role: String,
}

/// Issues and verifies access tokens with the keys of one folder.
#[derive(Debug)]
pub struct JwtTokens {
    keys: Watched<SigningKeys>,
    issuer: String,
    audience: String,
    entropy: Arc<dyn Entropy>,
}

impl JwtTokens {
    /// Reads the keys; `issuer` and `audience` go into every token and are demanded of every token.
    pub fn new(
        directory: KeyDirectory,
        issuer: String,
        audience: String,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, KeyError> {
        Ok(Self { keys: Watched::new(SigningKeys(directory))?, issuer, audience, entropy })
    }

    fn signing(&self, now: Instant) -> Option<Arc<Key>> {
        self.keys.folder().0.signing(&self.keys.current(), now).cloned()
    }

    fn token_id(&self) -> String {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        format!("{:032x}", u128::from_be_bytes(bytes))
    }

    fn read(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let header = decode_header(token).ok()?;
        // `crit` asks for something that we do not know, so RFC 7515 section 4.1.11 has us refuse. `jku`, `x5u` and
        // `jwk` are never looked at: keys come from our own folder only.
        if header.typ.as_deref() != Some(TYPE) || header.crit.is_some() {
            return None;
        }
        let key = self.keys.find(header.kid.as_deref()?)?;
        // The key decides the algorithm, not the token: else `none` or an HMAC keyed with our public key would pass.
        let mut validation = Validation::new(key.jose_algorithm());
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // These two would read the system's clock; `verify` compares with the time it is given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        decode::<Claims>(token, key.verifying(), &validation).ok().map(|read| read.claims)
    }
}

impl AccessTokens for JwtTokens {
    fn issue(&self, claims: &AccessClaims, issued_at: Instant) -> Result<String, TokenError> {
        let key = self.signing(issued_at).ok_or(TokenError::NoKey)?;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.user_id.0.to_string(),
            sid: claims.session_id.0,
            generation: claims.generation,
            jti: self.token_id(),
            iat: issued_at.timestamp(),
            nbf: issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            role: word(claims.role).to_owned(),
        };
        signed(&key, &claims).ok_or(TokenError::NoKey)
    }

    fn verify(&self, token: &str, now: Instant) -> Result<AccessClaims, TokenError> {
        let claims = self.read(token).ok_or(TokenError::Invalid)?;
        let parsed = parsed(&claims).ok_or(TokenError::Invalid)?;
        let now = now.timestamp();
        if claims.nbf.saturating_sub(LEEWAY) > now || claims.iat.saturating_sub(LEEWAY) > now {
            return Err(TokenError::Invalid);
        }
        if claims.exp.saturating_add(LEEWAY) <= now {
            return Err(TokenError::Expired);
        }
        Ok(parsed)
    }

    fn can_sign(&self, now: Instant) -> bool {
        self.signing(now).is_some()
    }

    fn public_keys(&self) -> Vec<PublicKey> {
        self.keys.current().newest_first().rev().map(|key| key.public().clone()).collect()
    }
}

/// The compact form (RFC 7515 section 3.1), put together here because the library would parse the key for each token.
fn signed(key: &Key, claims: &Claims) -> Option<String> {
    let header = Header { typ: TYPE, alg: key.public().algorithm, kid: key.id() };
    let mut token = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).ok()?);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).ok()?, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Some(token)
}

fn parsed(claims: &Claims) -> Option<AccessClaims> {
    let user_id: i64 = claims.sub.parse().ok()?;
    Some(AccessClaims {
        // One spelling an identifier: `+7` and `007` were not written by us.
        user_id: (user_id.to_string() == claims.sub).then_some(UserId(user_id))?,
        session_id: SessionId(claims.sid),
        generation: claims.generation,
        role: role(&claims.role)?,
        expires_at: DateTime::from_timestamp(claims.exp, 0)?,
    })
}

/// The word of the wire, which is French: clients read this claim.
const fn word(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Manager => "responsable",
        Role::Technician => "technicien",
        Role::Customer => "client",
    }
}

fn role(claimed: &str) -> Option<Role> {
    Role::ALL.iter().copied().find(|role| word(*role) == claimed)
}
