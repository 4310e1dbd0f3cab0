//! A private S3 server (moto, in memory) that lives as long as its value, or at most as long as this process.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Outcome;
use crate::pg::free_port;
use crate::python;
use crate::workspace::Workspace;

const MOTO: &str = "5.2.5";
const BUCKET: &str = "mif";
/// Started ports may be taken by another program between the question and the start.
const START_ATTEMPTS: usize = 3;
/// Python takes its time on a busy machine.
const LOOKS: usize = 600;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Stops the server when its input ends, which happens however we end. The trap comes after the start: the server is to
/// hear the signal. Arguments: its command.
const CLEAN_UP_AFTER_US: &str = r#""$@" </dev/null >/dev/null 2>&1 & server=$!
trap "" INT HUP TERM; cat >/dev/null; kill "$server" 2>/dev/null"#;

#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    guard: Child,
}

impl Server {
    pub(crate) fn start(workspace: &Workspace) -> Outcome<Self> {
        let program = python::find_or_install(
            &workspace.target.join(format!("s3-server-{MOTO}")),
            &format!("moto[server]=={MOTO}"),
            "moto_server",
        )?;
        for _ in 0..START_ATTEMPTS {
            let port = free_port()?;
            let server = Self { port, guard: guard(&program, port)? };
            if server.answers() {
                return Ok(server);
            }
        }
        Err(format!("the S3 server did not start: try `{} -H 127.0.0.1 -p 5000`", program.display()))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes the bucket, which is also how to see that the server is there.
    fn answers(&self) -> bool {
        for _ in 0..LOOKS {
            if self.make_bucket().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                return true;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        false
    }

    fn make_bucket(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "PUT /{BUCKET} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        if let Err(error) = self.guard.wait() {
            eprintln!("xtask: the S3 server may still run on port {}: {error}", self.port);
        }
    }
}

fn guard(program: &Path, port: u16) -> Outcome<Child> {
    Command::new("sh")
        .args(["-c", CLEAN_UP_AFTER_US, "clean-up"])
        .arg(program)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C goes to the terminal's whole process group.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot start `sh`: {error}"))
}
