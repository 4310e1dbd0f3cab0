//! People who sign in: who they are, what they may be called, and how their passwords are kept.

mod password;
mod repository;
mod user;
mod values;

pub use password::{
    HasherBusy, PasswordHash, PasswordHasher, PasswordPolicy, PasswordRule, PlainPassword, PlainPasswordError,
};
pub use repository::{SignInName, UserRepository};
pub use user::{NewUser, User, UserId};
pub use values::{EmailAddress, EmailError, FullName, Language, Role, Username, UsernameError};
