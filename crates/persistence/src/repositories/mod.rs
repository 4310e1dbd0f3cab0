//! One file an aggregate: mapping, then the statements in the order of its port.

pub(crate) mod audit;
pub(crate) mod customers;
pub(crate) mod documents;
pub(crate) mod equipment;
pub(crate) mod guesses;
pub(crate) mod idempotency;
pub(crate) mod interventions;
pub(crate) mod letter_tokens;
pub(crate) mod mfa;
pub(crate) mod notifications;
pub(crate) mod outbox;
pub(crate) mod sessions;
pub(crate) mod technicians;
pub(crate) mod users;

use mif_domain::text::{Line, TextError};

/// A column of text that may be empty.
fn line<const MAX: usize>(text: Option<String>) -> Result<Option<Line<MAX>>, TextError> {
    text.map(Line::from_string).transpose()
}
