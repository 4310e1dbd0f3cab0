//! The wire: the French names and words that clients use, and nowhere else.

pub(crate) mod auth;
pub(crate) mod equipment;
mod moment;
pub(crate) mod paging;
pub(crate) mod patch;
pub(crate) mod users;
mod words;

pub(crate) use words::wire_words;
