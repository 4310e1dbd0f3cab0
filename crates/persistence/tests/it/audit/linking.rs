//! The linker: when it links and seals, and what happens when there are two.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use mif_domain::Clock as _;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_persistence::SeaUnitsOfWork;
use mif_testkit::{FakeClock, T0};

use super::{Trail, event, on_both_databases};

on_both_databases!(
    a_checkpoint_is_made_every_hundred_events_and_every_ten_seconds,
    without_anything_new_nothing_is_written,
    what_another_linker_left_behind_is_linked,
    writers_and_two_linkers_leave_neither_gap_nor_fork,
);

fn sealed(trail: &Trail) -> Vec<i64> {
    trail.checkpoints.all().iter().map(|checkpoint| checkpoint.mark.seq).collect()
}

async fn a_checkpoint_is_made_every_hundred_events_and_every_ten_seconds(trail: &mut Trail) {
    let linker = trail.linker();
    trail.append(250).await;
    assert_eq!(linker.run_once().await, Ok(250));
    assert_eq!(sealed(trail), [100, 200]);
    for _ in 0..2 {
        assert_eq!(linker.run_once().await, Ok(0));
        assert_eq!(sealed(trail), [100, 200]);
        trail.clock.advance(TimeDelta::milliseconds(4900));
    }
    trail.clock.advance(TimeDelta::milliseconds(200));
    linker.run_once().await.unwrap();
    assert_eq!(sealed(trail), [100, 200, 250]);
    assert_eq!(trail.proof().await.checkpoints, 4, "three, and the newest once more in the database");
}

async fn without_anything_new_nothing_is_written(trail: &mut Trail) {
    let linker = trail.linker();
    trail.append(3).await;
    linker.run_once().await.unwrap();
    for _ in 0..100 {
        trail.clock.advance(TimeDelta::seconds(30));
        assert_eq!(linker.run_once().await, Ok(0));
    }
    assert_eq!(sealed(trail), [3]);
}

async fn what_another_linker_left_behind_is_linked(trail: &mut Trail) {
    let died = trail.linker_at(Arc::clone(&trail.clock), 1);
    trail.append(5).await;
    assert_eq!(died.run_once().await, Ok(5));
    drop(died);
    // A second before the other's lease ends, and then.
    let next = trail.linker_at(Arc::clone(&trail.clock), 2);
    trail.append(2).await;
    assert_eq!(next.run_once().await, Ok(0));
    trail.clock.advance(TimeDelta::seconds(1));
    assert_eq!(next.run_once().await, Ok(2));
    assert_eq!(next.run_once().await, Ok(0));
    next.close().await.unwrap();
    assert_eq!(trail.proof().await.events, 7);
}

const WRITERS: usize = 64;

/// Events of each writer; `MIF_TEST_AUDIT_EVENTS` asks for more.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests may want it longer")]
fn events_of_each() -> usize {
    std::env::var("MIF_TEST_AUDIT_EVENTS").map_or(10, |text| text.parse().expect("MIF_TEST_AUDIT_EVENTS is a number"))
}

/// The clock of the second linker is an hour ahead, so it takes the lease from the first one whenever it likes: only the
/// chain itself stands between them.
async fn writers_and_two_linkers_leave_neither_gap_nor_fork(trail: &mut Trail) {
    let each = events_of_each();
    let done = Arc::new(AtomicBool::new(false));
    let clocks = [Arc::clone(&trail.clock), Arc::new(FakeClock::at(T0 + TimeDelta::hours(1)))];
    let racing: Vec<_> = clocks
        .into_iter()
        .zip(1..)
        .map(|(clock, seed)| {
            let (linker, clock) = (trail.linker_at(Arc::clone(&clock), seed), clock);
            let done = Arc::clone(&done);
            tokio::spawn(async move {
                let mut events = 0;
                while !done.load(Ordering::Relaxed) {
                    events += linker.run_once().await.unwrap();
                    clock.advance(TimeDelta::milliseconds(500));
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                events
            })
        })
        .collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let work = SeaUnitsOfWork(trail.database.clone());
            tokio::spawn(async move {
                for n in 0..each {
                    let mut unit = work.begin().await.unwrap();
                    unit.audit().append(event(writer * each + n, T0)).await.unwrap();
                    unit.commit().await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    let mut linked = Vec::new();
    for linker in racing {
        linked.push(linker.await.unwrap());
    }
    trail.clock.advance(TimeDelta::days(1));
    trail.linker().close().await.unwrap();
    let proof = trail.proof().await;
    assert_eq!((proof.events, proof.unlinked), (i64::try_from(WRITERS * each).unwrap(), 0));
    assert!(linked.iter().sum::<usize>() <= WRITERS * each, "{linked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_becomes_visible_after_later_ones_is_linked_behind_them() {
    let trail = Trail::on_postgres().await;
    let linker = trail.linker();
    let work = SeaUnitsOfWork(trail.database.clone());
    let mut slow = work.begin().await.unwrap();
    slow.audit().append(event(1, trail.clock.now())).await.unwrap();
    trail.append(3).await;
    assert_eq!(linker.run_once().await, Ok(3));
    assert_eq!(linker.run_once().await, Ok(0));
    slow.commit().await.unwrap();
    assert_eq!(linker.run_once().await, Ok(1));
    let end = mif_domain::audit::AuditChain::end(&mif_persistence::SeaAuditChain(trail.database.clone())).await;
    assert_eq!(end.map(|end| (end.seq, end.event_id)), Ok((4, 1)));
    linker.close().await.unwrap();
    assert_eq!(trail.proof().await.events, 4);
}
