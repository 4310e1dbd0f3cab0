//! An installation without a scanner.

use mif_clamav::ScannerOff;
use mif_domain::documents::{Scanner as _, ScannerHealth, Verdict};
use mif_testkit::VIRUS_MARKER;

#[tokio::test]
async fn nothing_is_called_clean_that_nobody_looked_at() {
    let mut scan = ScannerOff.begin().await.unwrap();
    scan.feed(VIRUS_MARKER).await.unwrap();
    assert_eq!(scan.finish().await, Ok(Verdict::NotScanned));
    assert_eq!(ScannerOff.health().await, ScannerHealth::Off);
}
