//! The one place where a driver's error becomes a [`RepositoryError`].

use std::borrow::Cow;

use mif_domain::{Constraint, RepositoryError};
use sea_orm::{DbErr, RuntimeErr, SqlErr};
use sqlx::error::DatabaseError;

/// Translates an error of the database. `foreign_key` is what a broken reference means in the calling method: SQLite
/// does not say which one it was; PostgreSQL does, and its word counts.
#[expect(clippy::needless_pass_by_value, reason = "the error ends here")]
pub(crate) fn translate(error: DbErr, foreign_key: Constraint) -> RepositoryError {
    let name = constraint_name(&error);
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => {
            return RepositoryError::Conflict(unique(name.as_deref().unwrap_or(&message)));
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
            // The same constraint breaks from both ends; only the calling method knows that it deletes.
            let named = name.as_deref().and_then(reference).filter(|_| foreign_key != Constraint::StillReferenced);
            return RepositoryError::Conflict(named.unwrap_or(foreign_key));
        }
        _ => {}
    }
    if let Some(meaning) = driver_error(&error).and_then(check) {
        return RepositoryError::Conflict(meaning);
    }
    match &error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => RepositoryError::Unavailable(error.to_string()),
        DbErr::Exec(RuntimeErr::SqlxError(driver)) | DbErr::Query(RuntimeErr::SqlxError(driver)) => match &**driver {
            sqlx::Error::Database(database) if gives_hope(database.code().as_deref().unwrap_or_default()) => {
                RepositoryError::Unavailable(error.to_string())
            }
            sqlx::Error::Database(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
                RepositoryError::Corrupt(error.to_string())
            }
            _ => RepositoryError::Unavailable(error.to_string()),
        },
        _ => RepositoryError::Corrupt(error.to_string()),
    }
}

/// The same for methods that cannot break a reference.
pub(crate) fn plain(error: DbErr) -> RepositoryError {
    translate(error, Constraint::Other)
}

/// Whether the database did what it is there for: it refused what a rule forbids and somebody may well ask for, such as a name
/// that is taken. A rule that no request should be able to break is none of these.
pub(crate) fn is_refusal(error: &DbErr) -> bool {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) => {
            unique(constraint_name(error).as_deref().unwrap_or(&message)) != Constraint::Other
        }
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => true,
        _ => driver_error(error).and_then(check).is_some(),
    }
}

/// What a trace calls the error: the code that the database gave it, or where it came from. Never its text, which may hold
/// values.
pub(crate) fn kind(error: &DbErr) -> Cow<'_, str> {
    match driver_error(error).and_then(DatabaseError::code) {
        Some(code) => code,
        None if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) => "connection".into(),
        None => "driver".into(),
    }
}

/// Whether the error is PostgreSQL's `lock_timeout`.
pub(crate) fn is_lock_timeout(error: &DbErr) -> bool {
    matches!(error, DbErr::Exec(RuntimeErr::SqlxError(driver)) | DbErr::Query(RuntimeErr::SqlxError(driver))
        if matches!(&**driver, sqlx::Error::Database(database) if database.code().as_deref() == Some("55P03")))
}

/// Codes after which trying again may help.
fn gives_hope(code: &str) -> bool {
    // PostgreSQL: connection trouble (08), out of resources (53), operator intervention such as a time-out or a
    // shutdown (57), serialisation failures and deadlocks (40), a lock not available (55P03).
    let postgres =
        code.len() == 5 && (["08", "53", "57", "40"].iter().any(|class| code.starts_with(class)) || code == "55P03");
    // SQLite: the primary code is the low byte: BUSY, LOCKED, IOERR, FULL, CANTOPEN.
    let sqlite = code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14)) && code.len() < 5;
    postgres || sqlite
}

/// The name that PostgreSQL gives in a field of its own: its text is in the language of the server.
fn constraint_name(error: &DbErr) -> Option<String> {
    driver_error(error)?.constraint().map(str::to_owned)
}

fn driver_error(error: &DbErr) -> Option<&dyn DatabaseError> {
    let (DbErr::Exec(RuntimeErr::SqlxError(driver)) | DbErr::Query(RuntimeErr::SqlxError(driver))) = error else {
        return None;
    };
    driver.as_database_error()
}

/// A condition on a row that values alone do not ensure: a new machine whose parent is the identifier that it is about to
/// get. PostgreSQL has a name of its own for the condition, SQLite that of the reference which it is written behind.
fn check(error: &dyn DatabaseError) -> Option<Constraint> {
    let own_parent = match error.constraint() {
        Some(name) => name == "equipment_check",
        None => error.message().ends_with("CHECK constraint failed: equipment_parent_id_fkey"),
    };
    (error.is_check_violation() && own_parent).then_some(Constraint::UnknownParent)
}

/// PostgreSQL names the constraint; SQLite says `UNIQUE constraint failed: table.column`.
fn unique(name: &str) -> Constraint {
    let meanings = [
        ("users_username_key", "users.username", Constraint::UsernameTaken),
        ("users_email_norm_key", "users.email_norm", Constraint::EmailTaken),
        ("equipment_code_key", "equipment.code", Constraint::EquipmentCodeTaken),
        ("skills_name_norm_key", "skills.name_norm", Constraint::SkillNameTaken),
        ("technicians_user_id_key", "technicians.user_id", Constraint::TechnicianExists),
        ("equipment_serial_number_key", "equipment.serial_number", Constraint::SerialNumberTaken),
    ];
    let column = sqlite_unique(name);
    meanings
        .iter()
        .find(|(constraint, columns, _)| column.map_or(name == *constraint, |found| found == *columns))
        .map_or(Constraint::Other, |(_, _, meaning)| *meaning)
}

/// A foreign key of PostgreSQL, met by a row that points at nothing.
fn reference(name: &str) -> Option<Constraint> {
    match name {
        "users_customer_id_fkey" | "equipment_customer_id_fkey" => Some(Constraint::UnknownCustomer),
        "interventions_equipment_id_fkey" => Some(Constraint::UnknownEquipment),
        "technician_skills_skill_id_fkey" => Some(Constraint::UnknownSkill),
        "equipment_parent_id_fkey" => Some(Constraint::UnknownParent),
        _ => None,
    }
}

/// The columns in `UNIQUE constraint failed: t.a, t.b`.
fn sqlite_unique(message: &str) -> Option<&str> {
    message.split_once("UNIQUE constraint failed: ").map(|(_, columns)| columns.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_names_columns() {
        assert_eq!(unique("UNIQUE constraint failed: users.email_norm"), Constraint::EmailTaken);
        assert_eq!(unique("UNIQUE constraint failed: users.username"), Constraint::UsernameTaken);
        assert_eq!(
            unique("UNIQUE constraint failed: idempotency_keys.user_id, idempotency_keys.key"),
            Constraint::Other
        );
    }

    #[test]
    fn postgres_names_constraints() {
        assert_eq!(unique("equipment_code_key"), Constraint::EquipmentCodeTaken);
        assert_eq!(unique("sessions_current_hash_key"), Constraint::Other);
        assert_eq!(reference("equipment_parent_id_fkey"), Some(Constraint::UnknownParent));
        assert_eq!(reference("audit_events_actor_id_fkey"), None);
    }

    #[test]
    fn time_outs_and_busy_databases_give_hope_and_syntax_errors_do_not() {
        for code in ["08006", "57014", "40P01", "55P03", "5", "517", "13"] {
            assert!(gives_hope(code), "{code}");
        }
        for code in ["42601", "23514", "1", "1811", ""] {
            assert!(!gives_hope(code), "{code}");
        }
    }
}
