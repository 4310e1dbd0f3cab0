//! Sessions, read.

use mif_domain::Instant;
use mif_domain::customers::CustomerId;
use mif_domain::queries::SessionView;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::sessions::{SessionId, SessionState};
use mif_domain::technicians::TechnicianId;
use mif_domain::users::{Language, Role, UserId};
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QueryResult};

use super::SeaQueries;
use crate::entity::sessions as table;
use crate::errors::plain;

const STATE: &str = "\
    SELECT sessions.id, sessions.user_id, username, role, customer_id, technicians.id AS technician_id, language, \
      must_change_password, mfa_active, generation, acked_generation \
    FROM sessions JOIN users ON users.id = sessions.user_id \
      LEFT JOIN technicians ON technicians.user_id = users.id AND archived_at IS NULL \
    WHERE sessions.id = $1 AND revoked_at IS NULL AND expires_at > $2 AND is_active";

pub(super) async fn find_state(queries: &SeaQueries, id: SessionId, at: Instant) -> Stored<Option<SessionState>> {
    let Some(row) = queries.one(STATE, vec![id.0.into(), at.into()]).await? else { return Ok(None) };
    let (role, language): (String, String) = words(&row).map_err(plain)?;
    let bad = |column| RepositoryError::corrupt("users", column, id.0, "is unknown");
    let role = Role::from_stored(&role).ok_or_else(|| bad("role"))?;
    let language = Language::from_stored(&language).ok_or_else(|| bad("language"))?;
    state(&row, role, language).map(Some).map_err(plain)
}

fn words(row: &QueryResult) -> Result<(String, String), DbErr> {
    Ok((row.try_get("", "role")?, row.try_get("", "language")?))
}

fn state(row: &QueryResult, role: Role, language: Language) -> Result<SessionState, DbErr> {
    Ok(SessionState {
        session_id: SessionId(row.try_get("", "id")?),
        user_id: UserId(row.try_get("", "user_id")?),
        username: row.try_get("", "username")?,
        role,
        customer_id: row.try_get::<Option<i64>>("", "customer_id")?.map(CustomerId),
        technician_id: row.try_get::<Option<i64>>("", "technician_id")?.map(TechnicianId),
        language,
        must_change_password: row.try_get("", "must_change_password")?,
        mfa_active: row.try_get("", "mfa_active")?,
        generation: row.try_get("", "generation")?,
        acked_generation: row.try_get("", "acked_generation")?,
    })
}

/// At most [`SessionLimits::MAX_PER_USER`](mif_domain::sessions::SessionLimits::MAX_PER_USER), so it needs no pages.
pub(super) async fn list(queries: &SeaQueries, user: UserId, at: Instant) -> Stored<Vec<SessionView>> {
    let rows = table::Entity::find()
        .filter(table::Column::UserId.eq(user.0))
        .filter(table::Column::RevokedAt.is_null())
        .filter(table::Column::ExpiresAt.gt(at))
        .order_by_desc(table::Column::CreatedAt)
        .order_by_desc(table::Column::Id)
        .all(&queries.0.reader)
        .await
        .map_err(plain)?;
    let view = |row: table::Model| SessionView {
        id: SessionId(row.id),
        device: row.device,
        ip: row.ip,
        user_agent: row.user_agent,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
    };
    Ok(rows.into_iter().map(view).collect())
}
