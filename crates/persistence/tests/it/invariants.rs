//! What the database itself refuses, whoever asks.

use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::interventions::{NewHistoryEntry, NewIntervention, Status};
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_persistence::{Database, SeaUnitsOfWork};
use mif_testkit::{T0, an_equipment, an_intervention};

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

/// An open intervention on a machine, with the entry of its creation.
async fn one_intervention(database: &Database) {
    let mut unit = SeaUnitsOfWork(database.clone()).begin().await.unwrap();
    let machine = unit.equipment().insert(an_equipment("Presse 4").build(), T0).await.unwrap().id;
    let reference = unit.interventions().next_reference(2026).await.unwrap();
    let draft = an_intervention("Fuite", machine).build();
    let work = unit.interventions().insert(NewIntervention::reported(reference, draft), T0).await.unwrap();
    let entry = NewHistoryEntry {
        intervention_id: work.id,
        user_id: None,
        from: None,
        status: Status::Open,
        remark: None,
        is_internal: false,
        at: T0,
    };
    unit.interventions().append_history(entry).await.unwrap();
    unit.commit().await.unwrap();
}

const EDIT_HISTORY: &str = "UPDATE intervention_history SET status = 'closed'";

/// What no step of the life cycle leads to, and slots and numbers that no program of ours writes.
const WRONG_WORK: &[&str] = &[
    "UPDATE interventions SET status = 'assigned'",
    "UPDATE interventions SET status = 'in_progress'",
    "UPDATE interventions SET status = 'closed'",
    "UPDATE interventions SET status = 'finished'",
    "UPDATE interventions SET closed_at = created_at",
    "UPDATE interventions SET planned_start_at = created_at",
    "UPDATE interventions SET planned_end_at = created_at",
    "UPDATE interventions SET planned_start_at = created_at, planned_end_at = created_at",
    "UPDATE interventions SET estimated_minutes = -1",
    "UPDATE interventions SET downtime_minutes = 525601",
    "UPDATE interventions SET rating = 6",
    "UPDATE interventions SET equipment_id = 404",
    "UPDATE interventions SET technician_id = 404",
    "UPDATE interventions SET title = ''",
    "DELETE FROM equipment",
    "DELETE FROM interventions",
];

#[tokio::test]
async fn work_that_makes_no_sense_and_edited_history_are_refused_on_sqlite() {
    let file = sqlite::File::migrated().await;
    one_intervention(&file.database).await;
    let mut raw = file.raw().await;
    let refused = sqlx::query(EDIT_HISTORY).execute(&mut raw).await.unwrap_err();
    assert!(refused.to_string().contains("append-only"), "{refused}");
    for wrong in WRONG_WORK {
        assert!(sqlx::query(*wrong).execute(&mut raw).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn work_that_makes_no_sense_and_edited_history_are_refused_on_postgres() {
    let postgres = postgres::migrated().await;
    one_intervention(&postgres.database).await;
    let mut raw = postgres.raw().await;
    let refused = sqlx::query(EDIT_HISTORY).execute(&mut raw).await.unwrap_err();
    assert!(refused.to_string().contains("append-only"), "{refused}");
    for wrong in WRONG_WORK {
        assert!(sqlx::query(*wrong).execute(&mut raw).await.is_err(), "{wrong}");
    }
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
    "INSERT INTO customers (name, created_at, business_id) VALUES ('n', '2026-01-01T00:00:00+00:00', '123')",
    "INSERT INTO customers (name, created_at, service_level) VALUES ('n', '2026-01-01T00:00:00+00:00', 'gold')",
    "INSERT INTO technician_skills (technician_id, skill_id, level) VALUES (404, 404, 'expert')",
    "INSERT INTO unknown_guesses (address, failures, since) VALUES ('203.0.113.9', 6, '2026-01-01T00:00:00+00:00')",
    "INSERT INTO account_guesses (user_id, failures, is_told) VALUES (404, 1, FALSE)",
    "INSERT INTO password_history (user_id, password_hash, replaced_at) \
       VALUES (404, '$argon2id$', '2026-01-01T00:00:00+00:00')",
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
