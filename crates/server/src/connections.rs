//! How many connections there may be at once, so that slow clients run out of patience before the server runs out of files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than one machine's plants need, and some 200 MiB when each of them holds half a request.
const MOST: u64 = 20_000;
/// Files for everything else: databases, keys, documents, letters, logs.
const RESERVED: u64 = 512;

/// How many connections each of `workers` may hold. Lifts the process's own limit of open files as far as the system lets
/// it: the usual 1 024 would be taken by one slow flood. What comes beyond waits in the system's queue.
pub(crate) fn per_worker(workers: usize) -> usize {
    let total = shared(files());
    tracing::debug!(connections = total, "limit of connections");
    usize::try_from(total).unwrap_or(usize::MAX).checked_div(workers).unwrap_or(1).max(1)
}

/// A half of the files at least is for connections, however few there are.
fn shared(files: u64) -> u64 {
    files.saturating_sub(RESERVED).max(files / 2).clamp(1, MOST)
}

fn files() -> u64 {
    let before = getrlimit(Resource::Nofile);
    let wanted = (MOST + RESERVED).min(before.maximum.unwrap_or(u64::MAX));
    match before.current {
        Some(current) if current < wanted => {
            match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: before.maximum }) {
                Ok(()) => wanted,
                Err(error) => {
                    tracing::warn!(%error, current, "the limit of open files cannot be lifted");
                    current
                }
            }
        }
        Some(current) => current,
        None => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(shared(1024), 512);
        assert_eq!(shared(256), 128);
        assert_eq!(shared(65_536), MOST);
        assert_eq!(shared(1), 1);
    }

    #[test]
    fn every_worker_gets_a_connection() {
        assert_eq!(per_worker(usize::MAX), 1);
        assert!(per_worker(2) >= per_worker(4));
    }
}
