//! Where to look for events that are not linked.
//!
//! Identifiers are given out before the commit, so an event may become visible after later ones were linked. What was
//! linked two minutes ago has nothing below it that is still to come, unless a transaction takes longer than any of ours
//! may, or 20 000 events came meanwhile. For that, every event is looked at now and then.

use std::collections::VecDeque;
use std::time::Duration;

/// An event that was linked so long ago has none below it that nobody has seen.
const SETTLED: Duration = Duration::from_mins(2);
/// Between two looks at how far the chain has come.
const BETWEEN_MARKS: Duration = Duration::from_secs(5);
/// The most identifiers to look back over.
const WIDEST: i64 = 20_000;
/// Between two looks at everything.
const BETWEEN_SWEEPS: Duration = Duration::from_mins(10);

/// How far one linker has looked.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Everything up to here is taken to be linked.
    floor: i64,
    /// How far the chain had come, and when; the oldest first. At most [`SETTLED`] by [`BETWEEN_MARKS`] of them.
    marks: VecDeque<(i64, Duration)>,
    /// Where to go on in the middle of a look, and whether that is one at everything.
    middle: Option<(i64, bool)>,
    swept_at: Option<Duration>,
}

impl Window {
    /// The event at the end of the chain.
    pub(super) fn saw_end(&mut self, event_id: i64, uptime: Duration) {
        let pause = |(_, at): &(i64, Duration)| uptime.saturating_sub(*at) >= BETWEEN_MARKS;
        if self.marks.back().is_none_or(pause) {
            self.marks.push_back((event_id, uptime));
        }
        while let Some((id, _)) = self.marks.front().filter(|(_, at)| uptime.saturating_sub(*at) >= SETTLED) {
            self.floor = self.floor.max(*id);
            self.marks.pop_front();
        }
        self.floor = self.floor.max(event_id - WIDEST);
    }

    /// After which identifier to look now.
    pub(super) fn after(&self, uptime: Duration) -> i64 {
        match self.middle {
            Some((after, _)) => after,
            None if self.sweep_is_due(uptime) => 0,
            None => self.floor,
        }
    }

    /// A look is over whose last event was `last`, if it found any; `full` when it may go on behind that.
    pub(super) fn looked(&mut self, last: Option<i64>, full: bool, uptime: Duration) {
        let everything = self.middle.map_or_else(|| self.sweep_is_due(uptime), |(_, everything)| everything);
        self.middle = last.filter(|_| full).map(|last| (last, everything));
        if everything && self.middle.is_none() {
            self.swept_at = Some(uptime);
        }
    }

    /// Somebody else is linking: the look begins again.
    pub(super) fn gave_way(&mut self) {
        self.middle = None;
    }

    fn sweep_is_due(&self, uptime: Duration) -> bool {
        self.swept_at.is_none_or(|at| uptime.saturating_sub(at) >= BETWEEN_SWEEPS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn everything_is_looked_at_first_and_every_ten_minutes() {
        let mut window = Window::default();
        window.saw_end(50, at(0));
        assert_eq!(window.after(at(0)), 0);
        window.looked(None, false, at(0));
        window.saw_end(50, at(120));
        assert_eq!(window.after(at(120)), 50);
        assert_eq!(window.after(at(600)), 0);
    }

    #[test]
    fn an_identifier_that_comes_late_is_still_within_the_window() {
        let mut window = Window::default();
        window.saw_end(10, at(0));
        window.looked(None, false, at(0));
        window.saw_end(500, at(60));
        assert_eq!(window.after(at(119)), 0, "what came two minutes ago is not settled yet");
        window.saw_end(900, at(121));
        assert_eq!(window.after(at(121)), 10, "500 was seen a minute ago");
    }

    #[test]
    fn a_long_look_goes_on_where_it_stopped() {
        let mut window = Window::default();
        window.looked(Some(500), true, at(0));
        assert_eq!(window.after(at(0)), 500);
        window.looked(Some(700), false, at(1));
        assert_eq!(window.after(at(1)), 0);
        assert!(!window.sweep_is_due(at(1)), "that was a look at everything");
    }

    #[test]
    fn the_window_and_its_marks_are_bounded() {
        let mut window = Window::default();
        window.looked(None, false, at(0));
        for second in 0..1000_u64 {
            window.saw_end(i64::try_from(second).unwrap() * 1000, at(second));
        }
        assert!(window.marks.len() <= 25, "{} marks", window.marks.len());
        assert_eq!(window.after(at(300)), 999_000 - WIDEST);
    }
}
