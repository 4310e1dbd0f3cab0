//! What is forgotten, what is not, and that the rest still proves itself.

use chrono::TimeDelta;
use mif_application::audit::FaultKind;

use super::{KEPT, Trail, on_both_databases};

on_both_databases!(
    old_events_are_forgotten_and_the_rest_is_proved,
    nothing_is_forgotten_beyond_the_newest_checkpoint,
    what_was_changed_is_not_forgotten,
    a_chain_that_was_pruned_is_still_found_when_it_is_cut,
);

/// Some old events, and some a year later.
async fn old_and_new(trail: &Trail, old: usize, new: usize) {
    trail.append(old).await;
    trail.linker().close().await.unwrap();
    trail.clock.advance(KEPT);
    trail.append(new).await;
    trail.linker().close().await.unwrap();
}

async fn run(trail: &Trail) -> usize {
    let (linker, mut forgotten) = (trail.linker(), 0);
    loop {
        match linker.run_once().await.unwrap() {
            0 => break,
            // The event that tells about it is linked in the next round.
            1 => {}
            batch => forgotten += batch,
        }
    }
    linker.close().await.unwrap();
    forgotten
}

async fn old_events_are_forgotten_and_the_rest_is_proved(trail: &mut Trail) {
    old_and_new(trail, 700, 5).await;
    assert_eq!(run(trail).await, 700);
    let proof = trail.proof().await;
    assert_eq!(proof.anchor.map(|anchor| (anchor.seq, anchor.events)), Some((700, 700)));
    // Two batches, so two events that tell about it.
    assert_eq!((proof.events, proof.last, proof.unlinked), (7, 707, 0));
    assert_eq!(proof.forgotten, 6, "the checkpoints of 100 to 600; the anchor vouches for that of 700");
    trail.clock.advance(TimeDelta::hours(23));
    assert_eq!(run(trail).await, 0, "the others are not old yet");
}

async fn nothing_is_forgotten_beyond_the_newest_checkpoint(trail: &mut Trail) {
    trail.append(10).await;
    trail.linker().close().await.unwrap();
    trail.clock.advance(KEPT + KEPT);
    assert_eq!(run(trail).await, 9);
    let proof = trail.proof().await;
    assert_eq!((proof.anchor.unwrap().seq, proof.events), (9, 2));
}

async fn what_was_changed_is_not_forgotten(trail: &mut Trail) {
    old_and_new(trail, 30, 1).await;
    trail.disarm().await;
    trail.attack(&["UPDATE audit_events SET resource = 'equipment/13' WHERE id = 17"]).await;
    assert_eq!(run(trail).await, 16);
    let fault = trail.fault(trail.checkpoints.all()).await;
    assert_eq!((fault.seq, fault.event_id, fault.kind), (17, Some(17), FaultKind::Altered));
}

async fn a_chain_that_was_pruned_is_still_found_when_it_is_cut(trail: &mut Trail) {
    old_and_new(trail, 30, 5).await;
    run(trail).await;
    trail.disarm().await;
    trail.attack(&["DELETE FROM audit_chain", "DELETE FROM audit_events"]).await;
    let fault = trail.fault(Vec::new()).await;
    assert!(fault.seq == 31 && matches!(fault.kind, FaultKind::TailCut { covered: 36, .. }), "{fault}");
    trail.attack(&["DELETE FROM audit_marks WHERE kind = 'checkpoint'"]).await;
    assert!(matches!(trail.fault(trail.checkpoints.all()).await.kind, FaultKind::TailCut { covered: 36, .. }));
}
