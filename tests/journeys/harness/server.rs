//! One process of `mif serve`.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::environment::binary;
use super::{Client, Session, Site, Stopwatch};

/// A loaded machine may take its time; a server that takes longer is broken.
const START: Duration = Duration::from_secs(30);

/// A running server. It ends with its value, whatever happens.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    output: PathBuf,
    address: String,
}

impl Server {
    /// Starts a process without waiting for it.
    pub(crate) fn spawn(site: &Site, more: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let output = site.folder(&format!("output-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        let file = File::create(&output).unwrap();
        let process = Command::new(binary())
            .arg("serve")
            .env_clear()
            .envs(site.environment(more))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .expect("the server starts");
        Self { process, output, address: String::new() }
    }

    /// Waits until it answers `/ready` with 200.
    pub(crate) async fn ready(mut self) -> Self {
        let watch = Stopwatch::start();
        loop {
            if self.address.is_empty() {
                self.address = self.announced().unwrap_or_default();
            } else if self.client().ready().await.status == 200 {
                return self;
            }
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended instead of starting: {ended:?}");
            assert!(watch.elapsed() < START, "the server is not ready after {START:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The address that it printed, with the port it got.
    fn announced(&self) -> Option<String> {
        let text = self.output();
        let (_, rest) = text.split_once("MIF is at http://")?;
        // A line that is half written has no end yet.
        let (line, _) = rest.split_once('\n')?;
        line.split([',', ' ']).next().map(str::to_owned)
    }

    /// What it has printed and logged so far.
    pub(crate) fn output(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Somebody who is not signed in.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// Opens a session.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Session {
        let client = self.client();
        let answer = client.login(name, password).await.is(200);
        client.session(&answer)
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let script = ["-c", "kill -TERM \"$1\"", "terminate"];
        let status = Command::new("sh").args(script).arg(self.process.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// How it ended.
    pub(crate) async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let watch = Stopwatch::start();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(watch.elapsed() < limit, "the server still runs after {limit:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when the process has ended already, which is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let output = self.output();
            let last: Vec<_> = output.lines().rev().take(40).collect();
            let last: Vec<_> = last.into_iter().rev().collect();
            println!("the end of what the server said:\n{}", last.join("\n"));
        }
    }
}
