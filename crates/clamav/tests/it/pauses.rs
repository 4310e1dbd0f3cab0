//! A dead clamd is left alone for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::TimeDelta;
use mif_clamav::{Clamd, ClamdSettings};
use mif_domain::documents::{ScanError, Scanner as _, ScannerHealth, Verdict};
use mif_testkit::FakeClock;
use tokio::io::AsyncWriteExt as _;

use crate::fake::{FakeClamd, SHORT, read_content, scan, unavailable, unsure};

/// Says nothing while broken, and counts who came.
struct Breakable {
    visits: Arc<AtomicUsize>,
    broken: Arc<AtomicBool>,
    clock: Arc<FakeClock>,
    clamd: Clamd,
    _server: FakeClamd,
}

impl Breakable {
    async fn start() -> Self {
        let (visits, broken) = (Arc::<AtomicUsize>::default(), Arc::new(AtomicBool::new(true)));
        let (counted, is_broken) = (visits.clone(), broken.clone());
        let server = FakeClamd::start(move |mut stream| {
            counted.fetch_add(1, Ordering::SeqCst);
            let is_broken = is_broken.load(Ordering::SeqCst);
            async move {
                if is_broken {
                    return tokio::time::sleep(20 * SHORT).await;
                }
                read_content(&mut stream).await;
                stream.write_all(b"stream: OK\0").await.unwrap();
            }
        })
        .await;
        let clock = Arc::new(FakeClock::default());
        let settings = ClamdSettings { verdict_timeout: SHORT, ..ClamdSettings::new(server.address.clone()) };
        let clamd = Clamd::new(settings, clock.clone());
        Self { visits, broken, clock, clamd, _server: server }
    }

    async fn scan(&self) -> Result<Verdict, ScanError> {
        scan(&self.clamd, &[b"a"]).await
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn after_three_failures_nobody_is_held_up_until_one_try_succeeds() {
    let breakable = Breakable::start().await;
    for _ in 0..3 {
        unavailable(breakable.scan().await);
    }
    for _ in 0..5 {
        assert!(unavailable(breakable.scan().await).contains("left alone"));
    }
    assert_eq!(breakable.visits(), 3);

    // One try a pause, and another pause when it fails.
    breakable.clock.advance(TimeDelta::seconds(10));
    assert!(!unavailable(breakable.scan().await).contains("left alone"));
    assert!(unavailable(breakable.scan().await).contains("left alone"));
    assert_eq!(breakable.visits(), 4);

    breakable.broken.store(false, Ordering::SeqCst);
    breakable.clock.advance(TimeDelta::seconds(10));
    for _ in 0..3 {
        assert_eq!(breakable.scan().await, Ok(Verdict::Clean));
    }
}

#[tokio::test]
async fn a_wall_clock_that_is_set_back_changes_nothing() {
    let breakable = Breakable::start().await;
    for _ in 0..3 {
        unavailable(breakable.scan().await);
    }
    breakable.broken.store(false, Ordering::SeqCst);
    breakable.clock.advance(TimeDelta::seconds(10));
    breakable.clock.set(mif_testkit::later(-3600));
    assert_eq!(breakable.scan().await, Ok(Verdict::Clean));
}

#[tokio::test]
async fn a_clamd_that_says_it_is_well_is_tried_at_once_and_one_that_is_silent_is_not_asked_to_scan() {
    let (visits, well) = (Arc::<AtomicUsize>::default(), Arc::new(AtomicBool::new(false)));
    let (counted, is_well) = (visits.clone(), well.clone());
    let server = FakeClamd::start(move |mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        let is_well = is_well.load(Ordering::SeqCst);
        async move {
            if is_well {
                stream.write_all(b"ClamAV 1.4.3/27800\0").await.unwrap();
            } else {
                tokio::time::sleep(100 * SHORT).await;
            }
        }
    })
    .await;
    // Long enough for the answer at the end, on whatever machine.
    let settings = ClamdSettings { health_timeout: 6 * SHORT, ..ClamdSettings::new(server.address.clone()) };
    let clamd = Clamd::new(settings, Arc::new(FakeClock::default()));
    for _ in 0..3 {
        assert!(matches!(clamd.health().await, ScannerHealth::Down { .. }));
    }
    assert!(unavailable(scan(&clamd, &[b"a"]).await).contains("left alone"));
    assert_eq!(visits.load(Ordering::SeqCst), 3);
    well.store(true, Ordering::SeqCst);
    assert!(matches!(clamd.health().await, ScannerHealth::Up { .. }));
    // It answers out of turn here, which is no verdict; but it was asked.
    assert!(scan(&clamd, &[b"a"]).await.is_err());
    assert_eq!(visits.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_clamd_that_complains_is_alive() {
    let server = FakeClamd::answering("INSTREAM size limit exceeded. ERROR\0").await;
    let clamd = Clamd::new(ClamdSettings::new(server.address.clone()), Arc::new(FakeClock::default()));
    for _ in 0..5 {
        assert!(unsure(scan(&clamd, &[b"a"]).await).contains("size limit"));
    }
}

#[tokio::test]
async fn a_pause_does_not_hide_how_clamd_is() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = crate::fake::address_of(&listener);
    drop(listener);
    let clamd = Clamd::new(ClamdSettings::new(address), Arc::new(FakeClock::default()));
    for _ in 0..3 {
        assert!(unavailable(scan(&clamd, &[]).await).contains("cannot connect"));
    }
    assert!(unavailable(scan(&clamd, &[]).await).contains("left alone"));
    match clamd.health().await {
        ScannerHealth::Down { reason } => assert!(reason.contains("cannot connect"), "{reason}"),
        other => panic!("{other:?}"),
    }
}
