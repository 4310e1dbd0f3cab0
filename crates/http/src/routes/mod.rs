//! The routes. A handler extracts, calls one use case, maps.

pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod customers;
pub(crate) mod docs;
pub(crate) mod document_content;
pub(crate) mod documents;
pub(crate) mod equipment;
pub(crate) mod equipment_import;
pub(crate) mod equipment_label;
pub(crate) mod health;
pub(crate) mod intervention_actions;
pub(crate) mod interventions;
pub(crate) mod jwks;
pub(crate) mod letters;
pub(crate) mod metrics;
pub(crate) mod mfa;
pub(crate) mod notifications;
pub(crate) mod technicians;
pub(crate) mod users;
