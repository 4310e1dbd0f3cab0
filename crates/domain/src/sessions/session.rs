//! What a session is, and how long each part of it lasts.

use chrono::TimeDelta;

use super::TokenHash;
use crate::clock::Instant;
use crate::customers::CustomerId;
use crate::technicians::TechnicianId;
use crate::text::Line;
use crate::users::{Language, Role, UserId};

/// Identifies a session; also the `sid` claim of its access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

/// Where a request came from, as far as it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The canonical address.
    pub ip: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<Line<300>>,
}

impl ClientInfo {
    /// A name for the device that people recognise in their list of sessions.
    pub fn device(&self) -> &'static str {
        let agent = self.user_agent.as_ref().map_or("", |agent| agent.as_str());
        let known = [
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("Macintosh", "Mac"),
            ("CrOS", "ChromeOS"),
            ("Linux", "Linux"),
            ("curl/", "curl"),
        ];
        known.iter().find(|(mark, _)| agent.contains(mark)).map_or("?", |(_, name)| name)
    }
}

/// A session about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Whose.
    pub user_id: UserId,
    /// The hash of the first refresh token.
    pub token_hash: TokenHash,
    /// Where the sign-in came from.
    pub client: ClientInfo,
    /// When it began.
    pub created_at: Instant,
    /// When it ends, however often it is refreshed.
    pub expires_at: Instant,
}

/// What decides whether a request with an access token goes on: the session and its user in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionState {
    /// The session.
    pub session_id: SessionId,
    /// Its user.
    pub user_id: UserId,
    /// Their username.
    pub username: String,
    /// The role that counts, whatever the token claims.
    pub role: Role,
    /// Whose machines a customer sees.
    pub customer_id: Option<CustomerId>,
    /// Their sheet, when they are a technician who takes work.
    pub technician_id: Option<TechnicianId>,
    /// Their language.
    pub language: Language,
    /// Whether the session may only change the password.
    pub must_change_password: bool,
    /// Whether its user signs in with a second factor.
    pub mfa_active: bool,
    /// The newest generation of refresh token that was handed out.
    pub generation: i64,
    /// The newest generation that is known to have arrived.
    pub acked_generation: i64,
}

impl SessionState {
    /// Whether nothing that decides about rights is other than it was `before`, earlier in the same session.
    pub fn allows_what_it_did(&self, before: &Self) -> bool {
        let rights = |state: &Self| {
            (state.role, state.customer_id, state.technician_id, state.must_change_password, state.mfa_active)
        };
        self.session_id == before.session_id && rights(self) == rights(before)
    }
}

/// The durations of sessions and tokens, in one place.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits;

impl SessionLimits {
    /// How long an access token is good.
    pub const ACCESS_TOKEN: TimeDelta = TimeDelta::minutes(15);
    /// How long a session lasts from sign-in; refreshing never slides it.
    pub const LIFETIME: TimeDelta = TimeDelta::days(7);
    /// How long the previous refresh token always gets the same successor again.
    pub const REPLAY: TimeDelta = TimeDelta::seconds(10);
    /// How long it does while the successor is unused: the answer may have been lost on the way.
    pub const LOST_ANSWER: TimeDelta = TimeDelta::minutes(5);
    /// After so many rotations the user signs in again.
    pub const MAX_ROTATIONS: i64 = 10_000;
    /// Live sessions of one user; the oldest gives way.
    pub const MAX_PER_USER: u32 = 50;
}
