//! A clock that stands still, a folder of keys, and a forger.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::DateTime;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use mif_domain::sessions::{AccessClaims, SessionId};
use mif_domain::users::{Role, UserId};
use mif_domain::{Clock, Instant};
use mif_security::{JwtTokens, KeyDirectory, KeyError, OsEntropy, SigningAlgorithm};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const NOW: i64 = 1_795_168_800;

pub(crate) fn at(seconds: i64) -> Instant {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// Stands still until it is told to go on.
#[derive(Debug, Default)]
pub(crate) struct StillClock(Mutex<Duration>);

impl StillClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for StillClock {
    fn now(&self) -> Instant {
        at(NOW) + *self.0.lock().unwrap()
    }

    fn uptime(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// A folder of keys and the clock by which it is read.
pub(crate) struct Folder {
    root: TempDir,
    pub(crate) clock: Arc<StillClock>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), clock: Arc::default() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().join("keys")
    }

    pub(crate) fn open(&self, algorithm: SigningAlgorithm, create: bool) -> Result<KeyDirectory, KeyError> {
        KeyDirectory::open(self.path(), algorithm, create, Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    pub(crate) fn tokens_with(&self, algorithm: SigningAlgorithm) -> JwtTokens {
        let directory = self.open(algorithm, true).unwrap();
        JwtTokens::new(directory, "mif".to_owned(), "mif-api".to_owned(), Arc::new(OsEntropy)).unwrap()
    }

    pub(crate) fn tokens(&self) -> JwtTokens {
        self.tokens_with(SigningAlgorithm::EdDsa)
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Copies the first key of another folder to here, as a rotation would put it.
    pub(crate) fn adopt(&self, other: &Self, name: &str) {
        fs::copy(other.path().join("jwt-0-first-eddsa.pem"), self.path().join(name)).unwrap();
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The secret key itself, to sign what the server never would.
    pub(crate) fn secret(&self) -> EncodingKey {
        EncodingKey::from_ed_der(&secret_der(&self.path().join("jwt-0-first-eddsa.pem")))
    }
}

pub(crate) fn secret_der(file: &Path) -> Vec<u8> {
    let text = fs::read_to_string(file).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}

pub(crate) fn claims() -> AccessClaims {
    AccessClaims {
        user_id: UserId(7),
        session_id: SessionId(41),
        generation: 3,
        role: Role::Technician,
        expires_at: at(NOW + 900),
    }
}

/// The header and the claims of a token that the server would accept.
pub(crate) fn good_parts(key_id: &str) -> (Value, Value) {
    let header = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": key_id});
    let body = json!({
        "iss": "mif", "aud": "mif-api", "sub": "7", "sid": 41, "gen": 3, "jti": "0123456789abcdef0123456789abcdef",
        "iat": NOW, "nbf": NOW, "exp": NOW + 900, "role": "technicien",
    });
    (header, body)
}

pub(crate) fn forge(header: &Value, body: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = [header, body].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}
