//! Users inside a unit of work.

use async_trait::async_trait;

use super::{EmailAddress, NewUser, PasswordHash, Role, User, UserId, Username};
use crate::clock::Instant;
use crate::customers::CustomerId;
use crate::repository::Stored;

/// What a person may sign in with. A username never holds an `@`, so the two cannot be confused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInName {
    /// By username.
    Username(Username),
    /// By e-mail address, in any case.
    Email(EmailAddress),
}

impl SignInName {
    /// Reads either. `None` when it can be neither, in which case nobody has that name.
    pub fn parse(raw: &str) -> Option<Self> {
        if raw.contains('@') {
            EmailAddress::parse(raw).ok().map(Self::Email)
        } else {
            Username::parse(raw).ok().map(Self::Username)
        }
    }
}

/// Users inside a unit of work.
#[async_trait]
pub trait UserRepository: Send {
    /// Stores a new user, active, at version 1. MUST return `Conflict(UsernameTaken)`, `Conflict(EmailTaken)` or
    /// `Conflict(UnknownCustomer)` when the database says so.
    async fn insert(&mut self, user: NewUser, at: Instant) -> Stored<User>;

    /// Reads a user and keeps others from changing it until the unit ends.
    async fn find_for_update(&mut self, id: UserId) -> Stored<Option<User>>;

    /// Writes every field, sets `updated_at` and bumps the version. MUST return `Stale` when `user.version` is not the
    /// stored one, and the conflicts of [`UserRepository::insert`].
    async fn update(&mut self, user: &User, at: Instant) -> Stored<User>;

    /// Notes a successful sign-in. MUST NOT change the version: signing in is not an edit.
    async fn record_login(&mut self, id: UserId, at: Instant) -> Stored<()>;

    /// Replaces `old` by another hash of the same password. MUST be one statement, and MUST NOT change the version or
    /// `password_changed_at`: nothing was edited. Returns whether `old` was still the stored one.
    async fn replace_password_hash(&mut self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Stored<bool>;

    /// Remembers a password that is about to be replaced. MUST keep the newest [`User::FORMER_PASSWORDS`] only.
    async fn remember_password(&mut self, id: UserId, replaced: &PasswordHash, at: Instant) -> Stored<()>;

    /// The remembered passwords, the newest first.
    async fn list_former_passwords(&mut self, id: UserId) -> Stored<Vec<PasswordHash>>;

    /// Whether a username is taken.
    async fn username_exists(&mut self, username: &Username) -> Stored<bool>;

    /// Whether somebody else than `except` has an e-mail address, in any case.
    async fn email_exists(&mut self, email: &EmailAddress, except: UserId) -> Stored<bool>;

    /// How many administrators can still sign in. Only meaningful under
    /// [`NamedLock::Admins`](crate::unit_of_work::NamedLock::Admins).
    async fn count_active_admins(&mut self) -> Stored<u64>;

    /// The active users of a role, of one customer if it is named, at most 500, by age: whom a notification concerns.
    async fn list_active(&mut self, role: Role, customer: Option<CustomerId>) -> Stored<Vec<UserId>>;

    /// Stores the first user if there is none at all. MUST be one statement, so that of several replicas one wins.
    /// Returns their identifier when this call stored them.
    async fn insert_first(&mut self, user: NewUser, at: Instant) -> Stored<Option<UserId>>;
}
