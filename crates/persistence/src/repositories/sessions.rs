//! Sessions. Each rule of rotation is the condition of one statement.

use async_trait::async_trait;
use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::{
    NewSession, RevokeReason, Rotated, Rotation, SessionId, SessionLimits, SessionRepository, Successor, TokenHash,
};
use mif_domain::users::{Role, UserId};
use sea_orm::{ActiveModelTrait as _, DatabaseBackend, NotSet, QueryResult, Set, Value};

use crate::entity::sessions as table;
use crate::unit_of_work::Transaction;

pub(crate) struct Sessions<'a>(pub(crate) &'a mut Transaction);

const ROTATE: &str = "\
    UPDATE sessions SET previous_hash = current_hash, current_hash = $2, sealed_successor = $3, \
      acked_generation = generation, generation = generation + 1, rotated_at = $4, last_used_at = $4 \
    WHERE current_hash = $1 AND revoked_at IS NULL AND expires_at > $4 AND generation <= $5 \
      AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.is_active) \
    RETURNING id, user_id, generation, (SELECT role FROM users WHERE users.id = sessions.user_id) AS role";

// Spent at once, although it is the previous one for now: the statements below look at `previous_hash` first.
const SPEND: &str = "INSERT INTO refresh_tokens_spent (token_hash, session_id) VALUES ($1, $2)";

const FIND_SUCCESSOR: &str = "\
    SELECT sessions.id, user_id, generation, role, sealed_successor \
    FROM sessions JOIN users ON users.id = user_id AND users.is_active \
    WHERE previous_hash = $1 AND revoked_at IS NULL AND expires_at > $2 AND sealed_successor IS NOT NULL \
      AND ((rotated_at > $3 AND rotated_at < $4) OR \
           (rotated_at > $5 AND rotated_at < $6 AND acked_generation < generation))";

const REVOKE_IF_REUSED: &str = "\
    UPDATE sessions SET revoked_at = $2, revoke_reason = 'token_reused', sealed_successor = NULL \
    WHERE revoked_at IS NULL AND expires_at > $2 AND ( \
      (previous_hash = $1 AND (rotated_at <= $3 OR rotated_at >= $4) AND acked_generation >= generation) OR \
      (id = (SELECT session_id FROM refresh_tokens_spent WHERE token_hash = $1) AND previous_hash IS DISTINCT FROM $1)) \
    RETURNING id, user_id";

const ACKNOWLEDGE: &str = "\
    UPDATE sessions SET acked_generation = $2, \
      sealed_successor = CASE WHEN rotated_at <= $3 OR rotated_at >= $4 THEN NULL ELSE sealed_successor END \
    WHERE id = $1 AND acked_generation < $2 AND generation >= $2";

const REVOKE: &str = "\
    UPDATE sessions SET revoked_at = $3, revoke_reason = $4, sealed_successor = NULL \
    WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3";

const REVOKE_ALL: &str = "\
    UPDATE sessions SET revoked_at = $3, revoke_reason = $4, sealed_successor = NULL \
    WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL AND expires_at > $3";

const REVOKE_OLDEST: &str = "\
    UPDATE sessions SET revoked_at = $2, revoke_reason = $3, sealed_successor = NULL \
    WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 \
                 ORDER BY created_at DESC, id DESC LIMIT 1000000 OFFSET $4)";

const IS_LIVE: &str = "SELECT id FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2";

const TO_WIPE: &str = "\
    SELECT id FROM sessions WHERE sealed_successor IS NOT NULL \
      AND (rotated_at <= $1 OR rotated_at >= $2 \
           OR ((rotated_at <= $3 OR rotated_at >= $4) AND acked_generation >= generation)) ORDER BY id LIMIT 1000";

const ENDED: &str = "SELECT id FROM sessions WHERE expires_at < $1 OR revoked_at < $1 ORDER BY id LIMIT 1000";

/// The two ends of a window: clocks of replicas differ a little, and one that was set back must not keep a window open.
fn around(at: Instant, window: TimeDelta) -> [Value; 2] {
    [(at - window).into(), (at + window).into()]
}

impl Sessions<'_> {
    fn rotated(&mut self, row: &QueryResult) -> Stored<Rotated> {
        let id = self.0.column(row, "id")?;
        let role: String = self.0.column(row, "role")?;
        let role = Role::from_stored(&role).ok_or_else(|| RepositoryError::corrupt("users", "role", id, "is unknown"));
        Ok(Rotated {
            session_id: SessionId(id),
            user_id: UserId(self.0.column(row, "user_id")?),
            generation: self.0.column(row, "generation")?,
            role: self.0.parsed(role)?,
        })
    }
}

#[async_trait]
impl SessionRepository for Sessions<'_> {
    async fn insert(&mut self, session: NewSession) -> Stored<SessionId> {
        let row = table::ActiveModel {
            id: NotSet,
            user_id: Set(session.user_id.0),
            device: Set(session.client.device().to_owned()),
            ip: Set(session.client.ip),
            user_agent: Set(session.client.user_agent.map(String::from)),
            created_at: Set(session.created_at),
            last_used_at: Set(session.created_at),
            expires_at: Set(session.expires_at),
            current_hash: Set(session.token_hash.0.to_vec()),
            previous_hash: Set(None),
            generation: Set(1),
            acked_generation: Set(0),
            rotated_at: Set(None),
            sealed_successor: Set(None),
            revoked_at: Set(None),
            revoke_reason: Set(None),
        };
        let result = row.insert(self.0.connection()).await;
        Ok(SessionId(self.0.checked(result)?.id))
    }

    async fn rotate(&mut self, rotation: &Rotation) -> Stored<Option<Rotated>> {
        let presented = rotation.presented.0.to_vec();
        let values = vec![
            presented.clone().into(),
            rotation.successor.0.to_vec().into(),
            rotation.sealed_successor.clone().into(),
            rotation.at.into(),
            SessionLimits::MAX_ROTATIONS.into(),
        ];
        let Some(row) = self.0.find(ROTATE, values).await? else { return Ok(None) };
        let rotated = self.rotated(&row)?;
        self.0.execute(SPEND, vec![presented.into(), rotated.session_id.0.into()]).await?;
        Ok(Some(rotated))
    }

    async fn find_successor(&mut self, presented: &TokenHash, at: Instant) -> Stored<Option<Successor>> {
        let mut values = vec![presented.0.to_vec().into(), at.into()];
        values.extend(around(at, SessionLimits::REPLAY));
        values.extend(around(at, SessionLimits::LOST_ANSWER));
        let Some(row) = self.0.find(FIND_SUCCESSOR, values).await? else { return Ok(None) };
        let session = self.rotated(&row)?;
        Ok(Some(Successor { session, sealed: self.0.column(&row, "sealed_successor")? }))
    }

    async fn revoke_if_reused(&mut self, presented: &TokenHash, at: Instant) -> Stored<Option<(SessionId, UserId)>> {
        let [from, to] = around(at, SessionLimits::REPLAY);
        let values = vec![presented.0.to_vec().into(), at.into(), from, to];
        let Some(row) = self.0.find(REVOKE_IF_REUSED, values).await? else { return Ok(None) };
        Ok(Some((SessionId(self.0.column(&row, "id")?), UserId(self.0.column(&row, "user_id")?))))
    }

    async fn acknowledge(&mut self, id: SessionId, generation: i64, at: Instant) -> Stored<()> {
        let [from, to] = around(at, SessionLimits::REPLAY);
        let values = vec![id.0.into(), generation.into(), from, to];
        self.0.execute(ACKNOWLEDGE, values).await.map(|_| ())
    }

    async fn is_live(&mut self, id: SessionId, at: Instant) -> Stored<bool> {
        Ok(self.0.find(IS_LIVE, vec![id.0.into(), at.into()]).await?.is_some())
    }

    async fn revoke(&mut self, user: UserId, id: SessionId, reason: RevokeReason, at: Instant) -> Stored<bool> {
        let values = vec![id.0.into(), user.0.into(), at.into(), reason.as_str().into()];
        Ok(self.0.execute(REVOKE, values).await? == 1)
    }

    async fn revoke_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        reason: RevokeReason,
        at: Instant,
    ) -> Stored<u64> {
        // No session has the identifier 0.
        let except = except.map_or(0, |id| id.0);
        self.0.execute(REVOKE_ALL, vec![user.0.into(), except.into(), at.into(), reason.as_str().into()]).await
    }

    async fn revoke_oldest(&mut self, user: UserId, keep: u32, at: Instant) -> Stored<u64> {
        let reason = RevokeReason::Displaced.as_str();
        self.0.execute(REVOKE_OLDEST, vec![user.0.into(), at.into(), reason.into(), i64::from(keep).into()]).await
    }

    async fn purge(&mut self, before: Instant, at: Instant) -> Stored<u64> {
        let values = [around(at, SessionLimits::LOST_ANSWER), around(at, SessionLimits::REPLAY)].concat();
        // Rows that somebody is working on are left for the next time.
        let free = if self.0.backend() == DatabaseBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        let wipe = format!("UPDATE sessions SET sealed_successor = NULL WHERE id IN ({TO_WIPE} {free})");
        let wiped = self.0.execute(&wipe, values).await?;
        let delete = format!("DELETE FROM sessions WHERE id IN ({ENDED} {free})");
        Ok(wiped + self.0.execute(&delete, vec![before.into()]).await?)
    }
}
