//! The routes. A handler extracts, calls one use case, maps.

pub(crate) mod auth;
pub(crate) mod docs;
pub(crate) mod equipment;
pub(crate) mod health;
pub(crate) mod jwks;
pub(crate) mod users;
