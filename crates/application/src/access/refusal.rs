//! How far somebody came who wanted to change something.

use mif_domain::repository::RepositoryError;

use super::Denied;

/// Why an actor cannot begin to change a thing: what they may not see does not exist, what they may see but not change is
/// denied.
#[derive(Debug)]
pub(crate) enum Refusal {
    NotFound,
    Denied(Denied),
    Repository(RepositoryError),
}

impl From<RepositoryError> for Refusal {
    fn from(error: RepositoryError) -> Self {
        Self::Repository(error)
    }
}
