//! A private PostgreSQL cluster that lives as long as its value, or at most as long as this process.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Outcome;
use crate::apt;
use crate::workspace::capture;

/// Started ports may be taken by another program between the question and the start.
const START_ATTEMPTS: usize = 3;

/// Waits until its input ends, which happens however we end, even by a signal that no `Drop` survives.
/// Arguments: the folder, then the words of the `pg_ctl` call that stops the server.
const CLEAN_UP_AFTER_US: &str = r#"trap "" INT HUP TERM; cat >/dev/null
folder=$1; shift; cd /; "$@" >/dev/null 2>&1; rm -rf -- "$folder""#;

#[derive(Debug, Clone, Copy)]
pub(crate) struct ClusterOptions {
    /// Survives a power cut. Honest for measurements, pointless for tests.
    pub(crate) durable: bool,
}

#[derive(Debug)]
pub(crate) struct Cluster {
    programs: Programs,
    port: u16,
    guard: Child,
}

impl Cluster {
    pub(crate) fn start(options: ClusterOptions) -> Outcome<Self> {
        let programs = Programs::find_or_install()?;
        let folder = programs.make_folder()?;
        let data = format!("{folder}/data");
        let guard = programs.guard(&folder, &data)?;
        // From here on a return by `?` drops the value, and with it the folder.
        let mut cluster = Self { programs, port: 0, guard };
        let encoding = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
        capture(cluster.programs.as_owner("initdb").args(["-D", &data]).args(encoding))?;
        cluster.serve(&folder, &data, options)?;
        Ok(cluster)
    }

    fn serve(&mut self, folder: &str, data: &str, options: ClusterOptions) -> Outcome<()> {
        let log = format!("{folder}/log");
        let mut complaint = String::new();
        for _ in 0..START_ATTEMPTS {
            self.port = free_port()?;
            let settings = settings(self.port, options);
            let mut start = self.programs.as_owner("pg_ctl");
            match capture(start.args(["-D", data, "-l", &log, "-o", &settings, "-w", "start"])) {
                Ok(_) => return Ok(()),
                Err(message) => complaint = message,
            }
        }
        let log = std::fs::read_to_string(log).unwrap_or_default();
        Err(format!("PostgreSQL did not start: {complaint}\n{log}"))
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL in one database and returns the bare rows.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> Outcome<String> {
        let mut command = self.client("psql");
        capture(command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]))
    }

    /// A client program of this version (`psql`, `pgbench`), pointed at this cluster over TCP.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin(program));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres"]);
        command
    }

    pub(crate) fn bin(&self, program: &str) -> PathBuf {
        self.programs.folder.join(program)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        if let Err(error) = self.guard.wait() {
            eprintln!("xtask: PostgreSQL may still run on port {}: {error}", self.port);
        }
    }
}

fn settings(port: u16, options: ClusterOptions) -> String {
    let durability = if options.durable { "on" } else { "off" };
    format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 \
         -c fsync={durability} -c synchronous_commit={durability} -c full_page_writes={durability}"
    )
}

pub(crate) fn free_port() -> Outcome<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free TCP port: {error}"))
}

/// The server's programs and whom they must run as: PostgreSQL refuses to run as root.
#[derive(Debug)]
struct Programs {
    folder: PathBuf,
    as_postgres: bool,
}

impl Programs {
    fn find_or_install() -> Outcome<Self> {
        let as_postgres = apt::is_root()?;
        if let Some(folder) = find(Path::new("/usr/lib/postgresql")) {
            return Ok(Self { folder, as_postgres });
        }
        install()?;
        let folder =
            find(Path::new("/usr/lib/postgresql")).ok_or("PostgreSQL was installed, its programs were not found")?;
        Ok(Self { folder, as_postgres })
    }

    fn words(&self, program: &str) -> Vec<String> {
        let mut words = Vec::new();
        if self.as_postgres {
            words.extend(["runuser", "-u", "postgres", "--"].map(str::to_owned));
        }
        words.push(self.folder.join(program).display().to_string());
        words
    }

    fn as_owner(&self, program: &str) -> Command {
        let mut words = self.words(program).into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        // The owner may not be allowed to enter the folder that we were started in.
        command.args(words).current_dir("/");
        command
    }

    fn make_folder(&self) -> Outcome<String> {
        let mut command = if self.as_postgres {
            let mut command = Command::new("runuser");
            // Not below TMPDIR: root's own may be closed to others.
            command.args(["-u", "postgres", "--", "mktemp", "-d", "/tmp/mif-postgres.XXXXXX"]);
            command
        } else {
            let mut command = Command::new("mktemp");
            command.arg("-d").arg(std::env::temp_dir().join("mif-postgres.XXXXXX"));
            command
        };
        Ok(capture(command.current_dir("/"))?.trim().to_owned())
    }

    fn guard(&self, folder: &str, data: &str) -> Outcome<Child> {
        Command::new("sh")
            .args(["-c", CLEAN_UP_AFTER_US, "clean-up", folder])
            .args(self.words("pg_ctl"))
            .args(["-D", data, "-m", "immediate", "stop"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C goes to the terminal's whole process group.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start `sh`: {error}"))
    }
}

/// The newest version that Debian installed side by side, else the one on the PATH.
fn find(debian: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(debian).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| is_server(&debian.join(version.to_string()).join("bin")))
        .max();
    if let Some(version) = newest {
        return Some(debian.join(version.to_string()).join("bin"));
    }
    let program = apt::on_path("pg_ctl")?.canonicalize().ok()?;
    program.parent().filter(|folder| is_server(folder)).map(Path::to_path_buf)
}

fn is_server(folder: &Path) -> bool {
    ["postgres", "initdb", "pg_ctl", "psql", "pgbench"].iter().all(|program| apt::is_program(&folder.join(program)))
}

fn install() -> Outcome<()> {
    let settings = Path::new("/etc/postgresql-common/createcluster.conf");
    let new_here = !settings.exists();
    // In two steps, because the server's package starts a cluster of its own unless this file says no. A machine that
    // already has the file has somebody who decided.
    apt::install(&["postgresql-common"], "PostgreSQL")?;
    if new_here {
        let mut text = std::fs::read_to_string(settings).unwrap_or_default();
        text.push_str("\ncreate_main_cluster = false\n");
        crate::workspace::write(settings, &text)?;
    }
    apt::install(&["postgresql"], "PostgreSQL")
}

#[cfg(test)]
mod tests {
    use super::{ClusterOptions, find, settings};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn install_fake(root: &Path, version: &str, programs: &[&str]) {
        let bin = root.join(version).join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        for program in programs {
            std::fs::write(bin.join(program), "").unwrap();
            std::fs::set_permissions(bin.join(program), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    #[test]
    fn the_newest_complete_server_is_taken_by_number() {
        let root = std::env::temp_dir().join(format!("mif-xtask-find-{}", std::process::id()));
        let all = ["postgres", "initdb", "pg_ctl", "psql", "pgbench"];
        install_fake(&root, "9", &all);
        install_fake(&root, "15", &all);
        install_fake(&root, "17", &["psql"]);

        let found = find(&root);
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, Some(root.join("15/bin")));
    }

    #[test]
    fn only_a_durable_cluster_waits_for_the_disk() {
        assert!(settings(5432, ClusterOptions { durable: true }).contains("fsync=on"));
        assert!(settings(5432, ClusterOptions { durable: false }).contains("fsync=off"));
    }
}
