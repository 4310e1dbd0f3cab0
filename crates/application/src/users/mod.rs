//! Accounts: managed by administrators, and a small part of one's own by everybody.

mod activate;
mod confirm_email;
mod create;
mod email;
pub(crate) mod history;
mod invite;
mod profile;
mod read;
mod reset_mfa;
mod set_password;
mod unlock;
mod update;

pub use activate::{ActivateUser, DeactivateUser};
pub use confirm_email::{ConfirmEmail, ConfirmEmailError};
pub use create::{CreateUser, CreateUserError};
pub use invite::{SendInvitation, SendInvitationError};
pub use profile::{UpdateProfile, UpdateProfileError};
pub(crate) use read::own_account;
pub use read::{GetUser, ListUsers, OwnAccount, WhoAmI};
pub(crate) use reset_mfa::reset_mfa;
pub use reset_mfa::{ResetMfa, ResetMfaError};
pub(crate) use set_password::replace_password;
pub use set_password::{SetPassword, SetPasswordError};
pub use unlock::UnlockUser;
pub(crate) use unlock::unlock;
pub use update::{UpdateUser, UpdateUserError, UserChanges};
