//! What keeps the store in order. Done by whoever runs the server, not by its users.

mod rescan;
mod rewrap;
mod sweep;
mod verify;

pub use rescan::{RescanDocuments, Rescanned};
pub use rewrap::{RewrapKeys, Rewrapped, UpkeepError};
pub use sweep::{SweepDocuments, Swept};
pub use verify::{Finding, VerifyDocuments};

/// Documents a round.
const BATCH: u16 = 100;
