//! What the database itself refuses, whoever asks.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_persistence::{Database, SeaUnitsOfWork};
use mif_testkit::T0;

use crate::{postgres, sqlite};

async fn one_audit_event(database: &Database) {
    let mut unit = SeaUnitsOfWork(database.clone()).begin().await.unwrap();
    let event = AuditEvent::success(AuditKind::ConfigStarted, AuditOrigin::default(), T0).with("profil", "é\"\\");
    unit.audit().append(event).await.unwrap();
    unit.commit().await.unwrap();
}

const READ_AUDIT: &str = "SELECT kind, outcome, details FROM audit_events";
const EDIT_AUDIT: &str = "UPDATE audit_events SET outcome = 'failure'";

fn event() -> (String, String, String) {
    ("config.started".to_owned(), "success".to_owned(), r#"{"profil":"é\"\\"}"#.to_owned())
}

#[tokio::test]
async fn an_audit_event_cannot_be_edited_on_sqlite() {
    let file = sqlite::File::migrated().await;
    one_audit_event(&file.database).await;
    let mut raw = file.raw().await;
    let refused = sqlx::query(EDIT_AUDIT).execute(&mut raw).await.unwrap_err();
    assert!(refused.to_string().contains("append-only"), "{refused}");
    assert_eq!(sqlx::query_as::<_, (String, String, String)>(READ_AUDIT).fetch_one(&mut raw).await.unwrap(), event());
}

#[tokio::test]
async fn an_audit_event_cannot_be_edited_on_postgres() {
    let postgres = postgres::migrated().await;
    one_audit_event(&postgres.database).await;
    let mut raw = postgres.raw().await;
    let refused = sqlx::query(EDIT_AUDIT).execute(&mut raw).await.unwrap_err();
    assert!(refused.to_string().contains("append-only"), "{refused}");
    assert_eq!(sqlx::query_as::<_, (String, String, String)>(READ_AUDIT).fetch_one(&mut raw).await.unwrap(), event());
}

/// Rows that no version of this program would write: words outside the closed sets, hashes of the wrong length, half an
/// end of a session, a machine that is its own parent, an instant of the wrong type.
const WRONG: &[&str] = &[
    "INSERT INTO customers (name, created_at) VALUES ('', '2026-01-01T00:00:00+00:00')",
    "INSERT INTO refresh_tokens_spent (token_hash, session_id) VALUES ('court', 1)",
    "INSERT INTO outbox (kind, payload, created_at, due_at, attempts) \
       VALUES ('k', '{}', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', -1)",
    "INSERT INTO audit_events (at, kind, outcome, details) VALUES ('2026-01-01T00:00:00+00:00', 'k', 'perhaps', '{}')",
    "INSERT INTO equipment (id, name, kind, location, parent_id, status, criticality, search_text, created_at, \
       updated_at, version) VALUES (7, 'n', 'k', 'l', 7, 'operational', 'standard', '', '2026-01-01T00:00:00+00:00', \
       '2026-01-01T00:00:00+00:00', 1)",
    "INSERT INTO equipment (name, kind, location, status, criticality, search_text, created_at, updated_at, version) \
       VALUES ('n', 'k', 'l', 'broken', 'standard', '', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', 1)",
];

#[tokio::test]
async fn sqlite_refuses_rows_that_make_no_sense() {
    let file = sqlite::File::migrated().await;
    let mut raw = file.raw().await;
    for wrong in WRONG {
        assert!(sqlx::query(*wrong).execute(&mut raw).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn postgres_refuses_rows_that_make_no_sense() {
    let postgres = postgres::migrated().await;
    let mut raw = postgres.raw().await;
    for wrong in WRONG {
        assert!(sqlx::query(*wrong).execute(&mut raw).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_row_that_does_not_parse_is_corrupt_and_names_its_place() {
    let file = sqlite::File::migrated().await;
    let work = SeaUnitsOfWork(file.database.clone());
    let mut unit = work.begin().await.unwrap();
    let user = unit.users().insert(mif_testkit::a_user("karim").build(), T0).await.unwrap();
    unit.commit().await.unwrap();
    sqlx::query("UPDATE users SET email = 'rien'").execute(&mut file.raw().await).await.unwrap();
    let mut unit = work.begin().await.unwrap();
    let error = unit.users().find_for_update(user.id).await.unwrap_err().to_string();
    assert!(error.contains(&format!("users.email of row {}", user.id.0)), "{error}");
    unit.commit().await.unwrap_err();
}
