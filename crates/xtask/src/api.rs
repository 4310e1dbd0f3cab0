//! `cargo xtask test-api`: schemathesis asks the real server what the OpenAPI document allows, and what it does not.
//!
//! What is asked and what is left alone, with the reasons, stands in `tests/api`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::pg::free_port;
use crate::workspace::{Workspace, exit_code, must, status};
use crate::{Outcome, python};

const SCHEMATHESIS: &str = "4.32.5";
/// Requests of each phase to each route, at most. At 25 a run takes about four minutes.
const EXAMPLES: &str = "25";
/// Of accounts that live for one run on a loopback port. Not a password of the document's examples: a test that sends
/// those must not change it.
const PASSWORD: &str = "Soupape-Rouge-94!";
/// Accounts in the order in which they are made: one for the tests to try everything on, and the one that asks.
const ACCOUNTS: [(&str, &str); 2] = [("victime@usine.test", "victime"), ("essai@usine.test", "essai")];
/// The identifier of the latter.
const ASKING: &str = "2";

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Outcome<ExitCode> {
    must(&mut workspace.cargo(["build", "--locked", "--workspace", "--bins"]))?;
    let folder = workspace.target.join(format!("schemathesis-{SCHEMATHESIS}"));
    let program = python::find_or_install(&folder, &format!("schemathesis=={SCHEMATHESIS}"), "st")?;
    let mut server = Server::start(&workspace.server_binary("debug")?)?;

    let mut schemathesis = Command::new(program);
    schemathesis
        // Its configuration names the hooks beside it.
        .current_dir(workspace.root.join("tests/api"))
        .args(["run", &format!("http://127.0.0.1:{}/openapi.json", server.port), "--wait-for-schema", "60"])
        .args(["--max-examples", EXAMPLES, "--warnings", "off"])
        .args(args)
        .env("MIF_API_PASSWORD", PASSWORD)
        .env("MIF_API_USER", ASKING);
    let found = status(&mut schemathesis)?;
    // A crash of the server would look like a refused connection, or like nothing after the last request.
    if let Some(ended) = server.ended()? {
        return Err(format!("the server ended ({ended}):\n{}", server.last_words()));
    }
    Ok(exit_code(found))
}

/// The server under test, on an empty SQLite database, with a folder of its own.
struct Server {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Server {
    fn start(binary: &Path) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        for (email, username) in ACCOUNTS {
            make_account(command(binary, folder.path()), email, username)?;
        }
        let port = free_port()?;
        let log = File::create(folder.path().join("log")).map_err(|error| format!("cannot write a log: {error}"))?;
        let errors = log.try_clone().map_err(|error| format!("cannot share the log: {error}"))?;
        let process = command(binary, folder.path())
            .arg("serve")
            .env("MIF_HTTP__BIND", format!("127.0.0.1:{port}"))
            .env("MIF_LIMITS__ENABLED", "false")
            // The tests come from an address of their own: see hooks.py.
            .env("MIF_HTTP__TRUSTED_PROXIES", "127.0.0.1")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        Ok(Self { process, port, folder })
    }

    fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        self.process.try_wait().map_err(|error| format!("cannot watch the server: {error}"))
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let mut last: Vec<&str> = log.lines().rev().take(20).collect();
        last.reverse();
        last.join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Only these settings: what the developer's shell exports must not change what is found.
fn command(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("MIF_DATA_DIR", folder.join("data")).env("RUST_LOG", "warn");
    command
}

fn make_account(mut mif: Command, email: &str, username: &str) -> Outcome<()> {
    mif.args(["admin", "create", "--email", email, "--username", username, "--password-stdin"]);
    let cannot = |error: std::io::Error| format!("cannot make the account {username}: {error}");
    let mut process = mif.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().map_err(cannot)?;
    if let Some(mut typed) = process.stdin.take() {
        writeln!(typed, "{PASSWORD}").map_err(cannot)?;
    }
    let ended = process.wait().map_err(cannot)?;
    if ended.success() { Ok(()) } else { Err(format!("the account {username} was not made ({ended})")) }
}
