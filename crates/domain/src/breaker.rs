//! A circuit breaker: stops asking another server that does not answer, so that not everybody waits for a deadline.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Clock;

/// Whether somebody else's server is asked. Adapters ask it before each call and tell it how the call went.
#[derive(Debug)]
pub struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// In terms of the clock's uptime.
    paused_until: Duration,
    /// As long as this the call that was let through may take for itself.
    trying_until: Duration,
}

impl Breaker {
    /// So many failures in a row, and nobody asks for a while.
    pub const FAILURES: u32 = 3;
    /// How long nobody asks. Afterwards one call at a time may try, one every so long, until the server answers.
    pub const PAUSE: Duration = Duration::from_secs(10);

    /// One that lets everybody pass. The clock only measures pauses.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// Whether a call may begin. Letting one try starts the next pause: a call that neither fails nor succeeds, because what
    /// it sends comes slowly, must not keep the others waiting.
    pub fn lets_pass(&self) -> bool {
        let now = self.clock.uptime();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failures < Self::FAILURES {
            return true;
        }
        if now < state.paused_until.max(state.trying_until) {
            return false;
        }
        state.trying_until = now.saturating_add(Self::PAUSE);
        true
    }

    /// Whether the last calls all failed.
    pub fn is_open(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failures >= Self::FAILURES
    }

    /// The server could not be reached or did not answer in time.
    pub fn failed(&self) {
        let now = self.clock.uptime();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures >= Self::FAILURES {
            state.paused_until = now.saturating_add(Self::PAUSE);
        }
        state.trying_until = Duration::ZERO;
    }

    /// Asked how it is, the server said that it is well. Whether it does its work, only the next call can tell, and that one
    /// may try at once instead of after the pause. As long as one is trying, nobody else does.
    pub fn responds(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).paused_until = Duration::ZERO;
    }

    /// The server said something, be it no. That it took a connection would not be enough: the system does that for a server
    /// that hangs.
    pub fn answered(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instant;

    /// Whose uptime moves when it is told to.
    #[derive(Debug, Default)]
    struct Stopwatch(Mutex<Duration>);

    impl Stopwatch {
        fn advance(&self, milliseconds: u64) {
            *self.0.lock().unwrap() += Duration::from_millis(milliseconds);
        }
    }

    impl Clock for Stopwatch {
        fn now(&self) -> Instant {
            Instant::UNIX_EPOCH
        }

        fn uptime(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    fn breaker() -> (Arc<Stopwatch>, Breaker) {
        let clock = Arc::new(Stopwatch::default());
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
        clock.advance(9_999);
        assert!(!breaker.lets_pass());
        clock.advance(1);
        assert!(breaker.lets_pass());
        assert!(!breaker.lets_pass());
        // That one was given up by its client, and the server is as unknown as before.
        clock.advance(10_000);
        assert!(breaker.lets_pass());
        assert!(!breaker.lets_pass());
    }

    #[test]
    fn a_server_that_says_it_is_well_is_tried_at_once_and_no_more_than_that() {
        let (clock, breaker) = breaker();
        fail(&breaker, 3);
        clock.advance(1_000);
        breaker.responds();
        assert!(breaker.is_open());
        assert!(breaker.lets_pass());
        breaker.responds();
        assert!(!breaker.lets_pass(), "somebody tries");
        breaker.failed();
        assert!(!breaker.lets_pass());
        breaker.responds();
        assert!(breaker.lets_pass());
    }

    #[test]
    fn the_outcome_of_the_trial_decides() {
        let (clock, breaker) = breaker();
        fail(&breaker, 3);
        clock.advance(10_000);
        assert!(breaker.lets_pass());
        clock.advance(5_000);
        breaker.failed();
        clock.advance(9_000);
        assert!(!breaker.lets_pass());
        clock.advance(1_000);
        assert!(breaker.lets_pass());
        breaker.answered();
        assert!(breaker.lets_pass() && breaker.lets_pass());
    }
}
