//! `cargo xtask coverage`: line coverage of the product with its gate. The tools come from the workflow that runs it.

use std::process::ExitCode;

use crate::Outcome;
use crate::test::Peers;
use crate::workspace::{Workspace, capture, exit_code, status};

const MINIMUM_LINES_PERCENT: &str = "80";
/// Developer commands are no product, and tests cover themselves by running.
const NOT_COUNTED: &str = "xtask|tests/";

pub(crate) fn run(workspace: &Workspace) -> Outcome<ExitCode> {
    capture(&mut workspace.cargo(["llvm-cov", "--version"]))
        .map_err(|_| "cargo-llvm-cov is missing: run `cargo install --locked cargo-llvm-cov`".to_owned())?;
    let binary = workspace.build_for_tests()?;
    let peers = Peers::start(workspace)?;

    let mut command = workspace.cargo(["llvm-cov", "--workspace", "--locked"]);
    command.args(["--fail-under-lines", MINIMUM_LINES_PERCENT, "--ignore-filename-regex", NOT_COUNTED]);
    peers.announce(&mut command);
    command.env("MIF_TEST_BINARY", binary);
    Ok(exit_code(status(&mut command)?))
}
