//! `cargo xtask openapi`: keeps `docs/openapi.json` equal to what the server prints.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::Outcome;
use crate::workspace::{self, Workspace, capture};

const DOCUMENT: &str = "docs/openapi.json";

pub(crate) fn write(workspace: &Workspace) -> Outcome<ExitCode> {
    workspace::write(&workspace.root.join(DOCUMENT), &build_and_print(workspace)?)?;
    eprintln!("xtask: wrote {DOCUMENT}");
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn check(workspace: &Workspace) -> Outcome<ExitCode> {
    compare(workspace, &build_and_print(workspace)?)
}

/// For `ci`, which has just built the server: building it alone would compile shared dependencies again.
pub(crate) fn check_with(workspace: &Workspace, binary: &Path) -> Outcome<ExitCode> {
    compare(workspace, &capture(Command::new(binary).arg("openapi").current_dir(&workspace.root))?)
}

fn build_and_print(workspace: &Workspace) -> Outcome<String> {
    capture(&mut workspace.cargo(["run", "--quiet", "--locked", "--package", "mif-server", "--", "openapi"]))
}

fn compare(workspace: &Workspace, printed: &str) -> Outcome<ExitCode> {
    let file = workspace.root.join(DOCUMENT);
    // A missing document is one to refresh, like any that differs.
    let stored = if file.exists() { workspace::read(&file)? } else { String::new() };
    match first_difference(&stored, printed) {
        None => Ok(ExitCode::SUCCESS),
        Some(line) => Err(format!(
            "{DOCUMENT} is not what the server prints (first difference in line {line}): \
             run `cargo xtask openapi` and commit the result"
        )),
    }
}

/// The first line, counted from one, in which the two differ.
fn first_difference(stored: &str, printed: &str) -> Option<usize> {
    if stored == printed {
        return None;
    }
    let same = stored.split('\n').zip(printed.split('\n')).take_while(|(left, right)| left == right).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_differing_line_is_found() {
        assert_eq!(first_difference("{\n}\n", "{\n}\n"), None);
        assert_eq!(first_difference("{\n  1\n}\n", "{\n  2\n}\n"), Some(2));
        assert_eq!(first_difference("{}", "{}\n"), Some(2));
    }
}
