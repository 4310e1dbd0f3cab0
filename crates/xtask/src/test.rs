//! `cargo xtask test`: the one test command. Nothing is skipped: what is missing is installed or named.

use std::process::ExitCode;

use crate::Outcome;
use crate::pg::{Cluster, ClusterOptions};
use crate::workspace::{Workspace, exit_code, status};

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome<ExitCode> {
    let binary = workspace.build_for_tests()?;
    let cluster = Cluster::start(ClusterOptions { durable: false })?;

    let mut command = workspace.cargo(["test", "--locked", "--no-fail-fast"]);
    if !names_packages(args) {
        command.arg("--workspace");
    }
    command.args(args);
    command.env("MIF_TEST_POSTGRES", cluster.url("postgres")).env("MIF_TEST_BINARY", binary);
    Ok(exit_code(status(&mut command)?))
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
