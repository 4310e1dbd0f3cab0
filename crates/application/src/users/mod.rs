//! Accounts: managed by administrators, and a small part of one's own by everybody.

mod activate;
mod create;
pub(crate) mod history;
mod profile;
mod read;
mod set_password;
mod unlock;
mod update;

pub use activate::{ActivateUser, DeactivateUser};
pub use create::{CreateUser, CreateUserError};
pub use profile::{UpdateProfile, UpdateProfileError};
pub(crate) use read::own_account;
pub use read::{GetUser, GetUserError, ListUsers, ListUsersError, WhoAmI};
pub(crate) use set_password::replace_password;
pub use set_password::{SetPassword, SetPasswordError};
pub(crate) use unlock::unlock;
pub use unlock::{UnlockUser, UnlockUserError};
pub use update::{UpdateUser, UpdateUserError, UserChanges};
