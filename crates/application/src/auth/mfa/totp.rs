//! Time-based one-time codes (RFC 6238): HMAC-SHA-1, six digits, 30 seconds, one step of clock difference either way.

use hmac::{Hmac, KeyInit as _, Mac as _};
use mif_domain::Instant;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

/// Seconds of a step.
const STEP: i64 = 30;
/// How many digits a code has.
pub(super) const DIGITS: usize = 6;
/// How many bytes a secret has: as many as the hash (RFC 4226, 4).
pub(super) const SECRET_BYTES: usize = 20;

/// The time step whose code this is, if it is one of now or of a step before or after.
pub(super) fn matching_step(secret: &[u8], digits: &str, at: Instant) -> Option<i64> {
    let now = at.timestamp().div_euclid(STEP);
    let is_code =
        |step: &i64| code(secret, *step).is_some_and(|code| bool::from(code.as_bytes().ct_eq(digits.as_bytes())));
    (now - 1..=now + 1).find(is_code)
}

/// The code of a time step. `None` does not happen: HMAC takes keys of any length.
fn code(secret: &[u8], step: i64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last()? & 0xf);
    let word: [u8; 4] = hash.get(offset..offset + 4)?.try_into().ok()?;
    let number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000;
    Some(format!("{number:0DIGITS$}"))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Instant {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // The last six digits of the eight in its appendix B.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(SECRET, seconds / 30).as_deref(), Some(expected), "{seconds}");
            assert_eq!(matching_step(SECRET, expected, at(seconds)), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_one_step_late() {
        // Of the step from 30 to 59.
        for (seconds, step) in [(0, Some(1)), (29, Some(1)), (89, Some(1)), (90, None), (-1, None)] {
            assert_eq!(matching_step(SECRET, "287082", at(seconds)), step, "{seconds}");
        }
        assert_eq!(matching_step(SECRET, "287083", at(59)), None);
        assert_eq!(matching_step(b"another secret of 20", "287082", at(59)), None);
    }
}
