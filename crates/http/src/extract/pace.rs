//! Bodies that arrive too slowly are cut: a connection that trickles holds what others wait for.

use std::io;
use std::time::Duration;

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::Instant;

/// Every body gets so long before its pace counts.
const GRACE: Duration = Duration::from_secs(5);
/// The slowest pace after that, in bytes a second.
const BYTES_PER_SECOND: u64 = 8 * 1024;

/// However fast a body was before, it may not pause for longer: its client has most likely gone without a word.
const PAUSE: Duration = Duration::from_secs(30);

/// The same body, ended by a time-out when it falls behind 8 KiB a second after the first 5 s, or pauses for 30 s. Only
/// waiting for the client counts; what we do with a piece in between is not its fault.
pub(crate) fn paced<S>(body: S) -> impl Stream<Item = Result<Bytes, PayloadError>>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let paced = stream::unfold(Some((body, Duration::ZERO, 0_u64)), |state| async move {
        let (mut body, waited, received) = state?;
        let earned = Duration::from_millis(received.saturating_mul(1000) / BYTES_PER_SECOND);
        let allowed = (GRACE + earned).saturating_sub(waited).min(PAUSE);
        let began = Instant::now();
        match tokio::time::timeout(allowed, body.next()).await {
            Ok(Some(Ok(piece))) => {
                let received = received + piece.len() as u64;
                Some((Ok(piece), Some((body, waited + began.elapsed(), received))))
            }
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_elapsed) => Some((Err(PayloadError::Io(io::ErrorKind::TimedOut.into())), None)),
        }
    });
    // A parser may ask once more after the end.
    paced.fuse()
}

/// Whether a body ended because it was too slow.
pub(crate) fn is_too_slow(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(pause: Duration, piece: usize) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
        Box::pin(stream::unfold(0, move |sent| async move {
            tokio::time::sleep(pause).await;
            (sent < 200).then(|| (Ok(Bytes::from(vec![0; piece])), sent + 1))
        }))
    }

    async fn received(body: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin) -> (usize, bool) {
        let pieces: Vec<_> = paced(body).collect().await;
        let whole = pieces.iter().all(Result::is_ok);
        assert!(pieces.iter().all(|piece| piece.as_ref().err().is_none_or(is_too_slow)));
        (pieces.len(), whole)
    }

    #[tokio::test]
    async fn a_body_of_a_steady_pace_arrives_whole() {
        assert_eq!(received(every(Duration::from_millis(1), 9 * 1024)).await, (200, true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_is_cut_after_its_grace() {
        let began = tokio::time::Instant::now();
        assert_eq!(received(Box::pin(stream::pending())).await, (1, false));
        assert_eq!(began.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_body_that_stops_is_cut_after_a_pause() {
        let began = tokio::time::Instant::now();
        let ten_mebibytes = stream::iter(std::iter::repeat_n(0, 160).map(|_| Ok(Bytes::from(vec![0; 64 * 1024]))));
        assert_eq!(received(Box::pin(ten_mebibytes.chain(stream::pending()))).await, (161, false));
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_cut() {
        let began = tokio::time::Instant::now();
        let (pieces, whole) = received(every(Duration::from_millis(500), 512)).await;
        assert!(!whole && pieces < 15, "{pieces} pieces");
        assert!(began.elapsed() < Duration::from_secs(7));
    }
}
