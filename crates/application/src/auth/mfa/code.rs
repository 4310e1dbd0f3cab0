//! What people type, and the token that says which sign-in it is for.

use data_encoding::BASE32_NOPAD;
use mif_domain::mfa::{ChallengeHash, RecoveryCodeHash};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::totp;
use crate::Core;
use crate::letter_token::LetterToken;

/// Names a sign-in that waits for a code: 256 random bits in base64url. Never printed, stored only as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeToken(LetterToken);

impl ChallengeToken {
    pub(in crate::auth) fn generate(core: &Core) -> Self {
        Self(LetterToken::generate(core.entropy.as_ref()))
    }

    pub(super) fn parse(raw: &str) -> Option<Self> {
        LetterToken::parse(raw).map(Self)
    }

    pub(in crate::auth) fn hash(&self) -> ChallengeHash {
        ChallengeHash(self.0.hash().0)
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// What may be a code, as it was typed.
pub(super) enum PresentedCode {
    Totp(Zeroizing<String>),
    Recovery(RecoveryCodeHash),
}

impl PresentedCode {
    /// Takes spaces and dashes for what people put there to read it. `None` when it cannot be a code.
    pub(super) fn parse(raw: &str) -> Option<Self> {
        let typed = raw.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase());
        let typed = Zeroizing::new(typed.collect::<String>());
        if typed.len() == totp::DIGITS && typed.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Self::Totp(typed));
        }
        let is_base32 = typed.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
        (typed.len() == RecoveryCode::LENGTH && is_base32).then(|| Self::Recovery(hash(&typed)))
    }
}

/// A code for the day when the telephone is lost: 80 random bits, in four groups of four characters.
pub(super) struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    const BYTES: usize = 10;
    const LENGTH: usize = 16;
    const GROUP: usize = 4;

    pub(super) fn generate(core: &Core) -> Self {
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        core.entropy.fill(bytes.as_mut_slice());
        Self(Zeroizing::new(BASE32_NOPAD.encode(bytes.as_slice())))
    }

    pub(super) fn hash(&self) -> RecoveryCodeHash {
        hash(&self.0)
    }

    /// As people read it.
    pub(super) fn shown(&self) -> String {
        let mut shown = String::with_capacity(Self::LENGTH + Self::LENGTH / Self::GROUP);
        for (n, c) in self.0.chars().enumerate() {
            if n > 0 && n % Self::GROUP == 0 {
                shown.push('-');
            }
            shown.push(c);
        }
        shown
    }
}

fn hash(code: &str) -> RecoveryCodeHash {
    RecoveryCodeHash(Sha256::digest(code.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_taken_as_people_type_them() {
        for typed in ["287082", " 287 082 ", "287-082"] {
            assert!(
                matches!(PresentedCode::parse(typed), Some(PresentedCode::Totp(code)) if *code == "287082"),
                "{typed}"
            );
        }
        let whole = hash("ABCDEFGH234567AB");
        for typed in ["ABCD-EFGH-2345-67AB", "abcdefgh234567ab", "abcd efgh 2345 67ab"] {
            assert!(
                matches!(PresentedCode::parse(typed), Some(PresentedCode::Recovery(code)) if code == whole),
                "{typed}"
            );
        }
        for bad in ["", "28708", "2870822", "٢٨٧٠٨٢", "ABCD-EFGH-2345-67A1", "ABCD-EFGH-2345-67A"] {
            assert!(PresentedCode::parse(bad).is_none(), "{bad}");
        }
    }
}
