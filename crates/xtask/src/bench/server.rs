//! One `mif` under measurement: its settings, its life, its first account.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::http::Connection;
use super::refresh::text_field;
use crate::Outcome;
use crate::pg::free_port;
use crate::workspace::capture;

const ADMIN_EMAIL: &str = "bench@mif.local";
/// Of an account that lives for one run on a loopback port.
pub(super) const ADMIN_PASSWORD: &str = "Quatre-vannes-et-1-pompe";
const READY_WITHIN: Duration = Duration::from_mins(1);
const STOPPED_WITHIN: Duration = Duration::from_secs(15);
const POLL_EVERY: Duration = Duration::from_millis(1);

#[derive(Clone, Copy)]
pub(super) struct Launch<'a> {
    pub(super) binary: &'a Path,
    pub(super) root: &'a Path,
    /// What a figure sets otherwise than the others.
    pub(super) settings: &'a [(&'a str, &'a str)],
}

impl Launch<'_> {
    /// Only these settings: what the developer's shell exports must not change a figure.
    fn command(&self, data: &Path, database: Option<&str>, port: u16) -> Command {
        let mut command = Command::new(self.binary);
        command.current_dir(self.root).env_clear();
        command.env("MIF_DATA_DIR", data).env("MIF_HTTP__BIND", format!("127.0.0.1:{port}"));
        command.env("MIF_BOOTSTRAP__ADMIN_EMAIL", ADMIN_EMAIL).env("MIF_BOOTSTRAP__ADMIN_PASSWORD", ADMIN_PASSWORD);
        command.env("MIF_LIMITS__ENABLED", "false").env("RUST_LOG", "warn");
        if let Some(url) = database {
            command.env("DATABASE_URL", url);
        }
        command.envs(self.settings.iter().copied());
        command
    }

    pub(super) fn migrate(&self, data: &Path, database: &str) -> Outcome<()> {
        capture(self.command(data, Some(database), free_port()?).args(["migrate", "up"])).map(drop)
    }
}

pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
}

pub(super) struct Server {
    process: Child,
    port: u16,
    log: PathBuf,
    ready_after: Duration,
}

impl Server {
    /// Returns once `/ready` answers 200, so that its duration is the cold start.
    pub(super) fn start(launch: &Launch<'_>, data: &Path, database: Option<&str>) -> Outcome<Self> {
        let port = free_port()?;
        let log = data.with_extension("log");
        let output = File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let errors = output.try_clone().map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut command = launch.command(data, database, port);
        command.arg("serve").stdin(Stdio::null()).stdout(output).stderr(errors);
        let began = Instant::now();
        let process = command.spawn().map_err(|error| format!("cannot start {}: {error}", launch.binary.display()))?;
        let mut server = Self { process, port, log, ready_after: Duration::ZERO };
        while !server.is_ready() {
            let ended = server.process.try_wait().map_err(|error| format!("cannot watch the server: {error}"))?;
            if ended.is_some() || began.elapsed() > READY_WITHIN {
                return Err(format!("the server did not get ready:\n{}", server.said()));
            }
            thread::sleep(POLL_EVERY);
        }
        server.ready_after = began.elapsed();
        Ok(server)
    }

    fn is_ready(&self) -> bool {
        Connection::open(self.port).and_then(|mut connection| connection.get("/ready")).is_ok_and(|it| it.status == 200)
    }

    pub(super) fn login(&self) -> Outcome<Tokens> {
        let request = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).to_string();
        let answer = Connection::open(self.port)?.post_json("/api/v1/auth/token", &request)?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body);
            return Err(format!("the login answered {}: {body}\n{}", answer.status, self.said()));
        }
        let field = |name| text_field(&answer.body, name);
        Ok(Tokens { access_token: field("access_token")?, refresh_token: field("refresh_token")? })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    pub(super) fn resident_mib(&self) -> Outcome<f64> {
        self.memory("VmRSS:")
    }

    /// The most that it ever had.
    pub(super) fn peak_resident_mib(&self) -> Outcome<f64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, label: &str) -> Outcome<f64> {
        mebibytes(&crate::workspace::read(Path::new(&format!("/proc/{}/status", self.process.id())))?, label)
    }

    /// Asks the server to end and waits: a start after a kill would be a recovery, not a cold start.
    pub(super) fn stop(mut self) -> Outcome<()> {
        let id = self.process.id().to_string();
        capture(Command::new("sh").args(["-c", "kill -TERM \"$1\"", "stop", &id]))?;
        let began = Instant::now();
        while began.elapsed() < STOPPED_WITHIN {
            match self.process.try_wait() {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => thread::sleep(POLL_EVERY),
                Err(error) => return Err(format!("cannot watch the server: {error}")),
            }
        }
        Err(format!("the server did not end when asked:\n{}", self.said()))
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            // Nothing is left to do about a process that cannot even be killed.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

fn mebibytes(status: &str, label: &str) -> Outcome<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(label));
    let kib: Option<f64> = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| "the system does not tell the resident memory".to_owned())
}

#[cfg(test)]
mod tests {
    use super::mebibytes;

    #[test]
    fn resident_memory_is_read_in_mebibytes() {
        let status = "Name:\tmif\nVmPeak:\t  400000 kB\nVmRSS:\t   40960 kB\nRssAnon:\t   100 kB\n";
        assert!((mebibytes(status, "VmRSS:").unwrap() - 40.0).abs() < f64::EPSILON);
        assert!(mebibytes("Name:\tmif\n", "VmRSS:").is_err());
    }
}
