//! Who did what about each order, and at which hour.

use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::interventions::{Caller, InterventionKind, Minutes, Priority, Rating, Status, Step};
use mif_domain::technicians::TechnicianId;
use mif_domain::users::UserId;

use super::hours::{self, Diary, Dice, after};
use super::machines::{Machine, Park};
use super::orders::{Fate, Order, orders};
use super::people::{People, Worker};
use super::texts;
use super::work::{Happening, Story, What};
use super::{Moments, SeedDemoError, data};

/// Any number does: this one gave a believable plant.
const SEED: u64 = 2026;

/// What is done is put away after so long.
const ARCHIVED_AFTER: TimeDelta = TimeDelta::days(180);

/// Minutes at work until somebody is found, and from then until they can come: the least and the most.
const RHYTHMS: [(Priority, [i64; 4]); 5] = [
    (Priority::Urgent, [4, 25, 0, 20]),
    (Priority::High, [15, 120, 20, 300]),
    (Priority::Normal, [60, 600, 120, 1500]),
    (Priority::Low, [240, 1800, 900, 4500]),
    (Priority::Scheduled, [120, 900, 0, 0]),
];

/// Writes every story of the demo.
pub(super) fn stories(people: &People, park: &Park, moments: Moments) -> Result<Vec<Story>, SeedDemoError> {
    let mut dice = Dice::new(SEED);
    let mut orders = orders(park, moments, &mut dice);
    // Those under way first, while everybody is free; then what is stuck; what is done finds its place around them.
    orders.sort_by_key(|order| match order.fate {
        Fate::Standing(Status::InProgress) => 0,
        Fate::Standing(_) => 1,
        Fate::Done | Fate::GivenUp => 2,
    });
    let diaries = people.workers.iter().map(|_| Diary::default()).collect();
    let mut plant = Plant { dice, people, park, moments, diaries };
    orders.iter().filter_map(|order| plant.story(order).transpose()).collect()
}

/// Everybody, and what they have to do.
pub(super) struct Plant<'a> {
    pub(super) dice: Dice,
    pub(super) people: &'a People,
    pub(super) park: &'a Park,
    pub(super) moments: Moments,
    diaries: Vec<Diary>,
}

/// A story being told.
pub(super) struct Tale<'a> {
    pub(super) order: Order,
    pub(super) machine: &'a Machine,
    pub(super) story: Story,
    /// How long the work takes, in minutes, as it was estimated.
    pub(super) estimated: i64,
}

impl Tale<'_> {
    fn add(&mut self, at: Instant, by: UserId, what: What) {
        self.say(at, by, what, None, false);
    }

    fn say(&mut self, at: Instant, by: UserId, what: What, remark: Option<&'static str>, is_internal: bool) {
        self.story.happenings.push(Happening { at, by, what, remark, is_internal });
    }
}

impl Plant<'_> {
    /// `None` when the tables know nothing of the machine or of those who write.
    fn story(&mut self, order: &Order) -> Result<Option<Story>, SeedDemoError> {
        let Some(mut tale) = self.begin(*order)? else { return Ok(None) };
        let Some(manager) = self.dice.pick(&self.people.managers).copied() else { return Ok(None) };
        self.customer_asks(&mut tale);
        match order.fate {
            Fate::Done => self.done(&mut tale, manager)?,
            Fate::GivenUp => self.given_up(&mut tale, manager),
            Fate::Standing(Status::InProgress) => self.under_way(&mut tale, manager)?,
            Fate::Standing(state) => self.stuck(&mut tale, manager, state)?,
        }
        Ok(Some(tale.story))
    }

    fn customer_asks(&mut self, tale: &mut Tale<'_>) {
        let customer = tale.machine.customer.and_then(|index| self.people.customer_users.get(index)).copied();
        if let (Some(customer), true) = (customer, tale.order.kind != InterventionKind::Preventive)
            && self.dice.chance(30)
        {
            let at = after(tale.order.at, self.dice.minutes(2, 12));
            tale.say(at, customer, What::Comment, self.dice.pick(&texts::ASKED).copied(), false);
        }
    }

    fn rhythm(priority: Priority) -> [i64; 4] {
        RHYTHMS.iter().find(|(of, _)| *of == priority).map_or([60, 600, 120, 1500], |(_, minutes)| *minutes)
    }

    /// When somebody was found, and from when on they were wanted.
    fn dispatch(&mut self, tale: &Tale<'_>) -> (Instant, Instant) {
        let [least, most, soonest, latest] = Self::rhythm(tale.story.draft.priority);
        let given = after(tale.order.at, self.dice.minutes(least, most));
        let wish = after(given, self.dice.minutes(soonest, latest));
        let Some(day) = tale.order.planned else { return (given, wish) };
        // Maintenance now and then slips by a few days.
        let slip = if self.dice.chance(15) { self.dice.minutes(600, 6000) } else { TimeDelta::zero() };
        (given, after(day.max(given), slip))
    }

    /// Whoever can come first for so many minutes, those of the place before others. Returns their place and the hour.
    fn send(&mut self, machine: &Machine, wish: Instant, minutes: i64, new: bool) -> Option<(usize, Instant)> {
        let length = TimeDelta::minutes(minutes);
        let mut best: Option<(Instant, usize, Instant)> = None;
        for (place, (worker, diary)) in self.people.workers.iter().zip(&self.diaries).enumerate() {
            if !worker.fits(machine.kind) || new && !worker.takes_new_work {
                continue;
            }
            let start = diary.free_from(wish, length);
            let journey = if worker.zone == machine.zone { 0 } else { 1440 };
            let mark = start + TimeDelta::minutes(journey + self.dice.between(0, 360));
            if best.is_none_or(|(other, ..)| mark < other) {
                best = Some((mark, place, start));
            }
        }
        best.map(|(_, place, start)| (place, start))
    }

    fn book(&mut self, place: usize, from: Instant, until: Instant) {
        if let Some(diary) = self.diaries.get_mut(place) {
            diary.book(from, until);
        }
    }

    /// The work is given to somebody, or they take it.
    fn give(&mut self, tale: &mut Tale<'_>, at: Instant, manager: UserId, worker: &Worker) {
        let id = worker.id;
        if tale.order.planned.is_some() && self.dice.chance(70) {
            tale.story.technician = Some(id);
        } else if tale.order.kind == InterventionKind::Corrective && self.dice.chance(25) {
            tale.add(at, worker.user, What::Gift(Step::Take, Caller::OtherTechnician, id));
        } else if let (Some(other), true) = (self.colleague(tale.machine, worker), self.dice.chance(4)) {
            tale.add(at, manager, What::Gift(Step::Assign, Caller::Dispatcher, other));
            let remark = self.dice.pick(&texts::HANDED_OVER).copied();
            // In the minutes before the start there is nobody else to give it to.
            tale.say(
                at + TimeDelta::seconds(40),
                manager,
                What::Gift(Step::Assign, Caller::Dispatcher, id),
                remark,
                true,
            );
        } else {
            tale.add(at, manager, What::Gift(Step::Assign, Caller::Dispatcher, id));
        }
    }

    fn colleague(&self, machine: &Machine, worker: &Worker) -> Option<TechnicianId> {
        let others = self.people.workers.iter().filter(|other| other.id != worker.id);
        others.into_iter().find(|other| other.fits(machine.kind)).map(|other| other.id)
    }

    /// From the first report to the archive.
    fn done(&mut self, tale: &mut Tale<'_>, manager: UserId) -> Result<(), SeedDemoError> {
        let (given, wish) = self.dispatch(tale);
        let length = tale.estimated * self.dice.between(70, 130) / 100;
        let Some((place, start)) = self.send(tale.machine, wish, tale.estimated.max(length + 20), false) else {
            return Ok(());
        };
        let Some(worker) = self.people.workers.get(place) else { return Ok(()) };
        let slot = hours::slot(start, tale.estimated).map_err(data)?;
        tale.story.draft.slot = Some(slot);
        self.give(tale, given, manager, worker);
        self.staff_say(tale, given, start, worker.user);
        let started = start + self.dice.minutes(1, 15);
        tale.add(started, worker.user, What::Step(Step::Start, Caller::Assignee));
        let mut finished = started + TimeDelta::minutes(length);
        let risk = if tale.order.kind == InterventionKind::Corrective { 14 } else { 5 };
        if self.dice.chance(risk) {
            let paused = started + TimeDelta::minutes(length * 2 / 5);
            self.book(place, start, slot.end().max(paused));
            finished = self.interrupted(tale, worker.user, place, paused, length * 3 / 5);
        } else {
            self.book(place, start, slot.end().max(finished));
        }
        tale.add(finished, worker.user, What::Step(Step::Close, Caller::Assignee));
        if tale.order.kind == InterventionKind::Corrective && self.dice.chance(3) {
            finished = self.reopened(tale, manager, worker.user, place, finished);
        }
        self.downtime(tale, started, finished);
        self.afterwards(tale, manager, finished);
        Ok(())
    }

    /// Returns when it is finished at last.
    fn interrupted(&mut self, tale: &mut Tale<'_>, by: UserId, place: usize, paused: Instant, rest: i64) -> Instant {
        let (remark, is_internal) = (self.dice.pick(&texts::PAUSES).copied(), self.dice.chance(35));
        tale.say(paused, by, What::Step(Step::Pause, Caller::Assignee), remark, is_internal);
        let wish = after(paused, self.dice.minutes(120, 2400));
        let resumed = self.gap(place, wish, rest);
        tale.add(resumed, by, What::Step(Step::Resume, Caller::Assignee));
        resumed + TimeDelta::minutes(rest)
    }

    fn reopened(&mut self, tale: &mut Tale<'_>, manager: UserId, by: UserId, place: usize, closed: Instant) -> Instant {
        let wish = after(closed, self.dice.minutes(60, 1500));
        let again = self.gap(place, wish, 45);
        let remark = self.dice.pick(&texts::REOPENED).copied();
        tale.say(again, manager, What::Step(Step::Reopen, Caller::Dispatcher), remark, false);
        let finished = again + self.dice.minutes(20, 44);
        tale.add(finished, by, What::Step(Step::Close, Caller::Assignee));
        finished
    }

    /// The first gap of somebody from `wish` on, booked.
    fn gap(&mut self, place: usize, wish: Instant, minutes: i64) -> Instant {
        let length = TimeDelta::minutes(minutes);
        let start = self.diaries.get(place).map_or(wish, |diary| diary.free_from(wish, length));
        self.book(place, start, start + length);
        start
    }

    /// The machine stands still from the report on when production does, else while it is worked on.
    fn downtime(&mut self, tale: &mut Tale<'_>, started: Instant, finished: Instant) {
        let still = match tale.order.kind {
            InterventionKind::Corrective if tale.story.draft.is_urgent => finished - tale.order.at,
            InterventionKind::Corrective => TimeDelta::minutes(tale.estimated * self.dice.between(30, 110) / 100),
            InterventionKind::Preventive if self.dice.chance(40) => (finished - started).min(TimeDelta::hours(4)),
            _ => return,
        };
        tale.story.closing.downtime = Minutes::parse(still.num_minutes()).ok();
    }

    /// Some customers rate; everything old is put away.
    fn afterwards(&mut self, tale: &mut Tale<'_>, manager: UserId, finished: Instant) {
        let customer = tale.machine.customer.and_then(|index| self.people.customer_users.get(index)).copied();
        if let (Some(customer), true) = (customer, self.dice.chance(65)) {
            let place = self.dice.weighted([3, 7, 15, 32, 43].into_iter());
            let stars = i64::try_from(place).ok().and_then(|place| Rating::parse(place + 1).ok());
            if let Some(stars) = stars {
                tale.add(after(finished, self.dice.minutes(30, 1500)), customer, What::Rating(stars));
            }
        }
        let archived = after(finished + ARCHIVED_AFTER, self.dice.minutes(5, 550));
        tale.add(archived, manager, What::Step(Step::Archive, Caller::Dispatcher));
    }

    fn staff_say(&mut self, tale: &mut Tale<'_>, given: Instant, start: Instant, by: UserId) {
        let at = after(given, self.dice.minutes(3, 90));
        if at < start && self.dice.chance(22) {
            tale.say(at, by, What::Comment, self.dice.pick(&texts::INTERNAL).copied(), true);
        }
    }

    fn given_up(&mut self, tale: &mut Tale<'_>, manager: UserId) {
        let (given, wish) = self.dispatch(tale);
        let worker = self.people.workers.iter().find(|worker| worker.fits(tale.machine.kind));
        if let (Some(worker), true) = (worker, self.dice.chance(40)) {
            tale.add(given, manager, What::Gift(Step::Assign, Caller::Dispatcher, worker.id));
        }
        let at = after(wish.max(given), self.dice.minutes(5, 300));
        let remark = self.dice.pick(&texts::CANCELLED).copied();
        tale.say(at, manager, What::Step(Step::Cancel, Caller::Dispatcher), remark, false);
        let archived = after(at + ARCHIVED_AFTER, self.dice.minutes(5, 550));
        tale.add(archived, manager, What::Step(Step::Archive, Caller::Dispatcher));
    }

    /// Work that somebody is doing today. One for each; whoever is asked for too late finds it open.
    fn under_way(&mut self, tale: &mut Tale<'_>, manager: UserId) -> Result<(), SeedDemoError> {
        let now = self.moments.now;
        let start = hours::quarter(hours::before(now, self.dice.minutes(20, 300)));
        let started = start + self.dice.minutes(1, 14);
        let given = after(tale.order.at, self.dice.minutes(5, 60));
        if given + TimeDelta::minutes(15) >= start {
            return Ok(());
        }
        let left = (hours::closing_time(start) - start).num_minutes();
        let slot = hours::slot(start, tale.estimated.min(left)).map_err(data)?;
        let until = slot.end().max(after(now, TimeDelta::hours(1)));
        let free = |(worker, diary): &(&Worker, &Diary)| {
            worker.takes_new_work && worker.fits(tale.machine.kind) && diary.is_free(start, until)
        };
        let workers = self.people.workers.iter().zip(&self.diaries).enumerate();
        let able: Vec<_> = workers.filter(|(_, pair)| free(pair)).map(|(place, (worker, _))| (place, worker)).collect();
        let near: Vec<_> = able.iter().filter(|(_, worker)| worker.zone == tale.machine.zone).copied().collect();
        let chosen = self.dice.pick(if near.is_empty() { &able } else { &near }).copied();
        let Some((place, worker)) = chosen else { return Ok(()) };
        self.book(place, start, until);
        tale.story.draft.slot = Some(slot);
        self.give(tale, given, manager, worker);
        tale.add(started, worker.user, What::Step(Step::Start, Caller::Assignee));
        Ok(())
    }

    /// Work that waits: for somebody, for its hour, or for a part.
    fn stuck(&mut self, tale: &mut Tale<'_>, manager: UserId, state: Status) -> Result<(), SeedDemoError> {
        if state == Status::Open {
            return Ok(());
        }
        let now = self.moments.now;
        let (given, wish) = self.dispatch(tale);
        let is_late = tale.story.draft.due_at.is_some_and(|due| due < now);
        let waits = state == Status::Assigned && !is_late;
        let wish = if waits { after(now, self.dice.minutes(30, 3000)).max(wish) } else { wish };
        let Some((place, start)) = self.send(tale.machine, wish, tale.estimated, true) else { return Ok(()) };
        let Some(worker) = self.people.workers.get(place) else { return Ok(()) };
        self.give(tale, given, manager, worker);
        self.staff_say(tale, given, start, worker.user);
        if state == Status::Assigned && self.dice.chance(25) {
            return Ok(());
        }
        let slot = hours::slot(start, tale.estimated).map_err(data)?;
        tale.story.draft.slot = Some(slot);
        self.book(place, slot.start(), slot.end());
        if state == Status::OnHold {
            let started = start + self.dice.minutes(1, 12);
            tale.add(started, worker.user, What::Step(Step::Start, Caller::Assignee));
            let paused = started + TimeDelta::minutes(tale.estimated / 3);
            let (remark, is_internal) = (self.dice.pick(&texts::PAUSES).copied(), self.dice.chance(35));
            tale.say(paused, worker.user, What::Step(Step::Pause, Caller::Assignee), remark, is_internal);
        }
        Ok(())
    }
}
