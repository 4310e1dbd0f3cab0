//! The other commands of `mif`: they run and end.

use std::fs::File;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use super::environment::binary;
use super::{Site, Stopwatch};

/// A loaded machine may take its time; a command that takes longer does not end at all.
const LIMIT: Duration = Duration::from_mins(1);

/// How a command ended and what it printed.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) complaint: String,
}

impl Finished {
    /// Fails unless it succeeded, and returns what it printed.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.output, self.complaint);
        self.output
    }

    /// Fails unless it failed with a message that names each of these.
    pub(crate) fn refused(self, names: &[&str]) {
        assert_ne!(self.code, 0, "{}", self.output);
        for name in names {
            assert!(self.complaint.contains(name), "{name} is not named: {}", self.complaint);
        }
    }

    /// What stands between two texts of the output, such as a password that was made.
    pub(crate) fn between(output: &str, before: &str, after: &str) -> String {
        let (_, rest) = output.split_once(before).unwrap_or_else(|| panic!("no \"{before}\" in {output}"));
        rest.split_once(after).map_or(rest, |(found, _)| found).to_owned()
    }
}

impl Site {
    /// Runs a command on this site.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[], "")
    }

    /// The same with more settings, and something typed.
    pub(crate) fn run_with(&self, arguments: &[&str], more: &[(&str, &str)], typed: &str) -> Finished {
        // Files, unlike pipes, take any amount while nobody reads.
        let [input, output, complaint] = ["typed", "printed", "complained"].map(|name| self.folder(name));
        std::fs::write(&input, typed).unwrap();
        let process = Command::new(binary())
            .args(arguments)
            .env_clear()
            .envs(self.environment(more))
            .stdin(File::open(input).unwrap())
            .stdout(File::create(&output).unwrap())
            .stderr(File::create(&complaint).unwrap())
            .spawn()
            .expect("the command starts");
        let code = Running(process).ended().code().expect("the command ends by itself");
        let read = |file| std::fs::read_to_string(file).unwrap();
        Finished { code, output: read(output), complaint: read(complaint) }
    }
}

/// A command that must end. When it does not, it is ended with the test.
struct Running(Child);

impl Running {
    fn ended(mut self) -> ExitStatus {
        let watch = Stopwatch::start();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(watch.elapsed() < LIMIT, "the command still runs after {LIMIT:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when the process has ended already, which is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
