//! What people asked for: in which words, how pressing, until when.

use chrono::TimeDelta;
use mif_domain::Instant;
use mif_domain::interventions::{Closing, InterventionDraft, InterventionKind, Minutes, Priority};
use mif_domain::text::{Line, Paragraph};
use mif_domain::users::UserId;

use super::SeedDemoError;
use super::course::{Plant, Tale};
use super::hours::{self, after};
use super::machines::Machine;
use super::orders::{Fate, Order};
use super::texts::{self, Phrases};
use super::work::Story;

/// Minutes at work until the limit.
const LIMITS: [(Priority, i64); 4] =
    [(Priority::Urgent, 300), (Priority::High, 720), (Priority::Normal, 2700), (Priority::Low, 6600)];

impl<'a> Plant<'a> {
    /// What was asked for, before anybody did anything. `None` when the tables know nothing of the machine.
    pub(super) fn begin(&mut self, order: Order) -> Result<Option<Tale<'a>>, SeedDemoError> {
        let Some(machine) = self.park.machines.get(order.machine) else { return Ok(None) };
        let Some(phrases) = texts::of(machine.kind) else { return Ok(None) };
        let priority = self.priority(order.kind);
        let Some(author) = self.author(machine, order.kind, priority) else { return Ok(None) };
        let (title, closing) = self.words(phrases, order.kind)?;
        let (low, high) = match order.kind {
            InterventionKind::Corrective => (2, 14),
            InterventionKind::Preventive => (4, 12),
            InterventionKind::Improvement => (8, 16),
            InterventionKind::Diagnostic => (2, 8),
        };
        let estimated = 15 * self.dice.between(low, high);
        let noticed = matches!(order.kind, InterventionKind::Corrective | InterventionKind::Diagnostic);
        let noticed = noticed.then(|| self.dice.pick(&texts::NOTICED).copied()).flatten();
        let is_urgent = priority == Priority::Urgent || priority == Priority::High && self.dice.chance(15);
        let draft = InterventionDraft {
            title: Line::from_string(title)?,
            description: noticed.map(Paragraph::parse).transpose()?,
            kind: order.kind,
            priority,
            is_urgent,
            equipment_id: machine.equipment.id,
            due_at: self.limit(&order, machine, priority),
            slot: None,
            estimated: Minutes::parse(estimated).ok(),
        };
        let (at, happenings) = (order.at, Vec::new());
        let story = Story { at, machine: order.machine, draft, author, technician: None, closing, happenings };
        Ok(Some(Tale { order, machine, story, estimated }))
    }

    /// A title, and what will be reported.
    fn words(&mut self, phrases: &Phrases, kind: InterventionKind) -> Result<(String, Closing), SeedDemoError> {
        let [fault, cause, repair] = self.dice.pick(phrases.faults).copied().unwrap_or_default();
        let ending = self.dice.pick(&texts::ENDINGS).copied().unwrap_or_default();
        let (title, report, cause) = match kind {
            InterventionKind::Corrective => (fault.to_owned(), repair.to_owned(), Some(cause)),
            InterventionKind::Diagnostic => {
                (format!("Diagnostic : {fault}"), format!("Origine trouvée : {cause}."), None)
            }
            InterventionKind::Preventive => (phrases.care[0].to_owned(), phrases.care[1].to_owned(), None),
            InterventionKind::Improvement => (phrases.better[0].to_owned(), phrases.better[1].to_owned(), None),
        };
        let report = Some(Paragraph::from_string(format!("{report}\n{ending}"))?);
        Ok((title, Closing { report, failure_cause: cause.map(Line::parse).transpose()?, downtime: None }))
    }

    fn priority(&mut self, kind: InterventionKind) -> Priority {
        let (choices, weights): (&[Priority], &[i64]) = match kind {
            InterventionKind::Preventive => (&[Priority::Scheduled], &[1]),
            InterventionKind::Improvement => (&[Priority::Normal, Priority::Low], &[2, 3]),
            InterventionKind::Diagnostic => (&[Priority::High, Priority::Normal], &[2, 3]),
            InterventionKind::Corrective => {
                (&[Priority::Urgent, Priority::High, Priority::Normal, Priority::Low], &[12, 28, 45, 15])
            }
        };
        let place = self.dice.weighted(weights.iter().copied());
        choices.get(place).copied().unwrap_or(Priority::Normal)
    }

    /// Planners plan, customers report what is theirs, and the rest is seen by technicians or managers.
    fn author(&mut self, machine: &Machine, kind: InterventionKind, priority: Priority) -> Option<UserId> {
        let planner = self.people.managers.last().copied();
        if kind == InterventionKind::Preventive {
            return planner;
        }
        let customer = machine.customer.and_then(|index| self.people.customer_users.get(index)).copied();
        let by_customer = priority != Priority::Urgent && kind != InterventionKind::Improvement;
        if let (Some(customer), true, true) = (customer, by_customer, self.dice.chance(60)) {
            return Some(customer);
        }
        if kind == InterventionKind::Improvement || self.dice.chance(45) {
            return self.people.managers.first().copied();
        }
        let near: Vec<_> = self.people.workers.iter().filter(|worker| worker.zone == machine.zone).collect();
        self.dice.pick(&near).map(|worker| worker.user)
    }

    /// Until when it must be done: a tenth of the interval after the day of maintenance, else as the priority says.
    fn limit(&mut self, order: &Order, machine: &Machine, priority: Priority) -> Option<Instant> {
        if let (Some(day), Some(days)) = (order.planned, machine.days) {
            let grace = TimeDelta::days(days / 10 + 1);
            return Some(hours::closing_time(hours::opening(day + grace)));
        }
        let minutes = LIMITS.iter().find(|(of, _)| *of == priority).map(|(_, minutes)| *minutes)?;
        let natural = after(order.at, TimeDelta::minutes(minutes));
        let renewed = matches!(order.fate, Fate::Standing(_)) && natural < self.moments.now && !self.dice.chance(40);
        Some(hours::quarter(if renewed { after(self.moments.now, self.dice.minutes(300, 6000)) } else { natural }))
    }
}
