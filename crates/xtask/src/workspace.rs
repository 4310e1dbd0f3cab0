//! The workspace as cargo sees it, and the ways to call cargo and other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use serde_json::Value;

use crate::Outcome;

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) metadata: Value,
}

impl Workspace {
    /// Asks cargo instead of guessing: only it knows about `CARGO_TARGET_DIR` and configuration files.
    pub(crate) fn load() -> Outcome<Self> {
        let mut command = cargo_program();
        command.args(["metadata", "--format-version", "1", "--no-deps"]);
        let metadata: Value = serde_json::from_str(&capture(&mut command)?)
            .map_err(|error| format!("cargo metadata did not print JSON: {error}"))?;
        let path = |key: &str| {
            metadata
                .get(key)
                .and_then(Value::as_str)
                .map(PathBuf::from)
                .ok_or_else(|| format!("cargo metadata has no `{key}`"))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, metadata })
    }

    pub(crate) fn cargo<I, S>(&self, args: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = cargo_program();
        command.current_dir(&self.root).args(args);
        command
    }

    /// Builds all binaries and tests and returns the path of the debug `mif`.
    ///
    /// The whole workspace at once: building `-p mif-server` alone selects other features of shared dependencies, and the
    /// test build that follows would compile them a second time.
    pub(crate) fn build_for_tests(&self) -> Outcome<PathBuf> {
        must(&mut self.cargo(["build", "--locked", "--workspace", "--bins", "--tests"]))?;
        self.server_binary("debug")
    }

    pub(crate) fn server_binary(&self, profile: &str) -> Outcome<PathBuf> {
        let binary = self.target.join(profile).join("mif");
        if binary.is_file() { Ok(binary) } else { Err(format!("{} was not built", binary.display())) }
    }
}

fn cargo_program() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs to the end with the terminal's input and output.
pub(crate) fn status(command: &mut Command) -> Outcome<ExitStatus> {
    command.status().map_err(|error| cannot_start(command, &error))
}

/// Like [`status`], and a failure of the program is one of ours.
pub(crate) fn must(command: &mut Command) -> Outcome<()> {
    let status = status(command)?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", shown(command))) }
}

/// What the program printed; when it fails, what it complained of.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| cannot_start(command, &error))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| format!("`{}` printed no UTF-8", shown(command)));
    }
    let complaint = [output.stdout, output.stderr].concat();
    let complaint = String::from_utf8_lossy(&complaint);
    Err(format!("`{}` failed ({}): {}", shown(command), output.status, complaint.trim()))
}

/// Hands the status of a program on as ours; one that a signal ended counts as a failure.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => ExitCode::from(code),
        _ => ExitCode::FAILURE,
    }
}

pub(crate) fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

pub(crate) fn write(path: &Path, text: &str) -> Outcome<()> {
    std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start `{}`: {error}", shown(command))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
