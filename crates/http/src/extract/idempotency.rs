//! `Idempotency-Key`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use mif_application::access::Actor;
use mif_domain::idempotency::{Fingerprint, IdempotencyKey, IdempotentRequest};
use sha2::{Digest as _, Sha256};

use crate::problem::{ApiError, Code};

/// The key, if the client chose one, and what the request asks besides its body.
#[derive(Debug)]
pub(crate) struct IdempotencyHeader {
    key: Option<IdempotencyKey>,
    target: String,
}

impl IdempotencyHeader {
    /// The request as the ledger knows it.
    pub(crate) fn request(&self, actor: &Actor, body: &[u8]) -> Option<IdempotentRequest> {
        let key = self.key.clone()?;
        let mut hash = Sha256::new();
        // Lengths keep two different requests from running together into the same bytes.
        hash.update((self.target.len() as u64).to_be_bytes());
        hash.update(&self.target);
        hash.update(body);
        Some(IdempotentRequest { user_id: actor.user_id(), key, fingerprint: Fingerprint(hash.finalize().into()) })
    }
}

impl FromRequest for IdempotencyHeader {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = match request.headers().get("idempotency-key") {
            None => Ok(None),
            Some(value) => match value.to_str().map(IdempotencyKey::parse) {
                Ok(Ok(key)) => Ok(Some(key)),
                _ => Err(Code::BadIdempotencyKey.into()),
            },
        };
        let target = format!("{} {}?{}", request.method(), request.path(), request.query_string());
        ready(key.map(|key| Self { key, target }))
    }
}
