//! The user.

use super::{EmailAddress, FullName, Language, PasswordHash, Role, Username};
use crate::clock::Instant;
use crate::customers::CustomerId;

/// Identifies a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// Somebody who signs in. Never deleted, only deactivated: history keeps pointing at them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The identifier.
    pub id: UserId,
    /// Unique.
    pub username: Username,
    /// Unique, whatever its case.
    pub email: EmailAddress,
    /// The name as it is shown.
    pub full_name: Option<FullName>,
    /// What they may do.
    pub role: Role,
    /// A deactivated user cannot sign in, and has no session.
    pub is_active: bool,
    /// Whose machines a user of role [`Role::Customer`] sees; nothing without one.
    pub customer_id: Option<CustomerId>,
    /// In which language messages reach them.
    pub language: Language,
    /// The stored password.
    pub password_hash: PasswordHash,
    /// When it was set.
    pub password_changed_at: Instant,
    /// An administrator set the password: the session may only change it.
    pub must_change_password: bool,
    /// A sign-in needs a second factor.
    pub mfa_active: bool,
    /// The last sign-in.
    pub last_login_at: Option<Instant>,
    /// When the account was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Grows with every change.
    pub version: i64,
}

/// A user about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// See [`User::username`].
    pub username: Username,
    /// See [`User::email`].
    pub email: EmailAddress,
    /// See [`User::full_name`].
    pub full_name: Option<FullName>,
    /// See [`User::role`].
    pub role: Role,
    /// See [`User::customer_id`].
    pub customer_id: Option<CustomerId>,
    /// See [`User::language`].
    pub language: Language,
    /// See [`User::password_hash`].
    pub password_hash: PasswordHash,
    /// See [`User::must_change_password`].
    pub must_change_password: bool,
}

impl User {
    /// How many passwords before the current one are remembered, so that none of them is set again.
    pub const FORMER_PASSWORDS: usize = 4;

    /// Whether this user counts as an administrator who can still sign in.
    pub fn is_active_admin(&self) -> bool {
        self.is_active && self.role == Role::Admin
    }

    /// Replaces the password. `temporary` means that somebody else chose it, so that it must be changed at once.
    pub fn set_password(&mut self, hash: PasswordHash, temporary: bool, at: Instant) {
        self.password_hash = hash;
        self.password_changed_at = at;
        self.must_change_password = temporary;
    }
}
