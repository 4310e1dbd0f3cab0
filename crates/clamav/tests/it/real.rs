//! The real clamd, which `cargo xtask test` starts with two signatures of its own.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use mif_clamav::{Clamd, ClamdSettings};
use mif_domain::documents::{Scanner, ScannerHealth, Verdict};
use mif_testkit::{FakeClock, VIRUS_MARKER, VIRUS_NAME};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::fake::{megabytes, scan, signature, unsure};

const EICAR_NAME: &str = "Test.Eicar.Body.UNOFFICIAL";

#[expect(clippy::disallowed_methods, reason = "the test command tells its tests where clamd is")]
fn real(variable: &str) -> Clamd {
    let address = std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} does not say where clamd listens: run `cargo xtask test`, which starts one for the tests")
    });
    let settings = ClamdSettings::new(address.parse().expect("an address of clamd"));
    Clamd::new(settings, Arc::new(FakeClock::default()))
}

fn unix() -> Clamd {
    real("MIF_TEST_CLAMD")
}

fn tcp() -> Clamd {
    real("MIF_TEST_CLAMD_TCP")
}

async fn over_unix() -> Arc<dyn Scanner> {
    Arc::new(unix())
}

async fn over_tcp() -> Arc<dyn Scanner> {
    Arc::new(tcp())
}

mod unix_socket {
    mif_testkit::scanner_contracts!(crate::real::over_unix);
}

mod tcp_socket {
    mif_testkit::scanner_contracts!(crate::real::over_tcp);
}

/// The antivirus test file, put together here, so that no scanner takes this source for it.
fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-", "TEST-FILE!$H+H*"].concat().into_bytes()
}

fn zipped(name: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn the_antivirus_test_file_is_found() {
    for clamd in [unix(), tcp()] {
        assert_eq!(signature(scan(&clamd, &[&eicar()]).await), EICAR_NAME);
    }
}

#[tokio::test]
async fn it_is_found_inside_archives() {
    // Compressed, or its bytes would stand there in the open.
    let content = [vec![b' '; 4096], eicar(), vec![b' '; 4096], eicar()].concat();
    let packed = zipped("bon.txt", &content);
    assert!(!contains(&packed, &eicar()));
    assert_eq!(signature(scan(&unix(), &[&packed]).await), EICAR_NAME);
    let twice = zipped("photos.zip", &packed);
    assert_eq!(signature(scan(&unix(), &[&twice]).await), EICAR_NAME);
}

#[tokio::test]
async fn it_is_found_at_the_end_of_ninety_megabytes() {
    let test_file = eicar();
    let mut content = megabytes(90);
    assert_eq!(scan(&unix(), &content).await, Ok(Verdict::Clean));
    content.push(&test_file);
    assert_eq!(signature(scan(&unix(), &content).await), EICAR_NAME);
    assert_eq!(signature(scan(&tcp(), &content).await), EICAR_NAME);
}

#[tokio::test]
async fn the_largest_upload_is_within_the_limits_of_clamd() {
    assert_eq!(scan(&unix(), &megabytes(100)).await, Ok(Verdict::Clean));
}

/// Over its `StreamMaxLength` clamd hangs up on the writer.
#[tokio::test]
async fn what_is_over_the_limits_of_clamd_has_no_verdict() {
    for clamd in [unix(), tcp()] {
        let outcome = scan(&clamd, &megabytes(160)).await;
        assert!(unsure(outcome).contains("size limit exceeded"));
    }
}

#[tokio::test]
async fn what_clamd_cannot_look_into_is_not_called_clean() {
    // The flag that says "encrypted" is enough: clamd cannot know what is inside.
    let mut packed = zipped("bon.txt", b"Bon de travail");
    let local = packed.iter().position(|byte| *byte == b'P').unwrap();
    packed[local + 6] |= 1;
    let central = packed.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    packed[central + 8] |= 1;
    assert!(signature(scan(&unix(), &[&packed]).await).starts_with("Heuristics.Encrypted"));
}

#[tokio::test]
async fn the_version_is_told() {
    for clamd in [unix(), tcp()] {
        match clamd.health().await {
            ScannerHealth::Up { version } => assert!(version.starts_with("ClamAV "), "{version}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_marker_is_found_inside_archives_too() {
    let packed = zipped("bon.txt", &[vec![b' '; 4096], VIRUS_MARKER.to_vec(), VIRUS_MARKER.to_vec()].concat());
    assert_eq!(signature(scan(&unix(), &[&packed]).await), VIRUS_NAME);
}
