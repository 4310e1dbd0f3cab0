//! Two hundred people sign in at once: what that costs in memory, and what everybody else feels of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

use super::http::Connection;
use super::report::Report;
use super::server::{ADMIN_PASSWORD, Server};
use crate::Outcome;

pub(super) const PEOPLE: u32 = 200;
/// Readers, and how often each of them asks: a load that leaves the machine room, so that waiting is what is measured.
const READERS: u32 = 4;
const READ_EVERY: Duration = Duration::from_millis(10);
const IDLE_FOR: Duration = Duration::from_secs(5);
/// One hash of 19 MiB for each two cores, and what two hundred connections need.
const AIM_MEMORY_MIB: f64 = 64.0;

/// How their accounts are called.
pub(super) fn name(number: u32) -> String {
    format!("person-{number}")
}

pub(super) fn measure(server: &Server, token: &str, rows: u32, report: &mut Report) -> Outcome<()> {
    let idle = Readers::start(server.port(), token, rows);
    thread::sleep(IDLE_FOR);
    let idle = idle.p99()?;
    let before = server.peak_resident_mib()?;

    let readers = Readers::start(server.port(), token, rows);
    let began = Instant::now();
    let (opened, busy) = sign_everybody_in(server.port())?;
    let took = began.elapsed();
    let busy_p99 = readers.p99()?;
    eprintln!(
        "xtask: {opened} of {PEOPLE} people were signed in and {busy} asked to come back after {:.1} s",
        took.as_secs_f64()
    );
    report.beside("get_by_id_p99_during_200_logins", millis(busy_p99), millis(idle), "ms");
    report.limit("memory_of_200_logins", server.peak_resident_mib()? - before, AIM_MEMORY_MIB, "MiB");
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Everybody at once, each over a connection of their own. Returns how many got in, and how many met a full queue.
fn sign_everybody_in(port: u16) -> Outcome<(u32, u32)> {
    let start = Arc::new(Barrier::new(PEOPLE as usize));
    let people: Vec<_> = (0..PEOPLE)
        .map(|number| {
            let start = Arc::clone(&start);
            thread::spawn(move || {
                let connection = Connection::open(port);
                start.wait();
                let request = json!({"email": name(number), "password": ADMIN_PASSWORD}).to_string();
                Ok(connection?.post_json("/api/v1/auth/token", &request)?.status)
            })
        })
        .collect();
    let (mut opened, mut busy) = (0, 0);
    for person in people {
        match joined(person)? {
            200 => opened += 1,
            503 => busy += 1,
            other => return Err(format!("a sign-in among {PEOPLE} answered {other}")),
        }
    }
    Ok((opened, busy))
}

pub(super) fn joined<T>(thread: JoinHandle<Outcome<T>>) -> Outcome<T> {
    thread.join().map_err(|_| "a loader thread died".to_owned())?
}

/// People who look at single interventions.
struct Readers {
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Outcome<Vec<Duration>>>>,
}

impl Readers {
    fn start(port: u16, token: &str, rows: u32) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let threads = (0..READERS)
            .map(|number| {
                let (end, token) = (Arc::clone(&end), token.to_owned());
                thread::spawn(move || read(port, &token, number * rows / READERS, &end))
            })
            .collect();
        Self { end, threads }
    }

    fn p99(self) -> Outcome<Duration> {
        self.end.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for thread in self.threads {
            all.extend(joined(thread)?);
        }
        p99(all).ok_or_else(|| "nobody read anything".to_owned())
    }
}

fn read(port: u16, token: &str, first: u32, end: &AtomicBool) -> Outcome<Vec<Duration>> {
    let mut connection = Connection::open(port)?;
    let mut times = Vec::new();
    let mut next = Instant::now();
    for id in first + 1.. {
        if end.load(Ordering::Relaxed) {
            break;
        }
        // Counted from when it was due: whoever had to wait for the answer before waits for this one as well.
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let answer = connection.get_as(&format!("/api/v1/interventions/{}", id % 1000 + 1), token)?;
        if answer.status != 200 {
            return Err(format!("a read amid sign-ins answered {}", answer.status));
        }
        times.push(next.elapsed());
        next += READ_EVERY;
    }
    Ok(times)
}

pub(super) fn p99(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    times.get((times.len() * 99 / 100).min(times.len().checked_sub(1)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::p99;
    use std::time::Duration;

    #[test]
    fn one_in_a_hundred_is_slower() {
        let times: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(p99(times), Some(Duration::from_millis(199)));
        assert_eq!(p99(vec![Duration::from_millis(7)]), Some(Duration::from_millis(7)));
        assert_eq!(p99(Vec::new()), None);
    }
}
