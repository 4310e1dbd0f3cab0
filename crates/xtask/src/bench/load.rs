//! The two load generators, `wrk` for the server and `pgbench` for the ceiling, and how to read what they print.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{DATABASE, GET_CONNECTIONS, Plan};
use crate::Outcome;
use crate::pg::Cluster;
use crate::workspace::{capture, write};

const THREADS: &str = "2";

pub(super) struct Wrk<'a> {
    pub(super) folder: &'a Path,
    pub(super) port: u16,
    pub(super) token: &'a str,
    pub(super) plan: &'a Plan,
}

impl Wrk<'_> {
    /// `path` is a Lua expression, evaluated for each request.
    pub(super) fn requests_per_second(&mut self, path: &str) -> Outcome<f64> {
        let script = self.folder.join("request.lua");
        write(&script, &lua(self.token, path))?;
        self.once(&script, self.plan.warm_up)?;
        requests_per_second(&self.once(&script, self.plan.run)?)
    }

    /// Two servers, one after the other and again, so that a slow moment of the machine counts for both.
    pub(super) fn by_turns(&mut self, path: &str, ports: [u16; 2]) -> Outcome<[f64; 2]> {
        let mut rates = [0.0, 0.0];
        for _ in 0..2 {
            for (rate, port) in rates.iter_mut().zip(ports) {
                self.port = port;
                *rate += self.requests_per_second(path)? / 2.0;
            }
        }
        Ok(rates)
    }

    fn once(&self, script: &Path, run: Duration) -> Outcome<String> {
        let mut command = Command::new("wrk");
        command.args(["-t", THREADS, "-c", &GET_CONNECTIONS.to_string(), "-d", &format!("{}s", run.as_secs())]);
        command.arg("-s").arg(script).arg(format!("http://127.0.0.1:{}", self.port));
        capture(&mut command)
    }
}

/// Each thread has its own Lua state and must not ask for the same identifiers in the same order as its neighbour.
fn lua(token: &str, path: &str) -> String {
    format!(
        "local threads = 0\n\
         function setup(thread) threads = threads + 1; thread:set(\"seed\", threads) end\n\
         function init(args) math.randomseed(seed) end\n\
         wrk.headers[\"Authorization\"] = \"Bearer {token}\"\n\
         function request() return wrk.format(\"GET\", {path}) end\n"
    )
}

pub(super) struct Pgbench<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) folder: &'a Path,
    pub(super) clients: u32,
    pub(super) run: Duration,
}

impl Pgbench<'_> {
    pub(super) fn transactions_per_second(&mut self, script: &str, variables: &[(&str, String)]) -> Outcome<f64> {
        let file = self.folder.join("ceiling.sql");
        write(&file, script)?;
        let mut command = self.cluster.client("pgbench");
        command.args(["-n", "-M", "prepared", "-j", THREADS, "-c", &self.clients.to_string()]);
        command.args(["-T", &self.run.as_secs().to_string()]).arg("-f").arg(&file);
        for (name, value) in variables {
            command.args(["-D", &format!("{name}={value}")]);
        }
        transactions_per_second(&capture(command.arg(DATABASE))?)
    }
}

/// An error answer is cheaper than a good one, so a run with any of them measures nothing.
fn requests_per_second(printed: &str) -> Outcome<f64> {
    let complaints = ["Non-2xx or 3xx responses:", "Socket errors:"];
    if let Some(line) = printed.lines().find(|line| complaints.iter().any(|start| line.trim().starts_with(start))) {
        return Err(format!("wrk met failures: {}", line.trim()));
    }
    number_after(printed, "Requests/sec:").ok_or_else(|| format!("wrk printed no rate: {printed}"))
}

fn transactions_per_second(printed: &str) -> Outcome<f64> {
    let failed = number_after(printed, "number of failed transactions:").unwrap_or(0.0);
    if failed > 0.0 {
        return Err(format!("pgbench met {failed} failed transactions"));
    }
    number_after(printed, "tps =").ok_or_else(|| format!("pgbench printed no rate: {printed}"))
}

fn number_after(printed: &str, label: &str) -> Option<f64> {
    let rest = printed.lines().find_map(|line| line.trim().strip_prefix(label))?;
    let number: f64 = rest.split_whitespace().next()?.parse().ok()?;
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{requests_per_second, transactions_per_second};

    const PGBENCH: &str = "\
transaction type: ceiling.sql
query mode: prepared
number of transactions actually processed: 150234
number of failed transactions: 0 (0.000%)
latency average = 1.331 ms
initial connection time = 31.207 ms
tps = 15061.482133 (without initial connection time)
";

    const WRK: &str = "\
Running 10s test @ http://127.0.0.1:8000
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.51ms    1.02ms  31.00ms   83.41%
  116123 requests in 10.01s, 60.00MB read
Requests/sec:  11600.77
Transfer/sec:      6.00MB
";

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 0.001
    }

    #[test]
    fn pgbench_tells_its_rate() {
        assert!(near(transactions_per_second(PGBENCH).unwrap(), 15_061.482));
        assert!(transactions_per_second("").is_err());
    }

    #[test]
    fn failed_transactions_measure_nothing() {
        let failed = PGBENCH.replace("transactions: 0 (0.000%)", "transactions: 7 (0.005%)");
        assert!(transactions_per_second(&failed).is_err());
    }

    #[test]
    fn wrk_tells_its_rate() {
        assert!(near(requests_per_second(WRK).unwrap(), 11_600.77));
        assert!(requests_per_second("").is_err());
    }

    #[test]
    fn error_answers_measure_nothing() {
        let refused = WRK.replace("Requests/sec", "  Non-2xx or 3xx responses: 116123\nRequests/sec");
        assert!(requests_per_second(&refused).unwrap_err().contains("116123"));
        let broken =
            WRK.replace("Requests/sec", "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec");
        assert!(requests_per_second(&broken).is_err());
    }
}
