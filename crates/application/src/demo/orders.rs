//! What had to be done in the plant, on which machine, and when it was asked for.

use chrono::{Datelike as _, TimeDelta};
use mif_domain::Instant;
use mif_domain::interventions::{InterventionKind, Status};

use super::Moments;
use super::hours::{self, Dice};
use super::machines::{Machine, Park};

/// How many interventions there are in all, and of these, changes for the better and diagnoses.
const TOTAL: usize = 1200;
const IMPROVEMENTS: usize = 60;
const DIAGNOSES: usize = 90;

/// How many are still to do today, at most, beside the maintenance of the coming days.
const STANDING: usize = 56;

/// In these states, one after the other.
const STATES: [Status; 10] = [
    Status::Open,
    Status::Assigned,
    Status::OnHold,
    Status::InProgress,
    Status::Open,
    Status::Assigned,
    Status::OnHold,
    Status::Open,
    Status::InProgress,
    Status::Open,
];

/// Of a hundred orders that are at most so many days old, how many are still to do.
const LEFT_OVER: [(i64, i64); 4] = [(5, 80), (20, 42), (60, 30), (120, 6)];

/// Of a hundred orders, how many are given up.
const GIVEN_UP: i64 = 4;

/// Retired machines have had no work for so long.
const RETIRED_FOR: TimeDelta = TimeDelta::days(200);

/// What becomes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done, or will be on its day.
    Done,
    /// It is given up.
    GivenUp,
    /// It is stuck in this state.
    Standing(Status),
}

/// Something that had to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) at: Instant,
    /// The place of its machine in the park.
    pub(super) machine: usize,
    pub(super) kind: InterventionKind,
    /// The day of maintenance at intervals.
    pub(super) planned: Option<Instant>,
    pub(super) fate: Fate,
}

/// Every order of the demo, oldest first.
pub(super) fn orders(park: &Park, moments: Moments, dice: &mut Dice) -> Vec<Order> {
    let mut orders = at_intervals(park, moments, dice);
    let planned = orders.len() + IMPROVEMENTS + DIAGNOSES;
    let others = [
        (InterventionKind::Improvement, IMPROVEMENTS),
        (InterventionKind::Diagnostic, DIAGNOSES),
        (InterventionKind::Corrective, TOTAL.saturating_sub(planned)),
    ];
    for (kind, count) in others {
        for _ in 0..count {
            let at = some_moment(moments, dice);
            let weights = park.machines.iter().map(|machine| weight(machine, at, moments));
            orders.push(Order { at, machine: dice.weighted(weights), kind, planned: None, fate: Fate::Done });
        }
    }
    orders.sort_by_key(|order| (order.at, order.machine));
    decide(&mut orders, moments, dice);
    orders
}

/// Machines break down as often as they are known for; what cools, more often in summer.
fn weight(machine: &Machine, at: Instant, moments: Moments) -> i64 {
    if machine.is_retired() && at > moments.now - RETIRED_FOR {
        return 0;
    }
    let summer = matches!(at.month(), 6..=9) && matches!(machine.kind, "froid" | "ventilation" | "compresseur");
    let main = if machine.days.is_some() { 2 } else { 1 };
    machine.troubles() * main * if summer { 2 } else { 1 }
}

/// A moment at which the plant works.
fn some_moment(moments: Moments, dice: &mut Dice) -> Instant {
    let span = (moments.now - moments.first_work).num_seconds();
    for _ in 0..100 {
        let at = moments.first_work + TimeDelta::seconds(dice.between(0, span));
        if hours::opening(at) == at {
            return at;
        }
    }
    hours::opening(moments.first_work)
}

/// Maintenance at intervals, entered a week or two ahead.
fn at_intervals(park: &Park, moments: Moments, dice: &mut Dice) -> Vec<Order> {
    let mut orders = Vec::new();
    for (place, machine) in park.machines.iter().enumerate() {
        let Some(days) = machine.days else { continue };
        let end = if machine.is_retired() { moments.now - RETIRED_FOR } else { moments.now };
        let mut day = moments.first_work + TimeDelta::days(10 + dice.between(0, days));
        loop {
            let planned = hours::after(day, dice.minutes(30, 420));
            let at = hours::before(planned, dice.minutes(60 * 50, 60 * 80));
            if at > end {
                break;
            }
            if at >= moments.first_work {
                let kind = InterventionKind::Preventive;
                orders.push(Order { at, machine: place, kind, planned: Some(planned), fate: Fate::Done });
            }
            day += TimeDelta::days(days);
        }
    }
    orders
}

/// The younger an order, the more likely it is still to do.
fn decide(orders: &mut [Order], moments: Moments, dice: &mut Dice) {
    let mut standing = 0;
    for order in orders.iter_mut().rev() {
        let age = (moments.now - order.planned.unwrap_or(order.at)).num_days();
        if order.planned.is_some_and(|day| day > moments.now) {
            continue;
        }
        let left_over = LEFT_OVER.iter().find(|(days, _)| age <= *days).map_or(0, |(_, percent)| *percent);
        if standing < STANDING && dice.chance(left_over) {
            let state = STATES.get(standing % STATES.len()).copied().unwrap_or(Status::Open);
            // What was planned for a day had somebody to do it.
            let state = if order.planned.is_some() && state == Status::Open { Status::Assigned } else { state };
            order.fate = Fate::Standing(state);
            standing += 1;
        } else if dice.chance(GIVEN_UP) {
            order.fate = Fate::GivenUp;
        }
    }
}
