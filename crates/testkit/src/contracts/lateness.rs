//! Work whose date has passed, of which somebody has to be told once.

use mif_domain::interventions::{Intervention, InterventionId, Status};
use mif_domain::queries::InterventionScope;

use super::{Backend, at_once};
use crate::{T0, a_technician, an_equipment, an_intervention, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! lateness_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => lateness:
            late_work_is_taken_once_and_what_was_due_first_comes_first,
            work_that_is_over_is_never_late,
            telling_is_not_an_edit,
            work_that_was_put_off_is_late_again_when_its_new_date_passes,
            a_date_that_moves_closer_or_stays_is_not_told_again,
            a_dropped_unit_has_told_nobody,
            of_parallel_callers_each_late_work_goes_to_one,
        );
    };
}

/// Interventions that are due so many seconds after [`T0`].
async fn due(backend: &Backend, seconds: impl IntoIterator<Item = i64>) -> Vec<Intervention> {
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await.id;
    let mut due = Vec::new();
    for seconds in seconds {
        let draft = an_intervention("Fuite", machine).due_at(later(seconds)).build();
        due.push(backend.insert_intervention(draft, None, T0).await);
    }
    due
}

async fn take(backend: &Backend, seconds: i64, limit: u32) -> Vec<InterventionId> {
    let mut unit = backend.begin().await;
    let taken = unit.interventions().take_late(later(seconds), limit).await.unwrap();
    unit.commit().await.unwrap();
    let mut ids: Vec<_> = taken.iter().map(|work| work.id).collect();
    ids.sort();
    ids
}

/// The date itself is still in time; what has no date is never late.
pub async fn late_work_is_taken_once_and_what_was_due_first_comes_first(backend: &Backend) {
    let works = due(backend, [30, 10, 20, 40]).await;
    let undated = an_intervention("Un jour", works.first().unwrap().draft.equipment_id).build();
    backend.insert_intervention(undated, None, T0).await;
    let [third, first, second, fourth] = [0, 1, 2, 3].map(|place: usize| works.get(place).unwrap().id);
    assert_eq!(take(backend, 10, 50).await, []);
    assert_eq!(take(backend, 31, 2).await, [first, second]);
    assert_eq!(take(backend, 31, 2).await, [third]);
    assert_eq!(take(backend, 31, 2).await, []);
    assert_eq!(take(backend, 1_000_000, 50).await, [fourth]);
}

/// Closed, cancelled or archived.
pub async fn work_that_is_over_is_never_late(backend: &Backend) {
    let karim = backend.insert_technician("karim", a_technician().build()).await.id;
    let works = due(backend, Status::ALL.iter().map(|_| 10)).await;
    let mut expected = Vec::new();
    for (work, status) in works.into_iter().zip(Status::ALL.iter().copied()) {
        let work = backend.bring_into(work, status, Some(karim)).await;
        expected.extend(status.is_open_work().then_some(work.id));
    }
    assert_eq!(take(backend, 11, 50).await, expected);
}

/// Whoever was editing may go on: what is returned and what is stored have the version and the date they had.
pub async fn telling_is_not_an_edit(backend: &Backend) {
    let work = due(backend, [10]).await.pop().unwrap();
    let mut unit = backend.begin().await;
    assert_eq!(unit.interventions().take_late(later(11), 50).await, Ok(vec![work.clone()]));
    unit.commit().await.unwrap();
    let view = backend.queries.find_intervention(work.id, InterventionScope::All).await.unwrap().unwrap();
    assert_eq!(view.intervention, work);
    let mut unit = backend.begin().await;
    unit.interventions().update(&work, later(12)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(take(backend, 13, 50).await, [], "an edit of something else does not make it late again");
}

/// Moves the due date, as an edit does.
async fn move_to(backend: &Backend, work: &mut Intervention, due: Option<i64>) {
    work.draft.due_at = due.map(later);
    let mut unit = backend.begin().await;
    *work = unit.interventions().update(work, later(20)).await.unwrap();
    unit.commit().await.unwrap();
}

/// Also when it had no date for a while.
pub async fn work_that_was_put_off_is_late_again_when_its_new_date_passes(backend: &Backend) {
    let mut work = due(backend, [10]).await.pop().unwrap();
    assert_eq!(take(backend, 11, 50).await, [work.id]);
    move_to(backend, &mut work, Some(30)).await;
    assert_eq!(take(backend, 30, 50).await, [], "the date itself is still in time");
    assert_eq!(take(backend, 31, 50).await, [work.id]);
    assert_eq!(take(backend, 32, 50).await, [], "once for each date");
    move_to(backend, &mut work, None).await;
    assert_eq!(take(backend, 1_000, 50).await, []);
    move_to(backend, &mut work, Some(25)).await;
    assert_eq!(take(backend, 1_000, 50).await, [work.id]);
}

/// Whoever was told it was late knows that it is late.
pub async fn a_date_that_moves_closer_or_stays_is_not_told_again(backend: &Backend) {
    let mut work = due(backend, [10]).await.pop().unwrap();
    assert_eq!(take(backend, 11, 50).await, [work.id]);
    for seconds in [10, 9, 9] {
        move_to(backend, &mut work, Some(seconds)).await;
        assert_eq!(take(backend, 1_000, 50).await, [], "{seconds}");
    }
}

/// So it is told by the next one.
pub async fn a_dropped_unit_has_told_nobody(backend: &Backend) {
    let work = due(backend, [10]).await.pop().unwrap();
    let mut unit = backend.begin().await;
    assert_eq!(unit.interventions().take_late(later(11), 50).await.unwrap().len(), 1);
    drop(unit);
    // A dropped transaction is rolled back when its connection comes to it; until then the row is still held.
    let mut taken = take(backend, 11, 50).await;
    for _ in 0..100 {
        if !taken.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        taken = take(backend, 11, 50).await;
    }
    assert_eq!(taken, [work.id]);
}

/// As several replicas do.
pub async fn of_parallel_callers_each_late_work_goes_to_one(backend: &Backend) {
    let works = due(backend, 0..30).await;
    let taken = at_once(6, |_| {
        let backend = backend.clone();
        async move { take(&backend, 60, 10).await }
    });
    let mut taken = taken.await.concat();
    // Whoever looked while others held everything found nothing; what is left is for later.
    while taken.len() < works.len() {
        let rest = take(backend, 60, 10).await;
        assert!(!rest.is_empty(), "lost one");
        taken.extend(rest);
    }
    taken.sort();
    assert_eq!(taken, works.iter().map(|work| work.id).collect::<Vec<_>>());
}
