//! Where settings come from, as plain lists: only [`Sources::from_process`] touches the process.

use std::fmt;

/// What the process was started with.
#[derive(Clone, Default)]
pub struct Sources {
    /// Environment variables: name and value. Those that are none of ours are ignored.
    pub environment: Vec<(String, String)>,
    /// Settings given on the command line: key (`http.bind`, or `config` for the path of a file) and value. A later
    /// one wins.
    pub flags: Vec<(&'static str, String)>,
}

impl Sources {
    /// The environment of this process, and the flags it was given.
    pub fn from_process(flags: Vec<(&'static str, String)>) -> Self {
        Self { environment: process_environment(), flags }
    }
}

/// Shows names only: values may be secrets.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<&str> = self.environment.iter().map(|(name, _)| name.as_str()).collect();
        let flags: Vec<&str> = self.flags.iter().map(|(key, _)| *key).collect();
        f.debug_struct("Sources").field("environment", &variables).field("flags", &flags).finish_non_exhaustive()
    }
}

/// Text that is not UTF-8 comes with replacement characters, which are refused in the settings and unimportant elsewhere.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment; everybody else is handed it")]
fn process_environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect()
}
