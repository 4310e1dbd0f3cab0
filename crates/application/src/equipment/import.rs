//! Entering many machines at once: all of them or none.

use std::collections::{HashMap, HashSet};

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::equipment::{EquipmentDraft, EquipmentId, EquipmentNames, KnownNames};
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::text::Line;
use mif_domain::unit_of_work::NamedLock;
use thiserror::Error;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy};
use crate::idempotency::{self, Done, IdempotencyError, Once};

/// One machine of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Where it stands in the file, from 1. Only for telling people.
    pub line: u64,
    /// Everything about it. The parent is found by `parent_code`; `parent_id` is not looked at.
    pub sheet: EquipmentDraft,
    /// The code of the machine it is a part of: another row, before or after, or a machine that is already there.
    pub parent_code: Option<Line<50>>,
}

/// Enters many machines.
#[derive(Debug)]
pub struct ImportEquipment {
    /// The machines.
    pub rows: Vec<ImportRow>,
    /// Whether to undo everything at the end, so that the answer is known and nothing is changed.
    pub dry_run: bool,
}

/// What was entered, or would have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// How many machines.
    pub count: usize,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowProblem {
    /// A machine has this code already.
    CodeTaken,
    /// The row at this line has the same code.
    CodeRepeated(u64),
    /// A machine has this serial number already.
    SerialNumberTaken,
    /// The row at this line has the same serial number.
    SerialNumberRepeated(u64),
    /// There is no such customer.
    UnknownCustomer,
    /// Neither a row nor a machine has the parent's code.
    UnknownParent,
    /// The row is a part of itself.
    Cycle,
}

/// A row that cannot be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowError {
    /// Where it stands in the file.
    pub line: u64,
    /// Why.
    pub problem: RowProblem,
}

/// Why nothing was entered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImportEquipmentError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Some rows cannot be entered: every reason, by line.
    #[error("{} problems in the rows", .0.len())]
    Rows(Vec<RowError>),
    /// Somebody took a name, or removed what a row points at, while the rows were being entered.
    #[error("the data changed meanwhile")]
    ChangedMeanwhile,
    /// The `Idempotency-Key` cannot be used.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
}

impl From<RepositoryError> for ImportEquipmentError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Stale
            | RepositoryError::Conflict(
                Constraint::EquipmentCodeTaken
                | Constraint::SerialNumberTaken
                | Constraint::UnknownCustomer
                | Constraint::UnknownParent,
            ) => Self::ChangedMeanwhile,
            other => Self::Refused(other.into()),
        }
    }
}

impl ImportEquipment {
    /// The most machines of one import: it holds the lock on the tree while it runs.
    pub const MAX_ROWS: usize = 10_000;

    /// Whether the actor may import at all, before a file of theirs is read. [`ImportEquipment::run`] asks again.
    pub fn permit(actor: &Actor) -> Result<(), Refusal> {
        policy::permit(actor, Action::ManageEquipment)
    }

    /// Enters every machine in one unit of work, parents before their parts. A conflict would kill the unit and name one
    /// row at most, so names and references are looked up first. A dry run goes the whole way and is rolled back.
    #[tracing::instrument(target = "mif_trace", name = "ImportEquipment", skip_all)]
    pub async fn run(
        self,
        core: &Core,
        actor: &Actor,
        once: Option<Once<'_, Imported>>,
    ) -> Result<Done<Imported>, ImportEquipmentError> {
        Self::permit(actor)?;
        let forest = Forest::of(&self.rows);
        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        if let Some(answer) = idempotency::claim(&mut *work, once.as_ref(), now).await? {
            return Ok(Done::Before(answer));
        }
        // Two imports of the same names wait for each other here instead of in each other's rows.
        work.lock(NamedLock::EquipmentTree).await?;
        let known = work.equipment().known_names(&names(&self.rows)).await?;
        let errors = problems(&self.rows, &forest, &known);
        if !errors.is_empty() {
            return Err(ImportEquipmentError::Rows(errors));
        }
        let imported = Imported { count: self.rows.len() };
        let mut ids = known.codes;
        for level in forest.into_levels(self.rows) {
            let made = work.equipment().insert_all(placed(level, &ids), now).await?;
            ids.extend(made);
        }
        let event = AuditEvent::success(AuditKind::EquipmentImported, actor.origin(), now);
        work.audit().append(event.with("count", imported.count.to_string())).await?;
        idempotency::complete(&mut *work, once.as_ref(), &imported).await?;
        if !self.dry_run {
            work.commit().await?;
        }
        Ok(Done::Now(imported))
    }
}

/// The rows of one level with their parents, all of which are stored by now.
fn placed(level: Vec<ImportRow>, ids: &HashMap<Line<50>, EquipmentId>) -> Vec<EquipmentDraft> {
    let placed = level.into_iter().map(|row| {
        let parent_id = row.parent_code.and_then(|code| ids.get(&code).copied());
        EquipmentDraft { parent_id, ..row.sheet }
    });
    placed.collect()
}

fn names(rows: &[ImportRow]) -> EquipmentNames {
    let mut names = EquipmentNames::default();
    for row in rows {
        names.codes.extend([&row.sheet.code, &row.parent_code].into_iter().flatten().cloned());
        names.serial_numbers.extend(row.sheet.serial_number.clone());
        names.customers.extend(row.sheet.customer_id);
    }
    names
}

/// Everything that is wrong, by line.
fn problems(rows: &[ImportRow], forest: &Forest, known: &KnownNames) -> Vec<RowError> {
    let codes: HashSet<_> = rows.iter().filter_map(|row| row.sheet.code.as_ref()).collect();
    let mut first_code = HashMap::new();
    let mut first_number = HashMap::new();
    let mut errors = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mut add = |problem| errors.push(RowError { line: row.line, problem });
        if let Some(code) = &row.sheet.code {
            let first = *first_code.entry(code).or_insert(row.line);
            if first != row.line {
                add(RowProblem::CodeRepeated(first));
            }
            if known.codes.contains_key(code) {
                add(RowProblem::CodeTaken);
            }
        }
        if let Some(number) = &row.sheet.serial_number {
            let first = *first_number.entry(number).or_insert(row.line);
            if first != row.line {
                add(RowProblem::SerialNumberRepeated(first));
            }
            if known.serial_numbers.contains(number) {
                add(RowProblem::SerialNumberTaken);
            }
        }
        if row.sheet.customer_id.is_some_and(|customer| !known.customers.contains(&customer)) {
            add(RowProblem::UnknownCustomer);
        }
        if row.parent_code.as_ref().is_some_and(|code| !codes.contains(code) && !known.codes.contains_key(code)) {
            add(RowProblem::UnknownParent);
        }
        if forest.cyclic.contains(&index) {
            add(RowProblem::Cycle);
        }
    }
    errors
}

/// How the rows hang together: nothing that is stored can be below a row, so only rows can close a cycle.
struct Forest {
    /// Indices of rows; each level's parents are stored or in the level before.
    levels: Vec<Vec<usize>>,
    /// The rows on a cycle.
    cyclic: HashSet<usize>,
}

impl Forest {
    fn of(rows: &[ImportRow]) -> Self {
        let mut by_code = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            if let Some(code) = &row.sheet.code {
                by_code.entry(code).or_insert(index);
            }
        }
        let mut parents = HashMap::new();
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut level = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            match row.parent_code.as_ref().and_then(|code| by_code.get(code)) {
                Some(parent) => {
                    parents.insert(index, *parent);
                    children.entry(*parent).or_default().push(index);
                }
                None => level.push(index),
            }
        }
        let mut levels = Vec::new();
        while !level.is_empty() {
            let below = level.iter().filter_map(|index| children.remove(index)).flatten().collect();
            levels.push(std::mem::replace(&mut level, below));
        }
        // What no level reached stands on a cycle or below one.
        for index in levels.iter().flatten() {
            parents.remove(index);
        }
        Self { levels, cyclic: cyclic(&parents) }
    }

    /// The rows themselves, level by level.
    fn into_levels(self, rows: Vec<ImportRow>) -> impl Iterator<Item = Vec<ImportRow>> {
        let mut rows: HashMap<_, _> = rows.into_iter().enumerate().collect();
        self.levels.into_iter().map(move |level| level.iter().filter_map(|index| rows.remove(index)).collect())
    }
}

/// The cycles among rows that all have a parent among them.
fn cyclic(parents: &HashMap<usize, usize>) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let mut cyclic = HashSet::new();
    for start in parents.keys() {
        let mut path = Vec::new();
        let mut at = Some(start);
        while let Some(row) = at.filter(|row| seen.insert(**row)) {
            path.push(*row);
            at = parents.get(row);
        }
        cyclic.extend(path.into_iter().skip_while(|row| at != Some(row)));
    }
    cyclic
}

#[cfg(test)]
mod tests {
    use mif_domain::equipment::{Criticality, EquipmentStatus};

    use super::*;

    fn rows(codes: &[(&str, &str)]) -> Vec<ImportRow> {
        let code = |text: &str| (!text.is_empty()).then(|| Line::parse(text).unwrap());
        let row = |(line, (own, parent)): (u64, &(&str, &str))| ImportRow {
            line,
            sheet: EquipmentDraft {
                name: Line::parse("Presse").unwrap(),
                code: code(own),
                kind: Line::parse("presse").unwrap(),
                location: Line::parse("Atelier").unwrap(),
                parent_id: None,
                customer_id: None,
                brand: None,
                model: None,
                serial_number: None,
                status: EquipmentStatus::Operational,
                criticality: Criticality::Standard,
                maintenance_interval: None,
                commissioned_on: None,
                description: None,
            },
            parent_code: code(parent),
        };
        (2..).zip(codes).map(row).collect()
    }

    fn cycles(codes: &[(&str, &str)]) -> Vec<usize> {
        let mut cyclic: Vec<_> = Forest::of(&rows(codes)).cyclic.into_iter().collect();
        cyclic.sort_unstable();
        cyclic
    }

    #[test]
    fn parents_come_before_their_parts_wherever_they_stand() {
        let rows = rows(&[("c", "b"), ("b", "a"), ("", "c"), ("a", ""), ("x", "stored"), ("d", "a")]);
        let forest = Forest::of(&rows);
        assert!(forest.cyclic.is_empty());
        assert_eq!(forest.levels, [vec![3, 4], vec![1, 5], vec![0], vec![2]]);
        let lines: Vec<Vec<_>> =
            forest.into_levels(rows).map(|level| level.iter().map(|row| row.line).collect()).collect();
        assert_eq!(lines, [vec![5, 6], vec![3, 7], vec![2], vec![4]]);
    }

    #[test]
    fn only_what_is_on_a_cycle_is_blamed_for_it() {
        assert_eq!(cycles(&[("a", "a")]), [0]);
        assert_eq!(cycles(&[("a", "b"), ("b", "c"), ("c", "a")]), [0, 1, 2]);
        assert_eq!(
            cycles(&[("top", ""), ("a", "b"), ("b", "a"), ("below", "b"), ("", "below"), ("ok", "top")]),
            [1, 2]
        );
    }

    #[test]
    fn a_repeated_code_points_at_the_first_row() {
        let rows = rows(&[("a", ""), ("a", ""), ("b", "nowhere"), ("a", "")]);
        let found = problems(&rows, &Forest::of(&rows), &KnownNames::default());
        let expected = [
            RowError { line: 3, problem: RowProblem::CodeRepeated(2) },
            RowError { line: 4, problem: RowProblem::UnknownParent },
            RowError { line: 5, problem: RowProblem::CodeRepeated(2) },
        ];
        assert_eq!(found, expected);
    }
}
