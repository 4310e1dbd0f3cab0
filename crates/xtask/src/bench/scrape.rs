//! Prometheus, a little more curious than usual.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::http::Connection;
use super::logins::{joined, p99};
use crate::Outcome;

const EVERY: Duration = Duration::from_millis(100);

/// Asks for the measurements until the result is wanted.
pub(super) struct Scraper {
    end: Arc<AtomicBool>,
    thread: JoinHandle<Outcome<Vec<Duration>>>,
}

pub(super) fn every_tenth_of_a_second(port: u16) -> Scraper {
    let end = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&end);
    Scraper { end, thread: thread::spawn(move || scrape(port, &until)) }
}

fn scrape(port: u16, end: &AtomicBool) -> Outcome<Vec<Duration>> {
    let mut connection = Connection::open(port)?;
    let mut times = Vec::new();
    while !end.load(Ordering::Relaxed) {
        let began = Instant::now();
        let answer = connection.get("/metrics")?;
        if answer.status != 200 {
            return Err(format!("/metrics answered {}", answer.status));
        }
        times.push(began.elapsed());
        thread::sleep(EVERY);
    }
    Ok(times)
}

impl Scraper {
    pub(super) fn p99(self) -> Outcome<Duration> {
        self.end.store(true, Ordering::Relaxed);
        p99(joined(self.thread)?).ok_or_else(|| "nobody asked for the measurements".to_owned())
    }
}
