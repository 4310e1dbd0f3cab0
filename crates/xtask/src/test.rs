//! `cargo xtask test`: the one test command. Nothing is skipped: what is missing is installed or named.

use std::num::NonZeroUsize;
use std::process::{Command, ExitCode};

use crate::clamd::Clamd;
use crate::pg::{Cluster, ClusterOptions};
use crate::workspace::{Workspace, exit_code, status};
use crate::{Outcome, s3};

/// Journeys wait more than they compute: for a lock to end, for a network to come back. With one a core the machine is idle
/// half of the time.
const TESTS_A_CORE: usize = 2;

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome<ExitCode> {
    let binary = workspace.build_for_tests()?;
    let peers = Peers::start(workspace)?;

    let mut command = workspace.cargo(["test", "--locked", "--no-fail-fast"]);
    if !names_packages(args) {
        command.arg("--workspace");
    }
    command.args(args);
    peers.announce(&mut command);
    command.env("MIF_TEST_BINARY", binary);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        command.env("RUST_TEST_THREADS", (cores * TESTS_A_CORE).to_string());
    }
    Ok(exit_code(status(&mut command)?))
}

/// The programs that tests talk to. They end with this value.
#[derive(Debug)]
pub(crate) struct Peers {
    cluster: Cluster,
    clamd: Clamd,
    s3: s3::Server,
}

impl Peers {
    pub(crate) fn start(workspace: &Workspace) -> Outcome<Self> {
        let cluster = Cluster::start(ClusterOptions { durable: false })?;
        Ok(Self { cluster, clamd: Clamd::start()?, s3: s3::Server::start(workspace)? })
    }

    /// Tells the tests where their peers listen.
    pub(crate) fn announce(&self, tests: &mut Command) {
        tests.env("MIF_TEST_POSTGRES", self.cluster.url("postgres"));
        tests.env("MIF_TEST_CLAMD", self.clamd.unix_address()).env("MIF_TEST_CLAMD_TCP", self.clamd.tcp_address());
        tests.env("MIF_TEST_S3", self.s3.url());
    }
}

/// `--workspace` would win over `-p`.
fn names_packages(args: &[String]) -> bool {
    args.iter()
        .take_while(|arg| *arg != "--")
        .any(|arg| arg == "--package" || arg.starts_with("--package=") || arg.starts_with("-p"))
}

#[cfg(test)]
mod tests {
    use super::names_packages;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_package_selection_is_seen_before_the_separator_only() {
        assert!(names_packages(&words("-p mif-domain")));
        assert!(names_packages(&words("--package=mif-domain equipment")));
        assert!(!names_packages(&words("equipment -- -p")));
        assert!(!names_packages(&[]));
    }
}
