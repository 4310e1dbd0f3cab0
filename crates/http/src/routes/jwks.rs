//! The public keys, for others who verify our access tokens.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};

use crate::ApiState;
use crate::wire::auth::JsonWebKeySet;

/// Public keys
///
/// The keys that verify access tokens, as a JSON Web Key Set (RFC 7517).
#[utoipa::path(operation_id = "lireClesPubliques", tag = "auth", security(()), responses((status = 200, description = "The keys", body = JsonWebKeySet)))]
#[get("/.well-known/jwks.json")]
pub(crate) async fn keys(state: Data<ApiState>) -> HttpResponse {
    let keys = state.core.access_tokens.public_keys().into_iter().map(|key| {
        let named = [("kid", key.key_id), ("alg", key.algorithm.to_owned()), ("use", "sig".to_owned())];
        named.into_iter().chain(key.parameters).map(|(name, value)| (name.to_owned(), value.into())).collect()
    });
    HttpResponse::Ok()
        // Short: a key that is to sign soon must be known in time.
        .insert_header((header::CACHE_CONTROL, "public, max-age=5"))
        .json(JsonWebKeySet { keys: keys.collect() })
}
