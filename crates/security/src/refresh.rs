//! Refresh tokens: made, hashed, and sealed for whoever holds their predecessor.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use mif_domain::Entropy;
use mif_domain::sessions::{RefreshToken, RefreshTokens, TokenHash};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const TOKEN_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// Keeps this key apart from any other that might be derived from a token one day.
const PURPOSE: &[u8] = b"mif refresh successor v1";

/// Makes refresh tokens of 256 random bits. A sealed successor is a nonce followed by ChaCha20-Poly1305 under a key
/// that HKDF-SHA256 derives from the presented token, bound to that token's hash.
#[derive(Debug, Clone)]
pub struct RefreshTokenCodec {
    entropy: Arc<dyn Entropy>,
}

impl RefreshTokenCodec {
    /// A codec that takes its randomness from `entropy`.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy }
    }
}

impl RefreshTokens for RefreshTokenCodec {
    fn generate(&self) -> RefreshToken {
        // The first turn always succeeds: 32 bytes are 43 characters. The loop only spares a panic that cannot happen.
        loop {
            let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
            self.entropy.fill(bytes.as_mut_slice());
            let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
            if let Some(token) = RefreshToken::parse(&text) {
                return token;
            }
        }
    }

    fn hash(&self, token: &RefreshToken) -> TokenHash {
        TokenHash(Sha256::digest(token.expose()).into())
    }

    fn seal(&self, presented: &RefreshToken, successor: &RefreshToken) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce);
        let bound_to = self.hash(presented).0;
        let message = Payload { msg: successor.expose().as_bytes(), aad: &bound_to };
        // Neither step can fail at these lengths. Were it to, nothing would be sealed, and nobody could open it.
        cipher(presented)
            .and_then(|cipher| cipher.encrypt(&Nonce::from(nonce), message).ok())
            .map(|sealed| [nonce.as_slice(), &sealed].concat())
            .unwrap_or_default()
    }

    fn open(&self, presented: &RefreshToken, sealed: &[u8]) -> Option<RefreshToken> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let bound_to = self.hash(presented).0;
        let message = Payload { msg: sealed, aad: &bound_to };
        let opened = Zeroizing::new(cipher(presented)?.decrypt(&Nonce::from(*nonce), message).ok()?);
        RefreshToken::parse(std::str::from_utf8(&opened).ok()?)
    }
}

fn cipher(presented: &RefreshToken) -> Option<ChaCha20Poly1305> {
    // No salt: the token is 256 uniformly random bits already, and is used for one successor only.
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, presented.expose().as_bytes()).expand(PURPOSE, key.as_mut_slice()).ok()?;
    ChaCha20Poly1305::new_from_slice(key.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::OsEntropy;

    fn codec() -> RefreshTokenCodec {
        RefreshTokenCodec::new(Arc::new(OsEntropy))
    }

    #[test]
    fn tokens_are_43_characters_and_all_different() {
        let codec = codec();
        let (one, other) = (codec.generate(), codec.generate());
        assert_eq!(one.expose().len(), RefreshToken::LENGTH);
        assert!(one != other);
        assert!(codec.hash(&one) != codec.hash(&other));
    }

    #[test]
    fn the_hash_is_the_sha_256_of_the_text() {
        let token = RefreshToken::parse(&"A".repeat(43)).unwrap();
        let hash = codec().hash(&token).0;
        assert_eq!(hash[..4], [0x0f, 0x00, 0x73, 0x85]);
    }

    #[test]
    fn a_successor_opens_with_the_token_that_sealed_it_and_no_other() {
        let codec = codec();
        let (old, new) = (codec.generate(), codec.generate());
        let sealed = codec.seal(&old, &new);
        assert_eq!(codec.open(&old, &sealed), Some(new.clone()));
        assert_eq!(codec.open(&new, &sealed), None);
        assert_eq!(codec.open(&codec.generate(), &sealed), None);
        assert!(sealed != codec.seal(&old, &new), "a nonce was used twice");
    }

    #[test]
    fn nothing_readable_is_sealed() {
        let codec = codec();
        let (old, new) = (codec.generate(), codec.generate());
        let sealed = codec.seal(&old, &new);
        assert!(!sealed.windows(8).any(|bytes| new.expose().as_bytes().windows(8).any(|text| text == bytes)));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_refused(byte in 0usize..12 + 43 + 16, bit in 0u8..8) {
            let codec = codec();
            let (old, new) = (codec.generate(), codec.generate());
            let mut sealed = codec.seal(&old, &new);
            prop_assert_eq!(sealed.len(), 12 + 43 + 16);
            sealed[byte] ^= 1 << bit;
            prop_assert_eq!(codec.open(&old, &sealed), None);
        }

        #[test]
        fn rubbish_never_opens(sealed in proptest::collection::vec(any::<u8>(), 0..200)) {
            let codec = codec();
            prop_assert_eq!(codec.open(&codec.generate(), &sealed), None);
        }

        #[test]
        fn a_cut_seal_is_refused(length in 0usize..12 + 43 + 16) {
            let codec = codec();
            let (old, new) = (codec.generate(), codec.generate());
            let sealed = codec.seal(&old, &new);
            prop_assert_eq!(codec.open(&old, &sealed[..length]), None);
        }
    }
}
