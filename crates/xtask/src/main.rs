//! Developer commands: `cargo xtask <command>`. Outside the product, with few dependencies, so that it builds in seconds.
//!
//! One module per command; `workspace` runs cargo, `pg`, `clamd` and `s3` lend private servers, `apt` and
//! `python` install what is missing.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer tool talks to its terminal and reads the environment and the clock directly"
)]

mod api;
mod apt;
mod arch;
mod bench;
mod ci;
mod clamd;
mod coverage;
mod fuzz;
mod openapi;
mod pg;
mod python;
mod s3;
mod test;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

/// What stops a command is told in one sentence to the person in front of it.
pub(crate) type Outcome<T> = Result<T, String>;

const USAGE: &str = "\
Usage: cargo xtask <command>

  arch                check the dependency rule between the crates
  test [args...]      run every test against a private PostgreSQL and clamd; args go to `cargo test`
  test-api [args...]  ask the server what the OpenAPI document allows and what not; args go to schemathesis
  fuzz [target] [--seconds N]
                      send every fuzz target what nobody would, for 60 s each or for N
  openapi [--check]   write docs/openapi.json, or only compare it
  ci                  what .ci/run runs: fmt, arch, clippy, test, openapi --check
  coverage            line coverage with its gate (needs cargo-llvm-cov)
  bench [--quick]     measure the release build, one JSON line per figure";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Outcome<ExitCode> {
    let Some((command, rest)) = args.split_first() else {
        return Err(format!("no command given\n\n{USAGE}"));
    };
    let flags: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (command.as_str(), flags.as_slice()) {
        ("arch", []) => arch::run(&Workspace::load()?),
        ("test", _) => test::run(&Workspace::load()?, rest),
        ("test-api", _) => api::run(&Workspace::load()?, rest),
        ("fuzz", _) => fuzz::run(&Workspace::load()?, &fuzz::Plan::read(rest)?),
        ("openapi", []) => openapi::write(&Workspace::load()?),
        ("openapi", ["--check"]) => openapi::check(&Workspace::load()?),
        ("ci", []) => ci::run(&Workspace::load()?),
        ("coverage", []) => coverage::run(&Workspace::load()?),
        ("bench", []) => bench::run(&Workspace::load()?, &bench::Plan::full()),
        ("bench", ["--quick"]) => bench::run(&Workspace::load()?, &bench::Plan::quick()),
        ("help" | "--help" | "-h", _) => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(format!("`{}` is not understood\n\n{USAGE}", args.join(" "))),
    }
}
