//! The second factor, as clients see it.

use mif_application::auth::{Enrolling, RecoveryCodes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The second half of a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VerificationMfa, example = json!({"defi": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA", "code": "287082"}))]
pub(crate) struct VerificationForm {
    /// The `defi` of the first half.
    pub(crate) defi: String,
    /// What the authenticator app shows, or a recovery code.
    pub(crate) code: String,
}

/// The password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EnrolementMfa, example = json!({"current_password": "Bielle-Huile-77!"}))]
pub(crate) struct EnrolForm {
    /// The password as it is.
    #[schema(format = Password, max_length = 128)]
    pub(crate) current_password: String,
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CodeMfa, example = json!({"code": "287082"}))]
pub(crate) struct CodeForm {
    /// What the authenticator app shows; where it is set up already, a recovery code will do as well.
    pub(crate) code: String,
}

/// Everything that a sign-in asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DesactivationMfa, example = json!({"current_password": "Bielle-Huile-77!", "code": "287082"}))]
pub(crate) struct TurnOffForm {
    /// The password as it is.
    #[schema(format = Password, max_length = 128)]
    pub(crate) current_password: String,
    /// What the authenticator app shows, or a recovery code.
    pub(crate) code: String,
}

/// What an authenticator app needs. Shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = SecretMfa, example = json!({
    "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "uri": "otpauth://totp/MIF:karim?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=MIF"
}))]
pub(crate) struct SecretRead<'a> {
    /// To type: base32.
    secret: &'a str,
    /// To show as a QR code.
    uri: &'a str,
}

impl<'a> From<&'a Enrolling> for SecretRead<'a> {
    fn from(enrolling: &'a Enrolling) -> Self {
        Self { secret: &enrolling.secret, uri: &enrolling.uri }
    }
}

/// Codes that open the account once each, for when the app is lost. Shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = CodesSecours, example = json!({"codes_secours": ["ABCD-EFGH-2345-67AB"]}))]
pub(crate) struct RecoveryCodesRead<'a> {
    /// Ten of them.
    codes_secours: &'a [String],
}

impl<'a> From<&'a RecoveryCodes> for RecoveryCodesRead<'a> {
    fn from(codes: &'a RecoveryCodes) -> Self {
        Self { codes_secours: &codes.0 }
    }
}
