//! The life cycle of an intervention, as one table. A closed intervention cannot be restarted: no row of
//! [`Step::Start`] or [`Step::Resume`] begins at [`Status::Closed`]; it can only be reopened, by those who dispatch, with a
//! reason, within thirty days.

use chrono::TimeDelta;
use thiserror::Error;

use super::values::{Intervention, Status};
use crate::clock::Instant;
use crate::words::words;

words! {
    /// Something that can be done to an intervention.
    Step {
        /// Give it to a technician.
        Assign = "assign",
        /// Take it oneself.
        Take = "take",
        /// Begin.
        Start = "start",
        /// Interrupt.
        Pause = "pause",
        /// Go on.
        Resume = "resume",
        /// Finish.
        Close = "close",
        /// Give up.
        Cancel = "cancel",
        /// Put away.
        Archive = "archive",
        /// Take up again what was closed.
        Reopen = "reopen",
    }
}

/// Who is asking, in relation to one intervention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Plans and dispatches: admin or manager.
    Dispatcher,
    /// The technician it is given to.
    Assignee,
    /// Another technician.
    OtherTechnician,
    /// A customer.
    Customer,
}

impl Caller {
    /// Whether they see what is for us alone.
    pub fn sees_internal(self) -> bool {
        self != Self::Customer
    }

    /// Whether what they write is for us alone: by default what staff write is; what a customer writes never is.
    pub fn writes_internally(self, wanted: Option<bool>) -> bool {
        self.sees_internal() && wanted.unwrap_or(true)
    }
}

/// One row of the table.
#[derive(Debug)]
struct Row {
    step: Step,
    from: &'static [Status],
    to: Status,
    who: &'static [Caller],
    needs_remark: bool,
}

const TABLE: &[Row] = {
    use Caller::{Assignee, Dispatcher, OtherTechnician};
    use Status::{Archived, Assigned, Cancelled, Closed, InProgress, OnHold, Open};
    const DISPATCHERS: &[Caller] = &[Dispatcher];
    const WORKERS: &[Caller] = &[Assignee, Dispatcher];
    &[
        Row { step: Step::Assign, from: &[Open, Assigned], to: Assigned, who: DISPATCHERS, needs_remark: false },
        Row { step: Step::Take, from: &[Open], to: Assigned, who: &[OtherTechnician], needs_remark: false },
        Row { step: Step::Start, from: &[Assigned], to: InProgress, who: WORKERS, needs_remark: false },
        Row { step: Step::Pause, from: &[InProgress], to: OnHold, who: WORKERS, needs_remark: true },
        Row { step: Step::Resume, from: &[OnHold], to: InProgress, who: WORKERS, needs_remark: false },
        Row { step: Step::Close, from: &[InProgress, OnHold], to: Closed, who: WORKERS, needs_remark: false },
        Row {
            step: Step::Cancel,
            from: &[Open, Assigned, InProgress, OnHold],
            to: Cancelled,
            who: DISPATCHERS,
            needs_remark: true,
        },
        Row { step: Step::Archive, from: &[Closed, Cancelled], to: Archived, who: DISPATCHERS, needs_remark: false },
        Row { step: Step::Reopen, from: &[Closed], to: InProgress, who: DISPATCHERS, needs_remark: true },
    ]
};

/// How long a closed intervention can be reopened.
pub const REOPEN_WITHIN: TimeDelta = TimeDelta::days(30);

/// Why a step was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StepError {
    /// The state does not allow it.
    #[error("not allowed in the state {current:?}")]
    Forbidden {
        /// The state it is in.
        current: Status,
        /// The steps that the caller may take now.
        allowed: Vec<Step>,
    },
    /// The state would allow it, but not to this caller.
    #[error("not for this caller")]
    NotYours,
    /// It needs a reason.
    #[error("a remark is required")]
    RemarkRequired,
}

impl Step {
    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.step == self)
    }

    /// The step that leads from one state to another by a change of `statut` alone. Giving work to somebody is not among
    /// them: it needs a technician.
    pub fn between(from: Status, to: Status) -> Option<Self> {
        TABLE
            .iter()
            .filter(|row| !matches!(row.step, Self::Assign | Self::Take))
            .find(|row| row.to == to && row.from.contains(&from))
            .map(|row| row.step)
    }

    /// The state it leads to.
    pub fn target(self) -> Option<Status> {
        self.row().map(|row| row.to)
    }
}

impl Intervention {
    /// The steps that a caller may take now, in the order of the table.
    pub fn allowed_steps(&self, caller: Caller, at: Instant) -> Vec<Step> {
        TABLE.iter().filter(|row| row.who.contains(&caller) && self.fits(row, at)).map(|row| row.step).collect()
    }

    fn fits(&self, row: &Row, at: Instant) -> bool {
        let in_time = row.step != Step::Reopen || self.closed_at.is_some_and(|closed| at - closed <= REOPEN_WITHIN);
        let free = row.step != Step::Take || self.technician_id.is_none();
        row.from.contains(&self.status) && in_time && free
    }

    /// Takes a step: checks the table, moves to the next state and keeps the times. Returns the state before.
    /// Who gets the work on [`Step::Assign`] and [`Step::Take`], and what is reported on [`Step::Close`], the caller writes.
    pub fn take_step(
        &mut self,
        step: Step,
        caller: Caller,
        has_remark: bool,
        at: Instant,
    ) -> Result<Status, StepError> {
        let row = step.row().filter(|row| self.fits(row, at));
        let Some(row) = row else {
            return Err(StepError::Forbidden { current: self.status, allowed: self.allowed_steps(caller, at) });
        };
        if !row.who.contains(&caller) {
            return Err(StepError::NotYours);
        }
        if row.needs_remark && !has_remark {
            return Err(StepError::RemarkRequired);
        }
        let before = self.status;
        self.status = row.to;
        match step {
            // Set once: a second start after a reopening does not move the beginning.
            Step::Start => self.started_at = self.started_at.or(Some(at)),
            Step::Close => self.set_end(Some(at)),
            Step::Reopen => self.set_end(None),
            _ => {}
        }
        Ok(before)
    }

    /// Work is done when it is closed: nobody says when else, so that both dates are one.
    fn set_end(&mut self, at: Option<Instant>) {
        self.finished_at = at;
        self.closed_at = at;
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::super::{InterventionDraft, InterventionId, InterventionKind, Priority, Reference};
    use super::*;
    use crate::equipment::EquipmentId;
    use crate::technicians::TechnicianId;
    use crate::text::Line;
    use Caller::{Assignee, Customer, Dispatcher, OtherTechnician};
    use Status::{Archived, Assigned, Cancelled, Closed, InProgress, OnHold, Open};
    use Step::{Archive, Assign, Cancel, Close, Pause, Reopen, Resume, Start, Take};

    const CALLERS: [Caller; 4] = [Dispatcher, Assignee, OtherTechnician, Customer];

    /// The paper's table once more, a state a line and a step a column: `D` for those who dispatch, `W` for the assignee as
    /// well, `T` for another technician, `.` for nobody.
    #[rustfmt::skip]
    const PAPER: [(Status, &str); 7] = [
        //           assign take start pause resume close cancel archive reopen
        (Open,       "D     T    .     .     .      .     D      .       ."),
        (Assigned,   "D     .    W     .     .      .     D      .       ."),
        (InProgress, ".     .    .     W     .      W     D      .       ."),
        (OnHold,     ".     .    .     .     W      W     D      .       ."),
        (Closed,     ".     .    .     .     .      .     .      D       D"),
        (Cancelled,  ".     .    .     .     .      .     .      D       ."),
        (Archived,   ".     .    .     .     .      .     .      .       ."),
    ];

    const COLUMNS: [(Step, Status); 9] = [
        (Assign, Assigned),
        (Take, Assigned),
        (Start, InProgress),
        (Pause, OnHold),
        (Resume, InProgress),
        (Close, Closed),
        (Cancel, Cancelled),
        (Archive, Archived),
        (Reopen, InProgress),
    ];

    /// Where every step leads, and for whom it is, in one state.
    fn on_paper(status: Status) -> Vec<(Step, Status, &'static [Caller])> {
        let line = PAPER.iter().find(|line| line.0 == status).unwrap().1;
        let who = |letter| -> &[Caller] {
            match letter {
                "D" => &[Dispatcher],
                "W" => &[Dispatcher, Assignee],
                "T" => &[OtherTechnician],
                _ => &[],
            }
        };
        COLUMNS.iter().zip(line.split_whitespace()).map(|((step, to), letter)| (*step, *to, who(letter))).collect()
    }

    fn minutes(minutes: i64) -> Instant {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    /// In a state, with what belongs to it.
    fn an_intervention(status: Status) -> Intervention {
        let draft = InterventionDraft {
            title: Line::parse("Fuite d'huile").unwrap(),
            description: None,
            kind: InterventionKind::Corrective,
            priority: Priority::Normal,
            is_urgent: false,
            equipment_id: EquipmentId(1),
            due_at: None,
            slot: None,
            estimated: None,
        };
        let begun = matches!(status, InProgress | OnHold | Closed);
        let closed_at = (status == Closed).then_some(minutes(60));
        Intervention {
            id: InterventionId(1),
            reference: Reference::new(2026, 1).unwrap(),
            draft,
            status,
            technician_id: (status == Assigned || begun).then_some(TechnicianId(1)),
            customer_id: None,
            author_id: None,
            closing: super::super::Closing::default(),
            rating: None,
            started_at: begun.then_some(minutes(10)),
            finished_at: closed_at,
            closed_at,
            created_at: minutes(0),
            updated_at: minutes(0),
            version: 1,
        }
    }

    #[test]
    fn every_step_in_every_state_by_every_caller_is_as_on_paper() {
        for status in Status::ALL.iter().copied() {
            let row = on_paper(status);
            assert_eq!(row.len(), Step::ALL.len());
            for caller in CALLERS {
                let allowed: Vec<_> = row.iter().filter(|cell| cell.2.contains(&caller)).map(|cell| cell.0).collect();
                assert_eq!(
                    an_intervention(status).allowed_steps(caller, minutes(70)),
                    allowed,
                    "{status:?} {caller:?}"
                );
                for (step, to, who) in &row {
                    let mut intervention = an_intervention(status);
                    let taken = intervention.take_step(*step, caller, true, minutes(70));
                    let expected = if who.contains(&caller) {
                        Ok(status)
                    } else if who.is_empty() {
                        Err(StepError::Forbidden { current: status, allowed: allowed.clone() })
                    } else {
                        Err(StepError::NotYours)
                    };
                    let after = if expected.is_ok() { *to } else { status };
                    assert_eq!((taken, intervention.status), (expected, after), "{step:?} in {status:?} by {caller:?}");
                }
            }
        }
    }

    #[test]
    fn a_closed_intervention_cannot_be_restarted() {
        for caller in CALLERS {
            for step in [Start, Resume, Take, Assign] {
                let mut closed = an_intervention(Closed);
                let refused = closed.take_step(step, caller, true, minutes(61));
                assert!(matches!(refused, Err(StepError::Forbidden { current: Closed, .. })), "{step:?} by {caller:?}");
                assert_eq!(closed, an_intervention(Closed));
            }
        }
    }

    #[test]
    fn reopening_is_possible_for_thirty_days_and_not_a_microsecond_longer() {
        let last_moment = minutes(60) + TimeDelta::days(30);
        assert_eq!(an_intervention(Closed).take_step(Reopen, Dispatcher, true, last_moment), Ok(Closed));
        for too_late in [TimeDelta::microseconds(1), TimeDelta::seconds(1), TimeDelta::days(300)] {
            let at = last_moment + too_late;
            assert_eq!(
                an_intervention(Closed).take_step(Reopen, Dispatcher, true, at),
                Err(StepError::Forbidden { current: Closed, allowed: vec![Archive] })
            );
            assert_eq!(an_intervention(Closed).allowed_steps(Dispatcher, at), [Archive]);
        }
    }

    #[test]
    fn interrupting_giving_up_and_reopening_need_a_reason() {
        for status in Status::ALL.iter().copied() {
            for (step, _, who) in on_paper(status) {
                let Some(caller) = who.first().copied() else { continue };
                let mut intervention = an_intervention(status);
                let taken = intervention.take_step(step, caller, false, minutes(70));
                if matches!(step, Pause | Cancel | Reopen) {
                    assert_eq!(taken, Err(StepError::RemarkRequired), "{step:?}");
                    assert_eq!(intervention, an_intervention(status), "a refused step changes nothing");
                } else {
                    assert_eq!(taken, Ok(status), "{step:?}");
                }
            }
        }
    }

    #[test]
    fn a_change_of_state_alone_names_its_step() {
        let mut named = Vec::new();
        for (from, to) in Status::ALL.iter().flat_map(|from| Status::ALL.iter().map(|to| (*from, *to))) {
            let on_paper =
                on_paper(from).into_iter().filter(|(step, _, who)| !who.is_empty() && !matches!(step, Assign | Take));
            let expected = on_paper.filter(|cell| cell.1 == to).map(|cell| cell.0).collect::<Vec<_>>();
            assert_eq!(Step::between(from, to).into_iter().collect::<Vec<_>>(), expected, "{from:?} to {to:?}");
            named.extend(expected);
        }
        // Both ways into the work name their own step, whatever the target.
        assert_eq!(Step::between(Closed, InProgress), Some(Reopen));
        assert_eq!(Step::between(OnHold, InProgress), Some(Resume));
        assert!(!named.contains(&Assign) && !named.contains(&Take));
        for (step, to) in COLUMNS {
            assert_eq!(step.target(), Some(to));
        }
    }

    #[test]
    fn the_beginning_is_set_once() {
        let mut intervention = an_intervention(Assigned);
        intervention.take_step(Start, Assignee, false, minutes(5)).unwrap();
        assert_eq!(intervention.started_at, Some(minutes(5)));
        let mut begun_before = Intervention { started_at: Some(minutes(1)), ..an_intervention(Assigned) };
        begun_before.take_step(Start, Assignee, false, minutes(5)).unwrap();
        assert_eq!(begun_before.started_at, Some(minutes(1)));
    }

    #[test]
    fn closing_sets_the_end_and_reopening_takes_it_back() {
        let mut intervention = an_intervention(OnHold);
        intervention.take_step(Close, Assignee, false, minutes(90)).unwrap();
        assert_eq!((intervention.finished_at, intervention.closed_at), (Some(minutes(90)), Some(minutes(90))));
        intervention.take_step(Reopen, Dispatcher, true, minutes(95)).unwrap();
        assert_eq!((intervention.finished_at, intervention.closed_at), (None, None));
        assert_eq!((intervention.started_at, intervention.technician_id), (Some(minutes(10)), Some(TechnicianId(1))));
        intervention.take_step(Close, Assignee, false, minutes(99)).unwrap();
        intervention.take_step(Archive, Dispatcher, false, minutes(100)).unwrap();
        assert_eq!(intervention.closed_at, Some(minutes(99)), "what is put away keeps its date");
    }

    #[test]
    fn what_somebody_has_cannot_be_taken() {
        let mut given = Intervention { technician_id: Some(TechnicianId(2)), ..an_intervention(Open) };
        let refused = given.take_step(Take, OtherTechnician, false, minutes(1));
        assert_eq!(refused, Err(StepError::Forbidden { current: Open, allowed: vec![] }));
    }

    proptest! {
        /// Exactly what the CHECK constraints of the schema accept, after any number of steps.
        #[test]
        fn no_sequence_of_steps_reaches_what_the_schema_refuses(
            steps in prop::collection::vec((0..9_usize, 0..4_usize, any::<bool>(), 0..100_000_i64), 0..40),
        ) {
            let mut intervention = an_intervention(Open);
            let mut now = minutes(0);
            for (step, caller, has_remark, pause) in steps {
                now += TimeDelta::minutes(pause);
                let before = intervention.clone();
                if intervention.take_step(Step::ALL[step], CALLERS[caller], has_remark, now).is_err() {
                    prop_assert_eq!(&intervention, &before);
                    continue;
                }
                if matches!(Step::ALL[step], Assign | Take) {
                    intervention.technician_id = Some(TechnicianId(1));
                }
                let status = intervention.status;
                prop_assert!(status == Archived || intervention.closed_at.is_some() == (status == Closed));
                prop_assert!(
                    intervention.technician_id.is_some() || matches!(status, Open | Closed | Cancelled | Archived)
                );
                prop_assert_eq!(intervention.finished_at, intervention.closed_at);
                prop_assert!(intervention.finished_at.is_none_or(|end| intervention.started_at.unwrap() <= end));
                prop_assert!(before.started_at.is_none() || intervention.started_at == before.started_at);
            }
        }
    }
}
