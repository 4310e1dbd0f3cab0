//! The scanner that tests of use cases run against.

use std::sync::Arc;
use std::time::Duration;

use mif_domain::documents::{ScanError, Scanner, ScannerHealth, Verdict};
use mif_testkit::FakeScanner;

async fn fixture() -> Arc<dyn Scanner> {
    Arc::new(FakeScanner::default())
}

mod contracts {
    mif_testkit::scanner_contracts!(crate::scanner::fixture);
}

#[tokio::test]
async fn a_scanner_that_goes_down_takes_its_scans_along() {
    let scanner = FakeScanner::default();
    let mut begun = scanner.begin().await.unwrap();
    let fed = scanner.begin().await.unwrap();
    scanner.go_down("maintenance");
    let down = ScanError::Unavailable("maintenance".to_owned());
    assert_eq!(scanner.begin().await.err(), Some(down.clone()));
    assert_eq!(begun.feed(b"a").await, Err(down.clone()));
    assert_eq!(fed.finish().await, Err(down));
    assert!(matches!(scanner.health().await, ScannerHealth::Down { .. }));

    scanner.recover();
    assert_eq!(scanner.begin().await.unwrap().finish().await, Ok(Verdict::Clean));
}

#[tokio::test]
async fn an_unsure_scanner_takes_everything_and_says_nothing() {
    let scanner = FakeScanner::default();
    scanner.be_unsure("too large");
    let mut scan = scanner.begin().await.unwrap();
    scan.feed(b"a").await.unwrap();
    assert_eq!(scan.finish().await, Err(ScanError::Unsure("too large".to_owned())));
}

#[tokio::test]
async fn a_slow_scanner_keeps_its_verdict_back() {
    let scanner = FakeScanner::default();
    scanner.be_slow(Duration::from_hours(1));
    let verdict = scanner.begin().await.unwrap().finish();
    assert!(tokio::time::timeout(Duration::from_millis(20), verdict).await.is_err());
}
