//! The hours in which the plant works, and a small generator of numbers that look random.

use chrono::{Datelike as _, NaiveTime, TimeDelta, Timelike as _, Weekday};
use mif_domain::Instant;
use mif_domain::interventions::{Slot, SlotError};

/// Hours of UTC between which work is done, Monday to Saturday. In Casablanca that is 8:00 to 18:00, and 7:00 to 17:00 in
/// Ramadan: always within a day of the plant, whatever the clocks there show.
const OPENS: u32 = 7;
const CLOSES: u32 = 17;

/// Slots begin on a quarter of an hour.
const QUARTER: i64 = 15 * 60;

/// The same numbers for the same seed (splitmix64): the demo is the same wherever it is entered.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = low.abs_diff(high.max(low)).saturating_add(1);
        low.saturating_add_unsigned(self.next() % width)
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// Between so many minutes and so many others, to the second.
    pub(super) fn minutes(&mut self, low: i64, high: i64) -> TimeDelta {
        TimeDelta::seconds(self.between(low * 60, high * 60))
    }

    /// One of several; `None` of none.
    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(among.len()).ok()?.checked_sub(1)?;
        among.get(usize::try_from(self.between(0, last)).ok()?)
    }

    /// The place of one of several, each as likely as its weight says; 0 of none.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = i64> + Clone) -> usize {
        let mut left = self.between(1, weights.clone().sum::<i64>().max(1));
        for (place, weight) in weights.enumerate() {
            left -= weight;
            if left <= 0 {
                return place;
            }
        }
        0
    }
}

fn at_hour(at: Instant, hour: u32) -> Instant {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    at.date_naive().and_time(time).and_utc()
}

/// When the plant closes on the day of `at`.
pub(super) fn closing_time(at: Instant) -> Instant {
    at_hour(at, CLOSES)
}

/// `at`, or when the plant opens next.
pub(super) fn opening(at: Instant) -> Instant {
    let mut day = at_hour(at, OPENS);
    if at >= day && at < closing_time(at) && at.weekday() != Weekday::Sun {
        return at;
    }
    while day.weekday() == Weekday::Sun || day < at {
        day += TimeDelta::days(1);
    }
    day
}

/// After so much time at work.
pub(super) fn after(at: Instant, work: TimeDelta) -> Instant {
    let (mut at, mut left) = (opening(at), work);
    loop {
        let today = closing_time(at) - at;
        if left <= today {
            return at + left;
        }
        left -= today;
        at = opening(closing_time(at));
    }
}

/// Before so much time at work.
pub(super) fn before(at: Instant, work: TimeDelta) -> Instant {
    let (mut at, mut left) = (at, work);
    loop {
        let open = at_hour(at, OPENS);
        let end = at.min(closing_time(at));
        if at.weekday() != Weekday::Sun && end > open {
            if end - left >= open {
                return end - left;
            }
            left -= end - open;
        }
        at = closing_time(at - TimeDelta::days(1));
    }
}

/// The quarter of an hour that `at` lies in.
pub(super) fn quarter(at: Instant) -> Instant {
    at - TimeDelta::seconds(at.timestamp().rem_euclid(QUARTER)) - TimeDelta::nanoseconds(i64::from(at.nanosecond()))
}

/// What somebody has to do, and when: nothing in it overlaps.
#[derive(Debug, Default)]
pub(super) struct Diary(Vec<(Instant, Instant)>);

impl Diary {
    /// The first quarter of an hour from `wish` on after which `length` is free, on one day.
    pub(super) fn free_from(&self, wish: Instant, length: TimeDelta) -> Instant {
        let mut start = next_quarter(opening(wish));
        loop {
            let end = start + length;
            let taken = self.0.iter().find(|(from, until)| start < *until && *from < end);
            start = match taken {
                Some((_, until)) => next_quarter(opening(*until)),
                None if end > closing_time(start) => opening(closing_time(start)),
                None => return start,
            };
        }
    }

    /// Whether nothing is planned then.
    pub(super) fn is_free(&self, from: Instant, until: Instant) -> bool {
        self.0.iter().all(|(start, end)| until <= *start || *end <= from)
    }

    pub(super) fn book(&mut self, from: Instant, until: Instant) {
        self.0.push((from, until));
    }
}

fn next_quarter(at: Instant) -> Instant {
    let quarter = quarter(at);
    if quarter == at { at } else { opening(quarter + TimeDelta::seconds(QUARTER)) }
}

/// From `start` on, so many minutes.
pub(super) fn slot(start: Instant, minutes: i64) -> Result<Slot, SlotError> {
    Slot::new(start, start + TimeDelta::minutes(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn work_stops_at_night_and_on_sundays() {
        let friday = at("2026-01-09T16:00:00Z");
        assert_eq!(after(friday, TimeDelta::hours(1)), at("2026-01-09T17:00:00Z"));
        assert_eq!(after(friday, TimeDelta::hours(12)), at("2026-01-12T08:00:00Z"));
        assert_eq!(before(at("2026-01-12T08:00:00Z"), TimeDelta::hours(12)), friday);
        assert_eq!(before(at("2026-01-11T03:00:00Z"), TimeDelta::hours(1)), at("2026-01-10T16:00:00Z"));
        assert_eq!(opening(at("2026-01-10T17:00:00Z")), at("2026-01-12T07:00:00Z"));
        assert_eq!(opening(at("2026-01-12T03:00:00Z")), at("2026-01-12T07:00:00Z"));
    }

    #[test]
    fn a_diary_finds_the_first_gap_that_is_long_enough() {
        let mut diary = Diary::default();
        diary.book(at("2026-01-12T08:00:00Z"), at("2026-01-12T16:10:00Z"));
        let wish = at("2026-01-12T07:05:00Z");
        assert_eq!(diary.free_from(wish, TimeDelta::minutes(45)), at("2026-01-12T07:15:00Z"));
        assert_eq!(diary.free_from(wish, TimeDelta::minutes(46)), at("2026-01-13T07:00:00Z"));
    }
}
