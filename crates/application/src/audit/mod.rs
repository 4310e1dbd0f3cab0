//! The audit trail: read by administrators, chained by a linker, checked by whoever doubts it.

mod denied;
mod linker;
mod list;
mod prune;
mod verify;
mod walk;
mod window;

pub use denied::{DenialLedger, FlushDenials, RecordDenial};
pub use linker::AuditLinker;
pub use list::{ListAudit, ReadCheckpoint};
pub use verify::{Proof, VerifyAudit, VerifyAuditError};
pub use walk::{Fault, FaultKind};
