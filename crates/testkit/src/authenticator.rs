//! An authenticator app.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mif_domain::Instant;
use sha1::Sha1;

/// What an app shows at a time for a secret in base32 (RFC 6238).
pub fn authenticator_code(secret: &str, at: Instant) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(at.timestamp() / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] % 16);
    let word = hash[offset..offset + 4].iter().fold(0, |word, byte| word * 256 + u64::from(*byte));
    format!("{:06}", word % (1 << 31) % 1_000_000)
}
