//! Stops asking a dead clamd, so that not every upload waits for its deadline.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mif_domain::Clock;

/// So many failures in a row, and nobody asks for a while.
const FAILURES: u32 = 3;
/// How long nobody asks. Afterwards one scan at a time may try, one every so long, until clamd answers.
const PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// In terms of the clock's uptime.
    paused_until: Duration,
}

impl Breaker {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// Whether a scan may begin. Letting one try starts the next pause: a scan that neither fails nor succeeds, because
    /// its content comes slowly, must not keep the others waiting.
    pub(crate) fn lets_pass(&self) -> bool {
        let now = self.clock.uptime();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failures < FAILURES {
            return true;
        }
        if now < state.paused_until {
            return false;
        }
        state.paused_until = now.saturating_add(PAUSE);
        true
    }

    /// clamd could not be reached or did not answer in time.
    pub(crate) fn failed(&self) {
        let now = self.clock.uptime();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            state.paused_until = now.saturating_add(PAUSE);
        }
    }

    /// clamd said something. That it took a connection would not be enough: the system does that for a clamd that hangs.
    pub(crate) fn answered(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use mif_testkit::FakeClock;

    use super::*;

    fn breaker() -> (Arc<FakeClock>, Breaker) {
        let clock = Arc::new(FakeClock::default());
        (clock.clone(), Breaker::new(clock))
    }

    fn fail(breaker: &Breaker, times: u32) {
        (0..times).for_each(|_| breaker.failed());
    }

    #[test]
    fn the_third_failure_in_a_row_pauses() {
        let (_, breaker) = breaker();
        fail(&breaker, 2);
        breaker.answered();
        fail(&breaker, 2);
        assert!(breaker.lets_pass());
        fail(&breaker, 1);
        assert!(!breaker.lets_pass());
    }

    #[test]
    fn after_the_pause_one_at_a_time_may_try() {
        let (clock, breaker) = breaker();
        fail(&breaker, 3);
        clock.advance(TimeDelta::milliseconds(9_999));
        assert!(!breaker.lets_pass());
        clock.advance(TimeDelta::milliseconds(1));
        assert!(breaker.lets_pass());
        assert!(!breaker.lets_pass());
        // That one was given up by its client, and clamd is as unknown as before.
        clock.advance(TimeDelta::seconds(10));
        assert!(breaker.lets_pass());
        assert!(!breaker.lets_pass());
    }

    #[test]
    fn the_outcome_of_the_trial_decides() {
        let (clock, breaker) = breaker();
        fail(&breaker, 3);
        clock.advance(TimeDelta::seconds(10));
        assert!(breaker.lets_pass());
        clock.advance(TimeDelta::seconds(5));
        breaker.failed();
        clock.advance(TimeDelta::seconds(9));
        assert!(!breaker.lets_pass());
        clock.advance(TimeDelta::seconds(1));
        assert!(breaker.lets_pass());
        breaker.answered();
        assert!(breaker.lets_pass() && breaker.lets_pass());
    }
}
