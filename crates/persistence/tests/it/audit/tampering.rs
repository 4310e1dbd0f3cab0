//! Whoever has the database can change it. Whoever verifies finds out, and is told where it begins.

use mif_application::audit::{Fault, FaultKind};
use mif_domain::audit::{AuditChain as _, Mark, MarkKind, SignedMark};
use mif_domain::paging::{Direction, Page, PageRequest, Position};
use mif_domain::queries::{AuditEntry, AuditFilter, AuditQueries as _, AuditSort};
use mif_persistence::{SeaAuditChain, SeaQueries};

use super::{Trail, on_both_databases};

on_both_databases!(
    an_untouched_trail_is_proved,
    the_database_itself_refuses_edits,
    an_edit_of_any_field_is_found,
    a_deleted_event_is_found,
    a_deleted_event_and_its_link_are_found,
    two_events_that_changed_places_are_found,
    an_event_with_another_time_is_found,
    an_inserted_link_is_found,
    a_row_that_does_not_read_is_found,
    a_tail_that_was_cut_off_is_found,
    a_tail_that_was_cut_off_with_the_last_checkpoint_is_found_by_the_file,
    a_chain_that_was_linked_anew_is_found_by_the_file,
    a_beginning_that_was_cut_off_is_found,
    a_forged_checkpoint_is_found,
    an_event_that_nobody_linked_is_found,
    a_row_that_nobody_can_read_does_not_stop_the_chain_and_is_found,
    nor_do_more_of_them_than_one_look_takes,
);

/// Thirty events, linked and sealed.
async fn thirty(trail: &Trail) {
    trail.append(30).await;
    trail.linker().close().await.unwrap();
}

async fn found(trail: &mut Trail, attack: &[&str]) -> Fault {
    thirty(trail).await;
    trail.disarm().await;
    trail.attack(attack).await;
    trail.fault(trail.checkpoints.all()).await
}

fn fault(seq: i64, event_id: i64, kind: FaultKind) -> Fault {
    Fault { seq, event_id: Some(event_id), kind }
}

async fn an_untouched_trail_is_proved(trail: &mut Trail) {
    thirty(trail).await;
    let proof = trail.proof().await;
    assert_eq!((proof.events, proof.last, proof.unlinked, proof.anchor), (30, 30, 0, None));
    assert_eq!(proof.newest.map(|newest| (newest.seq, newest.events)), Some((30, 30)));
    trail.append(2).await;
    let proof = trail.proof().await;
    assert_eq!((proof.events, proof.unlinked), (30, 2));
}

async fn the_database_itself_refuses_edits(trail: &mut Trail) {
    thirty(trail).await;
    for statement in ["UPDATE audit_events SET details = '{}'", "UPDATE audit_chain SET seq = seq + 100"] {
        let refused = match &mut trail.raw {
            super::Raw::Sqlite(raw) => sqlx::query(statement).execute(raw).await.map(drop),
            super::Raw::Postgres(raw) => sqlx::query(statement).execute(raw).await.map(drop),
        };
        assert!(refused.unwrap_err().to_string().contains("append-only"), "{statement}");
    }
}

async fn an_edit_of_any_field_is_found(trail: &mut Trail) {
    thirty(trail).await;
    trail.disarm().await;
    // From the back, so that each is the first that is wrong.
    for (id, change) in [
        (29, "kind = 'equipment.deleted'"),
        (28, "actor_id = 1"),
        (27, "ip = NULL"),
        (26, "ip = '203.0.113.8'"),
        (25, "request_id = 'r'"),
        (24, "resource = 'equipment/13'"),
        (23, "outcome = 'failure'"),
        (22, "details = '{\"n\":\"0\"}'"),
        (21, "details = details || ' '"),
    ] {
        trail.attack(&[&format!("UPDATE audit_events SET {change} WHERE id = {id}")]).await;
        assert_eq!(trail.fault(Vec::new()).await, fault(id, id, FaultKind::Altered), "{change}");
    }
}

async fn a_deleted_event_is_found(trail: &mut Trail) {
    let found = found(trail, &["DELETE FROM audit_events WHERE id = 17"]).await;
    assert_eq!(found, fault(17, 17, FaultKind::EventGone));
    assert_eq!(found.to_string(), "seq 17, event 17: the event was deleted");
}

async fn a_deleted_event_and_its_link_are_found(trail: &mut Trail) {
    let attack = ["DELETE FROM audit_events WHERE id = 17", "DELETE FROM audit_chain WHERE seq = 17"];
    let missing = Fault { seq: 17, event_id: None, kind: FaultKind::MissingLink { next: 18 } };
    assert_eq!(found(trail, &attack).await, missing);
    trail.attack(&["UPDATE audit_chain SET seq = seq - 1 WHERE seq = 18"]).await;
    assert_eq!(trail.fault(Vec::new()).await, fault(17, 18, FaultKind::DoesNotFollow));
}

async fn two_events_that_changed_places_are_found(trail: &mut Trail) {
    let attack = [
        "UPDATE audit_chain SET event_id = 999 WHERE seq = 17",
        "UPDATE audit_chain SET event_id = 17 WHERE seq = 18",
        "UPDATE audit_chain SET event_id = 18 WHERE seq = 17",
    ];
    assert_eq!(found(trail, &attack).await, fault(17, 18, FaultKind::Altered));
}

async fn an_event_with_another_time_is_found(trail: &mut Trail) {
    let attack = "UPDATE audit_events SET at = '2026-01-05T06:59:59.999999+00:00' WHERE id = 17";
    assert_eq!(found(trail, &[attack]).await, fault(17, 17, FaultKind::Altered));
}

async fn an_inserted_link_is_found(trail: &mut Trail) {
    let attack = [
        "INSERT INTO audit_events (id, at, kind, outcome, details) \
           VALUES (31, '2026-01-05T07:00:30+00:00', 'user.updated', 'success', '{}')",
        "INSERT INTO audit_chain (seq, event_id, prev_hash, hash) \
           SELECT 31, 31, hash, prev_hash FROM audit_chain WHERE seq = 30",
    ];
    assert_eq!(found(trail, &attack).await, fault(31, 31, FaultKind::Altered));
}

async fn a_row_that_does_not_read_is_found(trail: &mut Trail) {
    // PostgreSQL keeps its types whoever asks; there the nearest are times that no calendar of ours has.
    let attack = match trail.raw {
        super::Raw::Sqlite(_) => "UPDATE audit_events SET at = 'hier' WHERE id = 17",
        super::Raw::Postgres(_) => "UPDATE audit_events SET at = '294000-01-01' WHERE id = 17",
    };
    assert_eq!(found(trail, &[attack]).await, fault(17, 17, FaultKind::EventUnreadable));
    if matches!(trail.raw, super::Raw::Postgres(_)) {
        trail.attack(&["UPDATE audit_events SET at = '-infinity' WHERE id = 16"]).await;
        assert_eq!(trail.fault(Vec::new()).await, fault(16, 16, FaultKind::EventUnreadable));
    }
}

/// What somebody who looks at the trail is shown first.
async fn newest(trail: &Trail) -> Page<AuditEntry> {
    let page = PageRequest {
        sort: AuditSort::Id,
        direction: Direction::Descending,
        limit: 50,
        position: Position::First,
        with_total: true,
    };
    SeaQueries(trail.database.clone()).list_audit(&AuditFilter::default(), &page).await.unwrap()
}

/// Nothing forbids to insert: whoever has the database could stop the chain for good with one row.
async fn a_row_that_nobody_can_read_does_not_stop_the_chain_and_is_found(trail: &mut Trail) {
    thirty(trail).await;
    let at = if matches!(trail.raw, super::Raw::Sqlite(_)) { "hier" } else { "infinity" };
    let insert = format!(
        "INSERT INTO audit_events (id, at, kind, outcome, details) VALUES (31, '{at}', 'user.updated', 'success', '{{}}')"
    );
    trail.attack(&[&insert]).await;
    if matches!(trail.raw, super::Raw::Postgres(_)) {
        trail.attack(&["ALTER TABLE audit_events ALTER COLUMN id RESTART WITH 32"]).await;
    }
    trail.append(5).await;
    let linker = trail.linker();
    assert_eq!(linker.run_once().await, Ok(5));
    assert_eq!(linker.run_once().await, Ok(0));
    linker.close().await.unwrap();
    let found = trail.fault(trail.checkpoints.all()).await;
    assert_eq!(found, Fault { seq: 0, event_id: Some(31), kind: FaultKind::EventUnreadable });
    assert_eq!(found.to_string(), "seq 0, event 31: what stands there cannot be read: this program did not write it");
    // Nor does it keep anybody from reading the others.
    let read = newest(trail).await;
    assert_eq!((read.items.len(), read.total), (35, Some(35)));
    // Nor does it hide behind what is linked late.
    trail.append(1).await;
    trail.clock.advance(chrono::TimeDelta::minutes(5));
    assert_eq!(trail.fault(Vec::new()).await, found);
}

async fn nor_do_more_of_them_than_one_look_takes(trail: &mut Trail) {
    thirty(trail).await;
    let forged: &[&str] = match trail.raw {
        // A word, a day that no month has, and one that is none of UTF-8.
        super::Raw::Sqlite(_) => &["WITH RECURSIVE n (i) AS (SELECT 31 UNION ALL SELECT i + 1 FROM n WHERE i < 1100) \
            INSERT INTO audit_events (id, at, kind, outcome, details) SELECT i, \
              CASE i % 3 WHEN 0 THEN 'hier' WHEN 1 THEN '2126-02-30T00:00:00+00:00' ELSE '2026-01-05T07:00:00+00:00' END, \
              CASE i % 3 WHEN 2 THEN CAST(x'ff' AS TEXT) ELSE 'user.updated' END, 'success', '{}' FROM n"],
        super::Raw::Postgres(_) => &[
            "INSERT INTO audit_events (id, at, kind, outcome, details) \
               SELECT i, 'infinity', 'user.updated', 'success', '{}' FROM generate_series(31, 1100) AS i",
            "ALTER TABLE audit_events ALTER COLUMN id RESTART WITH 1101",
        ],
    };
    trail.attack(forged).await;
    trail.append(5).await;
    trail.linker().close().await.unwrap();
    let end = SeaAuditChain(trail.database.clone()).end().await.unwrap();
    assert_eq!((end.seq, end.event_id), (35, 1105));
    let found = trail.fault(trail.checkpoints.all()).await;
    assert_eq!(found, Fault { seq: 0, event_id: Some(31), kind: FaultKind::EventUnreadable });
    let read = newest(trail).await;
    assert!(read.items.iter().any(|entry| entry.event.id == 1105), "{read:?}");
}

const CUT: [&str; 2] = ["DELETE FROM audit_chain WHERE seq > 20", "DELETE FROM audit_events WHERE id > 20"];

async fn a_tail_that_was_cut_off_is_found(trail: &mut Trail) {
    let found = found(trail, &CUT).await;
    assert_eq!((found.seq, found.event_id), (21, None));
    assert!(matches!(found.kind, FaultKind::TailCut { covered: 30, .. }), "{found}");
    // The checkpoint in the database is enough.
    assert_eq!(trail.fault(Vec::new()).await, found);
}

async fn a_tail_that_was_cut_off_with_the_last_checkpoint_is_found_by_the_file(trail: &mut Trail) {
    let [chain, events] = CUT;
    let found = found(trail, &[chain, events, "DELETE FROM audit_marks"]).await;
    assert!(found.seq == 21 && matches!(found.kind, FaultKind::TailCut { covered: 30, .. }), "{found}");
    assert!(trail.verify_against(Vec::new()).await.is_ok(), "without the file it is a shorter trail, and a whole one");
}

async fn a_chain_that_was_linked_anew_is_found_by_the_file(trail: &mut Trail) {
    trail.append(10).await;
    trail.linker().close().await.unwrap();
    trail.append(20).await;
    trail.linker().close().await.unwrap();
    let kept = trail.checkpoints.all();
    trail.disarm().await;
    let edit = "UPDATE audit_events SET resource = 'equipment/13' WHERE id = 17";
    trail.attack(&[edit, "DELETE FROM audit_chain", "DELETE FROM audit_marks"]).await;
    trail.linker().close().await.unwrap();
    let found = trail.fault(kept).await;
    assert_eq!((found.seq, found.event_id), (30, Some(30)));
    assert!(matches!(found.kind, FaultKind::Rewritten { agreed: 10, .. }), "{found}");
}

async fn a_beginning_that_was_cut_off_is_found(trail: &mut Trail) {
    let attack = ["DELETE FROM audit_chain WHERE seq <= 5", "DELETE FROM audit_events WHERE id <= 5"];
    let missing = Fault { seq: 1, event_id: None, kind: FaultKind::MissingLink { next: 6 } };
    assert_eq!(found(trail, &attack).await, missing);
    // An anchor would excuse it, if it were signed. Not even a genuine checkpoint passes for one.
    let anchor = "INSERT INTO audit_marks (kind, seq, hash, at, events, key_id, signature) \
        SELECT 'anchor', c.seq - 1, c.prev_hash, m.at, m.events, m.key_id, m.signature \
        FROM audit_marks AS m, audit_chain AS c WHERE c.seq = 6";
    trail.attack(&[anchor]).await;
    assert_eq!(trail.fault(Vec::new()).await, Fault { seq: 5, event_id: None, kind: FaultKind::Forged("anchor") });
}

async fn a_forged_checkpoint_is_found(trail: &mut Trail) {
    thirty(trail).await;
    let genuine = trail.checkpoints.all().pop().unwrap();
    let changed = [
        Mark { seq: 29, ..genuine.mark },
        Mark { events: 29, ..genuine.mark },
        Mark { kind: MarkKind::Anchor, ..genuine.mark },
        Mark { at: genuine.mark.at + chrono::TimeDelta::microseconds(1), ..genuine.mark },
    ];
    for mark in changed {
        let found = trail.fault(vec![SignedMark { mark, ..genuine.clone() }]).await;
        assert_eq!(found, Fault { seq: mark.seq, event_id: None, kind: FaultKind::Forged("checkpoint") });
    }
    trail.attack(&["UPDATE audit_marks SET events = 29"]).await;
    assert_eq!(trail.fault(Vec::new()).await.kind, FaultKind::Forged("checkpoint"));
}

async fn an_event_that_nobody_linked_is_found(trail: &mut Trail) {
    thirty(trail).await;
    trail.append(2).await;
    assert_eq!(trail.proof().await.unlinked, 2);
    trail.clock.advance(chrono::TimeDelta::seconds(60));
    let found = trail.fault(Vec::new()).await;
    assert_eq!(found, Fault { seq: 0, event_id: Some(31), kind: FaultKind::Overdue { others: 1 } });
    trail.linker().close().await.unwrap();
    assert_eq!(trail.proof().await.events, 32);
}
