//! Taking a technician out of service. They are never deleted: history points at them.

use mif_domain::technicians::TechnicianId;

use super::{TechnicianChanges, UpdateTechnician, UpdateTechnicianError};
use crate::access::{Actor, ExpectedVersion};
use crate::{Change, Core};

/// Archives a technician; the account stays as it is.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveTechnician {
    /// Which.
    pub id: TechnicianId,
    /// The version that the caller saw.
    pub expected_version: ExpectedVersion,
}

impl ArchiveTechnician {
    /// Archiving an archived technician changes nothing and succeeds.
    #[tracing::instrument(target = "mif_trace", name = "ArchiveTechnician", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<(), UpdateTechnicianError> {
        let changes = TechnicianChanges { archived: Change::Set(true), ..TechnicianChanges::default() };
        let update = UpdateTechnician { id: self.id, expected_version: self.expected_version, changes };
        update.run(core, actor).await.map(drop)
    }
}
