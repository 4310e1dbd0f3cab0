//! Sessions inside a unit of work. The rules of rotation are the conditions of these statements.

use async_trait::async_trait;

use super::{NewSession, SessionId, TokenHash};
use crate::clock::Instant;
use crate::repository::Stored;
use crate::users::{Role, UserId};

/// A refresh token presented in exchange for a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The hash of the presented token.
    pub presented: TokenHash,
    /// The hash of the one that replaces it.
    pub successor: TokenHash,
    /// The successor itself, sealed under the presented token.
    pub sealed_successor: Vec<u8>,
    /// When.
    pub at: Instant,
}

/// The session after a rotation, with what an access token needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The session.
    pub session_id: SessionId,
    /// Its user.
    pub user_id: UserId,
    /// Their role.
    pub role: Role,
    /// The generation of the successor.
    pub generation: i64,
}

/// A successor that may be handed out once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// The session as it stands.
    pub session: Rotated,
    /// The successor, sealed under the token that was presented.
    pub sealed: Vec<u8>,
}

/// Why a session ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeReason {
    /// Its owner signed out.
    LoggedOut,
    /// Its owner closed it from another session.
    Closed,
    /// The password changed.
    PasswordChanged,
    /// The user was deactivated.
    Deactivated,
    /// A token that was used up came back.
    TokenReused,
    /// Too many sessions; this one was the oldest.
    Displaced,
}

impl RevokeReason {
    /// The stored spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::Closed => "closed",
            Self::PasswordChanged => "password_changed",
            Self::Deactivated => "deactivated",
            Self::TokenReused => "token_reused",
            Self::Displaced => "displaced",
        }
    }
}

/// Sessions inside a unit of work. "Live" means: not revoked, not expired, user active.
#[async_trait]
pub trait SessionRepository: Send {
    /// Stores a session of generation 1.
    async fn insert(&mut self, session: NewSession) -> Stored<SessionId>;

    /// Rule 1: when the presented hash is the *current* one of a live session, replaces it, remembers it as previous and
    /// as spent, and counts a generation. MUST be decided by one conditional statement: of any number of callers with the
    /// same hash exactly one gets `Some`. MUST NOT rotate beyond
    /// [`MAX_ROTATIONS`](super::SessionLimits::MAX_ROTATIONS).
    async fn rotate(&mut self, rotation: &Rotation) -> Stored<Option<Rotated>>;

    /// Rule 2: the successor once more, when the presented hash is the *previous* one of a live session and was replaced
    /// within [`REPLAY`](super::SessionLimits::REPLAY), or within
    /// [`LOST_ANSWER`](super::SessionLimits::LOST_ANSWER) while the successor is unused.
    async fn find_successor(&mut self, presented: &TokenHash, at: Instant) -> Stored<Option<Successor>>;

    /// Rule 4: ends the session when the presented hash is its previous one, replaced longer than
    /// [`REPLAY`](super::SessionLimits::REPLAY) ago by a successor that was used, or any older one. `None`, and no
    /// effect, when rule 3 or 5 applies.
    async fn revoke_if_reused(&mut self, presented: &TokenHash, at: Instant) -> Stored<Option<(SessionId, UserId)>>;

    /// Notes that a generation arrived at its owner. Never goes back.
    async fn acknowledge(&mut self, id: SessionId, generation: i64, at: Instant) -> Stored<()>;

    /// Whether a session is neither revoked nor expired. Its user is for the caller to look at.
    async fn is_live(&mut self, id: SessionId, at: Instant) -> Stored<bool>;

    /// Ends one live session of a user. Returns whether there was one.
    async fn revoke(&mut self, user: UserId, id: SessionId, reason: RevokeReason, at: Instant) -> Stored<bool>;

    /// Ends every live session of a user but `except`. Returns how many.
    async fn revoke_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        reason: RevokeReason,
        at: Instant,
    ) -> Stored<u64>;

    /// Ends the oldest live sessions of a user until at most `keep` are left. Returns how many.
    async fn revoke_oldest(&mut self, user: UserId, keep: u32, at: Instant) -> Stored<u64>;

    /// Wipes sealed successors that no rule can need any more, and deletes sessions that ended before `before` together
    /// with their spent tokens: at most [`PURGED`](crate::repository::PURGED) of each a call, and none that another unit holds, so that it never stands in
    /// anybody's way. Returns how many rows were wiped or deleted.
    async fn purge(&mut self, before: Instant, at: Instant) -> Stored<u64>;
}
