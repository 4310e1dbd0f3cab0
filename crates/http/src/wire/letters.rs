//! What letters lead to, as clients see it.

use serde::Deserialize;
use utoipa::ToSchema;

/// Who forgot a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DemandeReinitialisation, example = json!({"email": "f.zahra@exemple.ma"}))]
pub(crate) struct ResetRequestForm {
    /// The e-mail address of the account.
    #[schema(format = Email, max_length = 254)]
    pub(crate) email: String,
}

/// A new password, with the token of a letter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reinitialisation, example = json!({"token": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA", "new_password": "Courroie-Verte-42?"}))]
pub(crate) struct ResetForm {
    /// The token of the letter.
    pub(crate) token: Option<String>,
    /// The token of the letter: the same as `token`.
    pub(crate) jeton: Option<String>,
    /// The password as it shall be.
    #[schema(format = Password, max_length = 128)]
    pub(crate) new_password: String,
}

/// The token of a letter to a new address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConfirmationEmail, example = json!({"token": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"}))]
pub(crate) struct ConfirmationForm {
    /// The token of the letter.
    pub(crate) token: Option<String>,
    /// The token of the letter: the same as `token`.
    pub(crate) jeton: Option<String>,
}
