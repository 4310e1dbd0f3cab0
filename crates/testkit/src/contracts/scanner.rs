//! What every scanner must do that looks at contents. The fixture is the path of an `async fn() -> Arc<dyn Scanner>` whose
//! signatures hold [`VIRUS_MARKER`] under the name [`VIRUS_NAME`].

use std::sync::Arc;

use mif_domain::documents::{Scanner, ScannerHealth, Verdict};
use mif_domain::text::Line;

use super::at_once;
use crate::{VIRUS_MARKER, VIRUS_NAME};

/// Names every case of this suite.
#[macro_export]
macro_rules! scanner_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => scanner:
            a_clean_content_is_clean,
            a_virus_is_found_by_its_name,
            a_virus_is_found_at_the_end_of_a_large_content,
            a_virus_is_found_wherever_the_pieces_are_cut,
            an_empty_content_is_clean,
            an_empty_piece_does_not_end_the_content,
            two_scans_at_once_do_not_mix,
            many_scans_run_at_once,
            a_scan_that_was_given_up_leaves_the_scanner_usable,
            a_scanner_that_answers_says_what_it_is,
        );
    };
}

/// A piece as the product's uploads have them, in bytes.
const PIECE: usize = 64 * 1024;

async fn scan(scanner: &dyn Scanner, pieces: &[&[u8]]) -> Verdict {
    let mut scan = scanner.begin().await.expect("a scan");
    for piece in pieces {
        scan.feed(piece).await.expect("a scanner that takes the piece");
    }
    scan.finish().await.expect("a verdict")
}

fn infected() -> Verdict {
    Verdict::Infected { signature: Line::parse(VIRUS_NAME).expect("a name") }
}

fn with_marker() -> Vec<u8> {
    [b"Bon de travail\n", VIRUS_MARKER, b"\nfin"].concat()
}

/// Nothing is found where nothing is.
pub async fn a_clean_content_is_clean(scanner: &Arc<dyn Scanner>) {
    assert_eq!(scan(&**scanner, &[b"Bon de travail"]).await, Verdict::Clean);
}

/// People are told what was found.
pub async fn a_virus_is_found_by_its_name(scanner: &Arc<dyn Scanner>) {
    assert_eq!(scan(&**scanner, &[&with_marker()]).await, infected());
}

/// The last byte is looked at like the first.
pub async fn a_virus_is_found_at_the_end_of_a_large_content(scanner: &Arc<dyn Scanner>) {
    let filler = vec![b'a'; PIECE];
    let mut pieces = vec![filler.as_slice(); 128];
    assert_eq!(scan(&**scanner, &pieces).await, Verdict::Clean);
    pieces.push(VIRUS_MARKER);
    assert_eq!(scan(&**scanner, &pieces).await, infected());
}

/// Pieces are where the network cut, and mean nothing.
pub async fn a_virus_is_found_wherever_the_pieces_are_cut(scanner: &Arc<dyn Scanner>) {
    let content = with_marker();
    for at in 0..=content.len() {
        let (first, second) = content.split_at(at);
        assert_eq!(scan(&**scanner, &[first, second]).await, infected(), "cut at {at}");
    }
    let bytes: Vec<&[u8]> = content.chunks(1).collect();
    assert_eq!(scan(&**scanner, &bytes).await, infected());
    // One piece of more than a chunk, the virus at its border.
    let long = [vec![b'a'; PIECE - 5], content].concat();
    assert_eq!(scan(&**scanner, &[&long]).await, infected());
}

/// Nothing is a content too.
pub async fn an_empty_content_is_clean(scanner: &Arc<dyn Scanner>) {
    assert_eq!(scan(&**scanner, &[]).await, Verdict::Clean);
}

/// What follows it counts.
pub async fn an_empty_piece_does_not_end_the_content(scanner: &Arc<dyn Scanner>) {
    assert_eq!(scan(&**scanner, &[b"", b"Bon de travail", b"", VIRUS_MARKER]).await, infected());
}

/// Half a virus here and half a virus there is none, and a find is told to the one who brought it.
pub async fn two_scans_at_once_do_not_mix(scanner: &Arc<dyn Scanner>) {
    let (head, rest) = VIRUS_MARKER.split_at(VIRUS_MARKER.len() / 2);
    let (mut one, mut other) = (scanner.begin().await.unwrap(), scanner.begin().await.unwrap());
    one.feed(head).await.unwrap();
    other.feed(rest).await.unwrap();
    other.feed(head).await.unwrap();
    one.feed(rest).await.unwrap();
    assert_eq!(other.finish().await, Ok(Verdict::Clean));
    assert_eq!(one.finish().await, Ok(infected()));
}

/// Each gets the verdict on its own content.
pub async fn many_scans_run_at_once(scanner: &Arc<dyn Scanner>) {
    let verdicts = at_once(8, |caller| {
        let scanner = scanner.clone();
        async move {
            let content = if caller % 2 == 0 { with_marker() } else { format!("Bon {caller}").into_bytes() };
            scan(&*scanner, &[&content]).await
        }
    });
    for (caller, verdict) in verdicts.await.into_iter().enumerate() {
        assert_eq!(verdict, if caller % 2 == 0 { infected() } else { Verdict::Clean }, "caller {caller}");
    }
}

/// Clients hang up.
pub async fn a_scan_that_was_given_up_leaves_the_scanner_usable(scanner: &Arc<dyn Scanner>) {
    for _ in 0..20 {
        let mut given_up = scanner.begin().await.unwrap();
        given_up.feed(&with_marker()).await.unwrap();
        drop(given_up);
    }
    assert_eq!(scan(&**scanner, &[b"Bon de travail"]).await, Verdict::Clean);
    assert_eq!(scan(&**scanner, &[&with_marker()]).await, infected());
}

/// Administrators see what stands behind the verdicts.
pub async fn a_scanner_that_answers_says_what_it_is(scanner: &Arc<dyn Scanner>) {
    let health = scanner.health().await;
    assert!(matches!(&health, ScannerHealth::Up { version } if !version.is_empty()), "{health:?}");
}
