//! Programs from `PyPI`, each in a virtual environment of its own below the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::apt;
use crate::workspace::{capture, must};

/// Returns the program, installed into `folder` when it is not there yet. `package` names its version.
pub(crate) fn find_or_install(folder: &Path, package: &str, program: &str) -> Outcome<PathBuf> {
    let program = folder.join("bin").join(program);
    if apt::is_program(&program) {
        return Ok(program);
    }
    eprintln!("xtask: installing {package} in {}", folder.display());
    let make = || capture(Command::new("python3").args(["-m", "venv"]).arg(folder));
    if make().is_err() {
        // Debian splits the module off.
        apt::install(&["python3", "python3-venv"], "Python with virtual environments")?;
        make()?;
    }
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]);
    must(pip.stdout(std::io::stderr()))?;
    Ok(program)
}
