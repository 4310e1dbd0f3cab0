//! Tokens that reach people by letter: made, read and hashed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mif_domain::Entropy;
use mif_domain::letter_tokens::LetterTokenHash;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// 256 random bits in base64url. Whoever has it may do what it was sent for. Never printed, never stored.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LetterToken(Zeroizing<String>);

impl LetterToken {
    const BYTES: usize = 32;
    /// Characters of a token.
    const LENGTH: usize = 43;

    pub(crate) fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        entropy.fill(bytes.as_mut_slice());
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Reads a presented token. `None` when it cannot be one, in which case nobody ever got it.
    pub(crate) fn parse(raw: &str) -> Option<Self> {
        let raw = raw.trim();
        let shaped =
            raw.len() == Self::LENGTH && raw.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        shaped.then(|| Self(Zeroizing::new(raw.to_owned())))
    }

    pub(crate) fn hash(&self) -> LetterTokenHash {
        LetterTokenHash(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The secret itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LetterToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LetterToken(***)")
    }
}
