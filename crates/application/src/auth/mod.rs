//! Signing in, staying signed in, signing out.

mod authenticate;
mod cache;
mod change_password;
mod guess;
mod log_in;
mod log_out;
mod mfa;
mod open_session;
mod prove;
mod refresh;
mod refusal;
mod request_password_reset;
mod reset_password;
mod sessions;
mod tokens;
mod verify_token;

pub use authenticate::{Authenticate, AuthenticateError};
pub use cache::SessionCache;
pub use change_password::{ChangePassword, ChangePasswordError};
pub use log_in::{LogIn, LogInError};
pub use log_out::LogOut;
pub use mfa::{
    ChallengeToken, ConfirmMfa, ConfirmMfaError, EnrolMfa, EnrolMfaError, Enrolling, MfaRules, RecoveryCodes,
    ReplaceRecoveryCodes, ReplaceRecoveryCodesError, ResealSecrets, Resealed, TurnOffMfa, TurnOffMfaError,
    VerifySecondFactor, VerifySecondFactorError,
};
pub(crate) use prove::prove_password;
pub use refresh::{Refresh, RefreshError};
pub use request_password_reset::RequestPasswordReset;
pub use reset_password::{ResetPassword, ResetPasswordError};
pub use sessions::{CloseOtherSessions, CloseSession, ListSessions};
pub use tokens::TokenPair;
pub use verify_token::{VerifiedToken, VerifyToken};
