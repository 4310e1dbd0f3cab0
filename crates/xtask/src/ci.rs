//! `cargo xtask ci`: the gate that every change passes, cheapest steps first.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::workspace::{Workspace, must};
use crate::{arch, openapi, test};

type Step = (&'static str, fn(&Workspace) -> Outcome<ExitCode>);

const STEPS: [Step; 5] = [
    ("fmt", |workspace| passed(must(&mut workspace.cargo(["fmt", "--all", "--", "--check"])))),
    ("arch", arch::run),
    ("clippy", clippy),
    ("test", |workspace| test::run(workspace, &[])),
    ("openapi", |workspace| openapi::check_with(workspace, &workspace.server_binary("debug")?)),
];

pub(crate) fn run(workspace: &Workspace) -> Outcome<ExitCode> {
    let mut summary = Vec::new();
    for (name, step) in STEPS {
        eprintln!("== {name}");
        let began = Instant::now();
        let code = step(workspace).map_err(|message| format!("{name} failed: {message}"))?;
        let line = format!("{name:<8} {}", seconds(began.elapsed()));
        if code != ExitCode::SUCCESS {
            eprintln!("== {line}, failed");
            return Ok(code);
        }
        eprintln!("== {line}");
        summary.push(line);
    }
    println!("All steps passed:\n  {}", summary.join("\n  "));
    Ok(ExitCode::SUCCESS)
}

fn clippy(workspace: &Workspace) -> Outcome<ExitCode> {
    let args = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    passed(must(&mut workspace.cargo(args)))
}

fn passed(step: Outcome<()>) -> Outcome<ExitCode> {
    step.map(|()| ExitCode::SUCCESS)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
