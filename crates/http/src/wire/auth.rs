//! Signing in, as clients see it.

use mif_application::auth::TokenPair;
use mif_domain::queries::SessionView;
use mif_domain::sessions::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::moment::Moment;
use crate::extract::lenient_bool;

/// What one signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Connexion, example = json!({"email": "admin@mif.local", "password": "Bielle-Huile-77!"}))]
pub(crate) struct LoginForm {
    /// An e-mail address or a username.
    pub(crate) email: Option<String>,
    /// An e-mail address or a username: the same as `email`.
    pub(crate) username: Option<String>,
    /// The password.
    #[schema(format = Password, max_length = 128)]
    pub(crate) password: String,
    /// `password`, as OAuth 2 libraries send it.
    #[serde(rename = "grant_type")]
    _grant_type: Option<String>,
    /// Ignored, as OAuth 2 libraries send it.
    #[serde(rename = "scope")]
    _scope: Option<String>,
    /// Ignored, as OAuth 2 libraries send it.
    #[serde(rename = "client_id")]
    _client_id: Option<String>,
    /// Ignored, as OAuth 2 libraries send it.
    #[serde(rename = "client_secret")]
    _client_secret: Option<String>,
}

/// What one refreshes with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rafraichissement, example = json!({"refresh_token": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"}))]
pub(crate) struct RefreshForm {
    /// The refresh token.
    pub(crate) refresh_token: Option<String>,
    /// The refresh token: the same as `refresh_token`.
    pub(crate) token: Option<String>,
}

/// How one signs out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Deconnexion, example = json!({"tout": true}))]
pub(crate) struct LogoutForm {
    /// Every session, on every device.
    #[serde(default, deserialize_with = "lenient_bool")]
    pub(crate) tout: bool,
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangementMotDePasse, example = json!({"current_password": "Bielle-Huile-77!", "new_password": "Courroie-Verte-42?"}))]
pub(crate) struct ChangePasswordForm {
    /// The password as it is.
    #[schema(format = Password, max_length = 128)]
    pub(crate) current_password: String,
    /// The password as it shall be.
    #[schema(format = Password, max_length = 128)]
    pub(crate) new_password: String,
}

/// A pair of tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = Jetons, example = json!({
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9...",
    "refresh_token": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
    "token_type": "bearer",
    "expires_in": 900
}))]
pub(crate) struct Tokens<'a> {
    /// For `Authorization: Bearer`.
    access_token: &'a str,
    /// For `/auth/refresh`, once.
    refresh_token: &'a str,
    /// `bearer`.
    token_type: &'static str,
    /// How long the access token is good, in seconds.
    expires_in: i64,
}

impl<'a> From<&'a TokenPair> for Tokens<'a> {
    fn from(pair: &'a TokenPair) -> Self {
        Self {
            access_token: &pair.access_token,
            refresh_token: pair.refresh_token.expose(),
            token_type: "bearer",
            expires_in: pair.expires_in,
        }
    }
}

/// Something was done.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"message": "Mot de passe modifié"}))]
pub(crate) struct Message {
    /// What, for people.
    pub(crate) message: &'static str,
}

/// A session.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, example = json!({
    "id": 7, "appareil": "Android", "ip": "203.0.113.9", "user_agent": "Mozilla/5.0 (Linux; Android 16)",
    "created_at": "2026-11-20T08:00:00Z", "last_used_at": "2026-11-20T09:12:00Z",
    "expires_at": "2026-11-27T08:00:00Z", "courante": true
}))]
pub(crate) struct SessionRead {
    /// Its identifier.
    id: i64,
    /// A name for the device.
    appareil: String,
    /// From where it was opened.
    ip: Option<String>,
    /// With what.
    user_agent: Option<String>,
    /// When it was opened.
    created_at: Moment,
    /// When it was last refreshed.
    last_used_at: Moment,
    /// When it ends.
    expires_at: Moment,
    /// Whether it is the one that asks.
    courante: bool,
}

impl SessionRead {
    pub(crate) fn new(session: SessionView, current: SessionId) -> Self {
        Self {
            courante: session.id == current,
            id: session.id.0,
            appareil: session.device,
            ip: session.ip,
            user_agent: session.user_agent,
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
        }
    }
}

/// The public keys that verify access tokens (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = Jwks, example = json!({"keys": [{
    "kid": "1f2e3d4c5b6a7988", "alg": "EdDSA", "use": "sig", "kty": "OKP", "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
}]}))]
pub(crate) struct JsonWebKeySet {
    /// The keys.
    #[schema(value_type = Vec<Object>)]
    pub(crate) keys: Vec<serde_json::Map<String, serde_json::Value>>,
}
