//! A private clamd with two signatures of its own, that lives as long as its value, or at most as long as this process.

use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::apt;
use crate::pg::free_port;
use crate::workspace::{capture, write};

/// The port may be taken by another program between the question and the start.
const START_ATTEMPTS: usize = 3;
/// Two signatures load in a moment; the machine may have other things to do.
const START_DEADLINE: Duration = Duration::from_mins(1);

/// What is found: the antivirus test file of EICAR, and a marker that harms nobody and lets tests carry none of the former.
/// A line has the name, which clamd extends with `.UNOFFICIAL`, then "any kind of file", "anywhere in it", and the bytes in
/// hexadecimal, so that neither this source nor the program made of it is found itself.
const SIGNATURES: &str = "\
Test.Eicar.Body:0:*:58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d\
5354414e444152442d414e544956495255532d544553542d46494c452124482b482a
Test.Marker:0:*:4552502d544553542d56495255532d4d41524b4552
";

/// Waits until its input ends, which happens however we end, even by a signal that no `Drop` survives.
/// Arguments: the folder, then the process.
const CLEAN_UP_AFTER_US: &str = r#"trap "" INT HUP TERM; cat >/dev/null
kill -s KILL "$2" 2>/dev/null; rm -rf -- "$1""#;

#[derive(Debug)]
pub(crate) struct Clamd {
    folder: String,
    port: u16,
    server: Child,
    guard: Child,
}

impl Clamd {
    pub(crate) fn start() -> Outcome<Self> {
        let program = find_or_install()?;
        let mut complaint = String::new();
        for _ in 0..START_ATTEMPTS {
            let mut clamd = Self::spawn(&program)?;
            match clamd.wait_for_pong() {
                Ok(()) => return Ok(clamd),
                Err(message) => complaint = message,
            }
        }
        Err(format!("clamd did not start: {complaint}"))
    }

    fn spawn(program: &Path) -> Outcome<Self> {
        // Not below TMPDIR: the path of a socket must be short, and on some systems AppArmor lets clamd only in here.
        let folder = capture(Command::new("mktemp").args(["-d", "/tmp/mif-clamd.XXXXXX"]))?.trim().to_owned();
        let port = free_port()?;
        let spawned = prepare(&folder, port).and_then(|log| {
            Command::new(program)
                .arg(format!("--config-file={folder}/clamd.conf"))
                .current_dir("/")
                .stdin(Stdio::null())
                .stderr(log.try_clone().map_err(|error| format!("cannot share the log of clamd: {error}"))?)
                .stdout(log)
                // A Ctrl-C goes to the terminal's whole process group.
                .process_group(0)
                .spawn()
                .map_err(|error| format!("cannot start `{}`: {error}", program.display()))
        });
        let mut server = match spawned {
            Ok(server) => server,
            Err(message) => {
                remove(&folder);
                return Err(message);
            }
        };
        match guard(&folder, server.id()) {
            Ok(guard) => Ok(Self { folder, port, server, guard }),
            Err(message) => {
                end(&mut server);
                remove(&folder);
                Err(message)
            }
        }
    }

    fn wait_for_pong(&mut self) -> Outcome<()> {
        let began = Instant::now();
        while began.elapsed() < START_DEADLINE {
            if ping(&self.socket()).is_ok_and(|answer| answer == *b"PONG\0") {
                // Without its port it goes on with the socket alone.
                let log = self.log();
                return if log.contains("Cannot bind") { Err(log) } else { Ok(()) };
            }
            if let Ok(Some(status)) = self.server.try_wait() {
                return Err(format!("it ended ({status})\n{}", self.log()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("no answer within {} s\n{}", START_DEADLINE.as_secs(), self.log()))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(format!("{}/log", self.folder)).unwrap_or_default()
    }

    fn socket(&self) -> String {
        format!("{}/socket", self.folder)
    }

    pub(crate) fn unix_address(&self) -> String {
        format!("unix:{}", self.socket())
    }

    pub(crate) fn tcp_address(&self) -> String {
        format!("tcp://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        // The guard first: until we have asked how clamd ended, its number cannot become another program's.
        drop(self.guard.stdin.take());
        if let Err(error) = self.guard.wait() {
            eprintln!("xtask: {} may be left: {error}", self.folder);
        }
        end(&mut self.server);
    }
}

fn end(server: &mut Child) {
    if let Err(error) = server.kill().and_then(|()| server.wait()) {
        eprintln!("xtask: clamd may still run as process {}: {error}", server.id());
    }
}

fn remove(folder: &str) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        eprintln!("xtask: {folder} is left: {error}");
    }
}

fn guard(folder: &str, process: u32) -> Outcome<Child> {
    Command::new("sh")
        .args(["-c", CLEAN_UP_AFTER_US, "clean-up", folder, &process.to_string()])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot start `sh`: {error}"))
}

/// Writes what clamd reads, and opens its log.
fn prepare(folder: &str, port: u16) -> Outcome<std::fs::File> {
    let create = |error| format!("cannot write below {folder}: {error}");
    std::fs::create_dir(format!("{folder}/db")).map_err(create)?;
    write(Path::new(&format!("{folder}/db/test.ndb")), SIGNATURES)?;
    write(Path::new(&format!("{folder}/clamd.conf")), &configuration(folder, port))?;
    std::fs::File::create(format!("{folder}/log")).map_err(create)
}

/// With room for the product's largest upload. What clamd did not look at is an alert, or it would say OK.
fn configuration(folder: &str, port: u16) -> String {
    format!(
        "Foreground yes\n\
         DatabaseDirectory {folder}/db\n\
         TemporaryDirectory {folder}\n\
         LocalSocket {folder}/socket\n\
         TCPSocket {port}\n\
         TCPAddr 127.0.0.1\n\
         StreamMaxLength 128M\n\
         MaxFileSize 128M\n\
         MaxScanSize 512M\n\
         AlertExceedsMax yes\n\
         AlertEncrypted yes\n\
         SelfCheck 0\n\
         Bytecode no\n\
         PhishingSignatures no\n"
    )
}

fn ping(socket: &str) -> std::io::Result<[u8; 5]> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"zPING\0")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn find_or_install() -> Outcome<PathBuf> {
    if let Some(program) = find() {
        return Ok(program);
    }
    // Without the official signatures its package starts nothing.
    apt::install(&["clamav-daemon"], "clamd")?;
    find().ok_or_else(|| "clamd was installed, its program was not found".to_owned())
}

/// Debian keeps it where only root's PATH leads.
fn find() -> Option<PathBuf> {
    let debian = PathBuf::from("/usr/sbin/clamd");
    if apt::is_program(&debian) { Some(debian) } else { apt::on_path("clamd") }
}

#[cfg(test)]
mod tests {
    use super::configuration;

    #[test]
    fn nobody_else_reaches_it_and_nothing_is_skipped_in_silence() {
        let text = configuration("/tmp/x", 3310);
        for line in ["TCPAddr 127.0.0.1", "TCPSocket 3310", "LocalSocket /tmp/x/socket", "AlertExceedsMax yes"] {
            assert!(text.lines().any(|found| found == line), "{line}");
        }
    }
}
