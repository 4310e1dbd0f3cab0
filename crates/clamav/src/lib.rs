//! The virus scanner: the daemon `clamd` behind the port [`Scanner`](mif_domain::documents::Scanner).
//!
//! [`Clamd`] speaks `INSTREAM` over TCP or a Unix socket. `wire` moves bytes within deadlines, `verdict` says what an
//! answer means, `scan` is one content on its way. A [`Breaker`](mif_domain::breaker::Breaker) keeps a dead clamd from holding everybody up.
//! [`ScannerOff`] is for installations without one.
//!
//! The client is our own because the published ones have no deadlines and take clamd's complaints for verdicts.

mod address;
mod clamd;
mod off;
mod scan;
mod verdict;
mod wire;

pub use address::{ClamdAddress, ClamdAddressError};
pub use clamd::{Clamd, ClamdSettings};
pub use off::ScannerOff;
