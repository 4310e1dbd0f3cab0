//! Installs Debian packages, where that is possible without asking anybody.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::workspace::{capture, must};

pub(crate) fn is_root() -> Outcome<bool> {
    Ok(capture(Command::new("id").arg("-u"))?.trim() == "0")
}

/// Stops with a sentence that names the packages when this is not a Debian-like system or we are not root.
pub(crate) fn install(packages: &[&str], purpose: &str) -> Outcome<()> {
    let names = packages.join(" ");
    if on_path("apt-get").is_none() {
        return Err(format!("{purpose} is missing: install it with your system's package manager (Debian: {names})"));
    }
    if !is_root()? {
        return Err(format!("{purpose} is missing: run `sudo apt-get install --no-install-recommends {names}`"));
    }
    eprintln!("xtask: installing {names}");
    must(apt_get().args(["-qq", "update"]))?;
    must(apt_get().args(["-qq", "install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // Standard output carries results (`bench` prints JSON there); what apt has to say is progress.
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null()).stdout(std::io::stderr());
    command
}

pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_program(file))
}

pub(crate) fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
