//! `cargo xtask fuzz`: runs the targets of `tests/fuzz` for a while each.
//!
//! libFuzzer needs to see which branches run. The instrumentation is LLVM's own and is asked for by flags that the stable
//! compiler takes; only the sanitizers would need a nightly one, and without `unsafe` they would find little here.

use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use crate::Outcome;
use crate::workspace::{Workspace, capture, must, status};

/// How long each target runs when nobody says.
const SECONDS: u32 = 60;
/// Counters on every edge, which compares feed with their operands.
const INSTRUMENTATION: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Branches that are folded into arithmetic cannot be told apart.
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// What `cargo xtask fuzz` was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    target: Option<String>,
    seconds: u32,
}

impl Plan {
    pub(crate) fn read(args: &[String]) -> Outcome<Self> {
        let mut plan = Self { target: None, seconds: SECONDS };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--seconds" {
                let seconds = args.next().and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
                plan.seconds = seconds.ok_or("--seconds needs a whole number of them")?;
            } else if arg.starts_with('-') || plan.target.is_some() {
                return Err(format!("`{arg}` is not understood: cargo xtask fuzz [target] [--seconds N]"));
            } else {
                plan.target = Some(arg.clone());
            }
        }
        Ok(plan)
    }
}

pub(crate) fn run(workspace: &Workspace, plan: &Plan) -> Outcome<ExitCode> {
    let home = workspace.root.join("tests/fuzz");
    let all = targets(&home)?;
    let chosen: Vec<&String> = all.iter().filter(|name| plan.target.as_ref().is_none_or(|it| it == *name)).collect();
    if chosen.is_empty() {
        return Err(format!("there is no such target; there are {}", all.join(", ")));
    }
    let host = host()?;
    let output = workspace.target.join("fuzz");
    let mut build = workspace.cargo(["build", "--locked", "--release", "--target", &host, "--target-dir"]);
    build.arg(&output).arg("--manifest-path").arg(home.join("Cargo.toml"));
    for name in &chosen {
        build.args(["--bin", name]);
    }
    // With a target named, build scripts and macros are left as they are: they are not linked with libFuzzer.
    must(build.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\u{1f}")))?;

    let scratch = Scratch::new(&output)?;
    let mut failed = Vec::new();
    for name in chosen {
        eprintln!("== {name}, {} s", plan.seconds);
        let [corpus, findings] = ["corpus", "findings"].map(|kind| output.join(kind).join(name));
        make(&corpus)?;
        make(&findings)?;
        let before = files(&findings)?;
        let binary = output.join(&host).join("release").join(name);
        let mut fuzzer = Command::new(&binary);
        // What is found on the way is kept in the first folder, for the next run; the seeds stay as they are.
        fuzzer.arg(&corpus).arg(home.join("corpus").join(name)).env("TMPDIR", &scratch.0);
        fuzzer.args([&format!("-max_total_time={}", plan.seconds), "-timeout=10", "-rss_limit_mb=3072"]);
        fuzzer.args(["-max_len=4096", "-verbosity=0", "-print_final_stats=1"]);
        fuzzer.arg(format!("-artifact_prefix={}/", findings.display()));
        if !status(&mut fuzzer)?.success() {
            failed.push(name.as_str());
            for file in files(&findings)?.difference(&before).map(|(file, _)| file) {
                eprintln!("== {name} failed; the same again: {} {}", binary.display(), file.display());
            }
        }
    }
    if failed.is_empty() { Ok(ExitCode::SUCCESS) } else { Err(format!("{} failed", failed.join(", "))) }
}

/// Where targets keep their files, gone at the end: libFuzzer leaves without cleaning up.
struct Scratch(PathBuf);

impl Scratch {
    /// In memory, where there is such a place: this is about bytes, not about disks.
    fn new(output: &Path) -> Outcome<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory } else { output };
        let folder = parent.join(format!("mif-fuzz-{}", std::process::id()));
        make(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn make(folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
}

/// The files of a folder and when each was written: what is found twice is written twice, to the same file.
fn files(folder: &Path) -> Outcome<BTreeSet<(PathBuf, SystemTime)>> {
    let cannot = |error| format!("cannot list {}: {error}", folder.display());
    let written = |entry: std::io::Result<DirEntry>| {
        let entry = entry?;
        Ok((entry.path(), entry.metadata()?.modified()?))
    };
    std::fs::read_dir(folder).and_then(|entries| entries.map(written).collect()).map_err(cannot)
}

/// Their names, from the files.
fn targets(home: &Path) -> Outcome<Vec<String>> {
    let files = files(&home.join("targets"))?;
    Ok(files.iter().filter_map(|(file, _)| Some(file.file_stem()?.to_str()?.to_owned())).collect())
}

/// The triple of this machine.
fn host() -> Outcome<String> {
    let told = capture(Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not tell its host".to_owned())
}

#[cfg(test)]
mod tests {
    use super::Plan;

    fn read(line: &str) -> Result<Plan, String> {
        Plan::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_target_and_a_time_may_be_named() {
        assert_eq!(read("").unwrap(), Plan { target: None, seconds: 60 });
        assert_eq!(read("csv --seconds 600").unwrap(), Plan { target: Some("csv".into()), seconds: 600 });
        assert_eq!(read("--seconds 5 csv").unwrap(), Plan { target: Some("csv".into()), seconds: 5 });
    }

    #[test]
    fn anything_else_is_refused() {
        for line in ["--seconds", "--seconds soon", "--seconds 0", "csv json", "--jobs 4"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
