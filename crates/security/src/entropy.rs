//! Randomness from the operating system.

use mif_domain::Entropy;

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "this adapter is the port to randomness")]
    #[expect(clippy::panic, reason = "the port demands it: predictable bytes would be worse than no answer")]
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            panic!("the operating system gives no random bytes: {error}");
        }
    }
}
