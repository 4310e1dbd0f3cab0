//! What goes wrong while a content arrives: nothing of it is kept.

use std::time::Duration;

use mif_application::access::Refusal;
use mif_application::auth::LogOut;
use mif_domain::audit::AuditKind;
use mif_domain::documents::{FileStoreError, ScanError};

use super::*;

fn half() -> Vec<u8> {
    pdf(&"x".repeat(100_000))
}

#[tokio::test]
async fn a_client_that_vanishes_half_way_leaves_nothing() {
    let plant = Plant::new().await;
    for source in [Arriving::default().and_vanishes(), Arriving::with(&half()).and_vanishes()] {
        plant.refuses(&plant.admin, report(plant.on_machine()), source, UploadError::Interrupted).await;
    }
    // That is the weather, and no event.
    assert_eq!(plant.world.audited(AuditKind::DocumentRejected), 0);
}

#[tokio::test]
async fn without_the_scanner_nothing_is_kept() {
    let plant = Plant::new().await;
    plant.world.scanner.go_down("connection refused");
    let down = UploadError::Scan(ScanError::Unavailable("connection refused".to_owned()));
    plant.refuses(&plant.admin, report(plant.on_machine()), Arriving::with(&half()), down).await;

    plant.world.scanner.be_unsure("size limit exceeded");
    let unsure = UploadError::Scan(ScanError::Unsure("size limit exceeded".to_owned()));
    plant.refuses(&plant.admin, report(plant.on_machine()), Arriving::with(&half()), unsure).await;

    plant.world.scanner.recover();
    plant.stored(&plant.admin, plant.on_machine()).await;
}

#[tokio::test]
async fn a_scanner_that_goes_down_half_way_keeps_nothing() {
    let plant = Plant::new().await;
    let source = Arriving::with(&half()).meanwhile(async { plant.world.scanner.go_down("gone") }).then(&half());
    let down = UploadError::Scan(ScanError::Unavailable("gone".to_owned()));
    plant.refuses(&plant.admin, report(plant.on_machine()), source, down).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_verdict_is_waited_for() {
    let plant = Plant::new().await;
    plant.world.scanner.be_slow(Duration::from_secs(90));
    plant.stored(&plant.admin, plant.on_machine()).await;
}

#[tokio::test]
async fn an_upload_that_is_given_up_while_it_waits_for_the_verdict_leaves_nothing() {
    let plant = Plant::new().await;
    plant.world.scanner.be_slow(Duration::from_hours(1));
    let storing = plant.store(&plant.admin, report(plant.on_machine()), Arriving::with(&half()));
    assert!(tokio::time::timeout(Duration::from_millis(20), storing).await.is_err());
    assert_eq!((plant.world.files.blobs().len(), plant.world.files.unfinished()), (0, 0));
    assert!(plant.world.store.documents().is_empty());
}

#[tokio::test]
async fn a_store_that_is_full_or_gone_says_so() {
    let plant = Plant::new().await;
    for failure in [FileStoreError::Full, FileStoreError::Unavailable("I/O error".to_owned())] {
        let fail = async { plant.world.files.fail_with(failure.clone()) };
        let source = Arriving::with(&half()).meanwhile(fail).then(&half());
        let error = UploadError::Store(failure.clone());
        plant.refuses(&plant.admin, report(plant.on_machine()), source, error).await;
        plant.world.files.recover();
    }
}

#[tokio::test]
async fn who_signs_out_half_way_stores_nothing() {
    let plant = Plant::new().await;
    let leave = async { LogOut { everywhere: false }.run(&plant.world.core, &plant.admin).await.unwrap() };
    let source = Arriving::with(&half()).meanwhile(leave).then(&half());
    plant.refuses(&plant.admin, report(plant.on_machine()), source, UploadError::SessionEnded).await;
}

#[tokio::test]
async fn who_changes_roles_half_way_stores_nothing() {
    let plant = Plant::new().await;
    let manager = plant.world.actor_of(Role::Manager).await;
    for (is_active, role) in [(true, Role::Technician), (false, Role::Manager)] {
        let demote = async {
            let mut unit = plant.world.store.begin().await.unwrap();
            let mut user = unit.users().find_for_update(manager.user_id()).await.unwrap().unwrap();
            (user.is_active, user.role) = (is_active, role);
            unit.users().update(&user, T0).await.unwrap();
            unit.commit().await.unwrap();
        };
        let source = Arriving::with(&half()).meanwhile(demote).then(&half());
        plant.refuses(&manager, report(plant.on_machine()), source, UploadError::SessionEnded).await;
    }
}

#[tokio::test]
async fn work_that_goes_to_somebody_else_half_way_takes_nothing_more() {
    let plant = Plant::new().await;
    let (karim, karims) = plant.technician("karim").await;
    let (_, salmas) = plant.technician("salma").await;
    let work = plant.work(Some(karims)).await;
    let give = plant.change(work, |intervention| intervention.technician_id = Some(salmas));
    let source = Arriving::with(&half()).meanwhile(give).then(&half());
    plant.refuses(&karim, report(work), source, UploadError::Refused(Refusal::NotFound)).await;
}

#[tokio::test]
async fn work_that_is_put_away_half_way_takes_nothing_more() {
    let plant = Plant::new().await;
    let work = plant.work(None).await;
    let source = Arriving::with(&half()).meanwhile(plant.lead(work, Status::Archived)).then(&half());
    plant.refuses(&plant.admin, report(work), source, UploadError::Archived).await;
}
