//! How fast and how small `mif` starts on an existing SQLite database, without any load.

use std::thread;
use std::time::Duration;

use super::progress;
use super::report::Report;
use super::server::{Launch, Server};
use crate::Outcome;

const RUNS: usize = 5;
const AIM_COLD_START_MS: f64 = 150.0;
const AIM_IDLE_MIB: f64 = 45.0;
/// Long enough for what a start sets off in the background.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

pub(super) fn measure(launch: &Launch<'_>, report: &mut Report) -> Outcome<()> {
    progress("cold_start");
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let data = folder.path().join("data");
    // The first start makes database, keys and account; it is not measured.
    Server::start(launch, &data, None)?.stop()?;

    let mut starts = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let server = Server::start(launch, &data, None)?;
        starts.push(server.ready_after());
        server.stop()?;
    }
    let median = median(starts).ok_or("no start was measured")?;
    report.limit("cold_start", median.as_secs_f64() * 1000.0, AIM_COLD_START_MS, "ms");

    progress("idle_memory");
    let server = Server::start(launch, &data, None)?;
    thread::sleep(SETTLED_AFTER);
    report.limit("idle_memory", server.resident_mib()?, AIM_IDLE_MIB, "MiB");
    server.stop()
}

fn median(mut durations: Vec<Duration>) -> Option<Duration> {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::median;
    use std::time::Duration;

    #[test]
    fn the_median_ignores_one_slow_start() {
        let durations = [90, 900, 80, 100, 70].map(Duration::from_millis);
        assert_eq!(median(durations.to_vec()), Some(Duration::from_millis(90)));
        assert_eq!(median(Vec::new()), None);
    }
}
