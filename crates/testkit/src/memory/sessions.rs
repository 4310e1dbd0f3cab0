//! Sessions and the rules of rotation.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::TimeDelta;
use mif_domain::repository::Stored;
use mif_domain::sessions::{
    NewSession, RevokeReason, Rotated, Rotation, SessionId, SessionLimits, SessionRepository, Successor, TokenHash,
};
use mif_domain::users::UserId;
use mif_domain::{Constraint, Instant};

use super::Unit;
use super::state::{State, StoredSession};

pub(super) struct Sessions<'a>(pub(super) &'a mut Unit);

impl State {
    fn rotated(&self, id: SessionId) -> Option<Rotated> {
        let session = self.sessions.get(&id)?;
        let user = self.users.get(&session.opened.user_id)?;
        Some(Rotated { session_id: id, user_id: user.id, role: user.role, generation: session.generation })
    }

    /// The session that satisfies a condition. Hashes are unique, so there is at most one.
    fn find_session(&self, wanted: impl Fn(&StoredSession) -> bool) -> Option<SessionId> {
        self.sessions.iter().find(|(_, session)| wanted(session)).map(|(id, _)| *id)
    }
}

impl StoredSession {
    /// Before or after: the clock may have been set back.
    fn rotated_within(&self, window: TimeDelta, now: Instant) -> bool {
        self.rotated_at.is_some_and(|at| (now - at).abs() < window)
    }

    fn successor_used(&self) -> bool {
        self.acked_generation >= self.generation
    }
}

#[async_trait]
impl SessionRepository for Sessions<'_> {
    async fn insert(&mut self, session: NewSession) -> Stored<SessionId> {
        let state = &self.0.state;
        let user_known = state.users.contains_key(&session.user_id);
        let hash_free = state.sessions.values().all(|other| other.current_hash != session.token_hash);
        self.0.keep(user_known && hash_free, Constraint::Other)?;
        let id = SessionId(self.0.state.next_id());
        let stored = StoredSession {
            last_used_at: session.created_at,
            current_hash: session.token_hash,
            previous_hash: None,
            generation: 1,
            acked_generation: 0,
            rotated_at: None,
            sealed_successor: None,
            revoked: None,
            opened: session,
        };
        self.0.state.sessions.insert(id, stored);
        Ok(id)
    }

    async fn rotate(&mut self, rotation: &Rotation) -> Stored<Option<Rotated>> {
        let state = &mut self.0.state;
        let found = state.find_session(|session| {
            session.current_hash == rotation.presented
                && session.is_open(rotation.at)
                && session.generation <= SessionLimits::MAX_ROTATIONS
                && state.is_active(session.opened.user_id)
        });
        let Some(id) = found else { return Ok(None) };
        if let Some(session) = state.sessions.get_mut(&id) {
            session.previous_hash = Some(session.current_hash);
            session.current_hash = rotation.successor;
            session.sealed_successor = Some(rotation.sealed_successor.clone());
            session.acked_generation = session.generation;
            session.generation += 1;
            session.rotated_at = Some(rotation.at);
            session.last_used_at = rotation.at;
        }
        state.spent.insert(rotation.presented, id);
        Ok(state.rotated(id))
    }

    async fn find_successor(&mut self, presented: &TokenHash, at: Instant) -> Stored<Option<Successor>> {
        let state = &self.0.state;
        let found = state.find_session(|session| {
            let just_now = session.rotated_within(SessionLimits::REPLAY, at);
            let lost = session.rotated_within(SessionLimits::LOST_ANSWER, at) && !session.successor_used();
            session.previous_hash == Some(*presented)
                && session.is_open(at)
                && state.is_active(session.opened.user_id)
                && (just_now || lost)
        });
        let sealed = found.and_then(|id| state.sessions.get(&id)?.sealed_successor.clone());
        Ok(found.and_then(|id| state.rotated(id)).zip(sealed).map(|(session, sealed)| Successor { session, sealed }))
    }

    async fn revoke_if_reused(&mut self, presented: &TokenHash, at: Instant) -> Stored<Option<(SessionId, UserId)>> {
        let state = &mut self.0.state;
        let spent_by = state.spent.get(presented).copied();
        let found = state.sessions.iter_mut().find(|(id, session)| {
            let reused = if session.previous_hash == Some(*presented) {
                !session.rotated_within(SessionLimits::REPLAY, at) && session.successor_used()
            } else {
                spent_by == Some(**id)
            };
            reused && session.is_open(at)
        });
        Ok(found.map(|(id, session)| {
            session.end(RevokeReason::TokenReused, at);
            (*id, session.opened.user_id)
        }))
    }

    async fn acknowledge(&mut self, id: SessionId, generation: i64, at: Instant) -> Stored<()> {
        if let Some(session) = self.0.state.sessions.get_mut(&id)
            && session.acked_generation < generation
            && generation <= session.generation
        {
            session.acked_generation = generation;
            if !session.rotated_within(SessionLimits::REPLAY, at) {
                session.sealed_successor = None;
            }
        }
        Ok(())
    }

    async fn is_live(&mut self, id: SessionId, at: Instant) -> Stored<bool> {
        Ok(self.0.state.sessions.get(&id).is_some_and(|session| session.is_open(at)))
    }

    async fn revoke(&mut self, user: UserId, id: SessionId, reason: RevokeReason, at: Instant) -> Stored<bool> {
        let session = self.0.state.sessions.get_mut(&id);
        let session = session.filter(|session| session.opened.user_id == user && session.is_open(at));
        Ok(session.map(|session| session.end(reason, at)).is_some())
    }

    async fn revoke_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        reason: RevokeReason,
        at: Instant,
    ) -> Stored<u64> {
        let mut ended = 0;
        for (id, session) in &mut self.0.state.sessions {
            if session.opened.user_id == user && Some(*id) != except && session.is_open(at) {
                session.end(reason, at);
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn revoke_oldest(&mut self, user: UserId, keep: u32, at: Instant) -> Stored<u64> {
        let open = |session: &&mut StoredSession| session.opened.user_id == user && session.is_open(at);
        // In the order of identifiers, which decides between sessions of one instant.
        let mut sessions: Vec<_> = self.0.state.sessions.values_mut().filter(open).collect();
        sessions.sort_by_key(|session| session.opened.created_at);
        let too_many = sessions.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
        for session in sessions.into_iter().take(too_many) {
            session.end(RevokeReason::Displaced, at);
        }
        Ok(too_many as u64)
    }

    async fn purge(&mut self, before: Instant, at: Instant) -> Stored<u64> {
        let state = &mut self.0.state;
        let needless = |session: &&mut StoredSession| {
            let lost_answer_over = !session.rotated_within(SessionLimits::LOST_ANSWER, at);
            let replay_over = !session.rotated_within(SessionLimits::REPLAY, at);
            session.sealed_successor.is_some() && (lost_answer_over || (replay_over && session.successor_used()))
        };
        let wiped = state.sessions.values_mut().filter(needless).take(1000);
        let wiped = wiped.map(|session| session.sealed_successor = None).count();
        let ended = state.sessions.iter().filter(|(_, session)| {
            session.opened.expires_at < before || session.revoked.is_some_and(|(when, _)| when < before)
        });
        let ended: BTreeSet<SessionId> = ended.map(|(id, _)| *id).take(1000).collect();
        state.sessions.retain(|id, _| !ended.contains(id));
        state.spent.retain(|_, session| !ended.contains(session));
        Ok((wiped + ended.len()) as u64)
    }
}
