//! The wire: the French names and words that clients use, and nowhere else.

pub(crate) mod audit;
pub(crate) mod auth;
mod bound;
pub(crate) mod content;
mod csv;
pub(crate) mod customers;
pub(crate) mod documents;
pub(crate) mod equipment;
pub(crate) mod equipment_csv;
pub(crate) mod equipment_label;
pub(crate) mod history;
pub(crate) mod interventions;
pub(crate) mod letters;
pub(crate) mod mfa;
pub(crate) mod moment;
pub(crate) mod notifications;
pub(crate) mod paging;
pub(crate) mod patch;
pub(crate) mod technicians;
pub(crate) mod users;
mod words;

pub(crate) use words::wire_words;
