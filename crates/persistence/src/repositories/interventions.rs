//! Interventions and their history.

use std::sync::LazyLock;

use async_trait::async_trait;
use mif_domain::customers::CustomerId;
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{
    Closing, Intervention, InterventionDraft, InterventionId, InterventionKind, InterventionRepository, Minutes,
    NewHistoryEntry, NewIntervention, Priority, Rating, Reference, Slot, SlotConflict, Status,
};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::technicians::TechnicianId;
use mif_domain::text::{Line, Paragraph};
use mif_domain::users::UserId;
use mif_domain::{Constraint, Instant};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseBackend, EntityTrait as _, FromQueryResult as _, NotSet,
    QueryFilter as _, QuerySelect as _, Set, Statement,
};

use super::line;
use crate::entity::interventions::{self as table, OPEN_WORK};
use crate::unit_of_work::Transaction;

pub(crate) struct Interventions<'a>(pub(crate) &'a mut Transaction);

impl table::Model {
    /// The intervention of a row.
    pub(crate) fn into_intervention(self) -> Stored<Intervention> {
        let id = self.id;
        let bad =
            |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("interventions", column, id, why);
        let minutes =
            |column: &str, value: Option<i64>| value.map(Minutes::parse).transpose().map_err(|why| bad(column, &why));
        let slot = match (self.planned_start_at, self.planned_end_at) {
            (Some(start), Some(end)) => Some(Slot::new(start, end).map_err(|why| bad("planned_end_at", &why))?),
            _ => None,
        };
        let draft = InterventionDraft {
            title: Line::from_string(self.title).map_err(|why| bad("title", &why))?,
            description: paragraph(self.description).map_err(|why| bad("description", &why))?,
            kind: InterventionKind::from_stored(&self.kind).ok_or_else(|| bad("kind", &"is unknown"))?,
            priority: Priority::from_stored(&self.priority).ok_or_else(|| bad("priority", &"is unknown"))?,
            is_urgent: self.is_urgent,
            equipment_id: EquipmentId(self.equipment_id),
            due_at: self.due_at,
            slot,
            estimated: minutes("estimated_minutes", self.estimated_minutes)?,
        };
        let closing = Closing {
            report: paragraph(self.report).map_err(|why| bad("report", &why))?,
            failure_cause: line(self.failure_cause).map_err(|why| bad("failure_cause", &why))?,
            downtime: minutes("downtime_minutes", self.downtime_minutes)?,
        };
        Ok(Intervention {
            id: InterventionId(id),
            reference: Reference::parse(&self.reference).map_err(|why| bad("reference", &why))?,
            draft,
            status: Status::from_stored(&self.status).ok_or_else(|| bad("status", &"is unknown"))?,
            technician_id: self.technician_id.map(TechnicianId),
            customer_id: self.customer_id.map(CustomerId),
            author_id: self.author_id.map(UserId),
            closing,
            rating: self.rating.map(Rating::parse).transpose().map_err(|why| bad("rating", &why))?,
            started_at: self.started_at,
            finished_at: self.finished_at,
            closed_at: self.closed_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

fn paragraph<const MAX: usize>(text: Option<String>) -> Result<Option<Paragraph<MAX>>, mif_domain::text::TextError> {
    text.map(Paragraph::from_string).transpose()
}

/// The columns of a draft.
fn row(reference: Reference, draft: &InterventionDraft) -> table::ActiveModel {
    table::ActiveModel {
        title: Set(draft.title.as_str().to_owned()),
        description: Set(draft.description.as_ref().map(|text| text.as_str().to_owned())),
        kind: Set(draft.kind.as_str().to_owned()),
        priority: Set(draft.priority.as_str().to_owned()),
        is_urgent: Set(draft.is_urgent),
        due_at: Set(draft.due_at),
        planned_start_at: Set(draft.slot.map(Slot::start)),
        planned_end_at: Set(draft.slot.map(Slot::end)),
        estimated_minutes: Set(draft.estimated.map(|minutes| i64::from(minutes.get()))),
        search_text: Set(Intervention::search_text(&reference, draft)),
        ..Default::default()
    }
}

/// The columns of a change.
fn changed_row(intervention: &Intervention, at: Instant) -> table::ActiveModel {
    let closing = &intervention.closing;
    table::ActiveModel {
        status: Set(intervention.status.as_str().to_owned()),
        technician_id: Set(intervention.technician_id.map(|id| id.0)),
        report: Set(closing.report.as_ref().map(|text| text.as_str().to_owned())),
        failure_cause: Set(closing.failure_cause.as_ref().map(|text| text.as_str().to_owned())),
        downtime_minutes: Set(closing.downtime.map(|minutes| i64::from(minutes.get()))),
        rating: Set(intervention.rating.map(|rating| i64::from(rating.get()))),
        started_at: Set(intervention.started_at),
        finished_at: Set(intervention.finished_at),
        closed_at: Set(intervention.closed_at),
        updated_at: Set(at),
        version: Set(intervention.version + 1),
        ..row(intervention.reference, &intervention.draft)
    }
}

const NEXT_REFERENCE: &str = "\
    INSERT INTO yearly_counters (name, year, value) VALUES ('interventions', $1, 1) \
    ON CONFLICT (name, year) DO UPDATE SET value = yearly_counters.value + 1 \
    RETURNING value";

const APPEND_HISTORY: &str = "\
    INSERT INTO intervention_history (intervention_id, user_id, from_status, status, remark, is_internal, at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

// Slots may touch: the end does not belong to a slot.
static FIND_OVERLAP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT id, reference FROM interventions \
         WHERE technician_id = $1 AND {OPEN_WORK} \
           AND planned_start_at < $3 AND planned_end_at > $2 AND id <> $4 \
         ORDER BY planned_start_at, id LIMIT 1"
    )
});

#[async_trait]
impl InterventionRepository for Interventions<'_> {
    async fn next_reference(&mut self, year: u16) -> Stored<Reference> {
        let row = self.0.find(NEXT_REFERENCE, vec![i64::from(year).into()]).await?;
        let value: Option<i64> = match &row {
            Some(row) => Some(self.0.column(row, "value")?),
            None => None,
        };
        let number = value.and_then(|value| u32::try_from(value).ok());
        let reference = number.and_then(|number| Reference::new(year, number).ok());
        let corrupt = || RepositoryError::corrupt("yearly_counters", "value", i64::from(year), "is not a number");
        self.0.parsed(reference.ok_or_else(corrupt))
    }

    async fn insert(&mut self, new: NewIntervention, at: Instant) -> Stored<Intervention> {
        let new = table::ActiveModel {
            id: NotSet,
            reference: Set(new.reference.to_string()),
            status: Set(new.status().as_str().to_owned()),
            equipment_id: Set(new.draft.equipment_id.0),
            technician_id: Set(new.technician_id.map(|id| id.0)),
            customer_id: Set(new.customer_id.map(|id| id.0)),
            author_id: Set(new.author_id.map(|id| id.0)),
            created_at: Set(at),
            updated_at: Set(at),
            version: Set(1),
            ..row(new.reference, &new.draft)
        };
        let result = new.insert(self.0.connection()).await;
        let stored = self.0.referring(result, Constraint::UnknownEquipment)?;
        self.0.parsed(stored.into_intervention())
    }

    async fn find_for_update(&mut self, id: InterventionId) -> Stored<Option<Intervention>> {
        let query = table::Entity::find_by_id(id.0).lock(LockType::NoKeyUpdate);
        let result = query.one(self.0.connection()).await;
        let found = self.0.checked(result)?;
        self.0.parsed(found.map(table::Model::into_intervention).transpose())
    }

    async fn update(&mut self, intervention: &Intervention, at: Instant) -> Stored<Intervention> {
        // A later date, or none, makes it late anew once that has passed.
        let is_not_later = table::Column::DueAt.gte(intervention.draft.due_at);
        let still_told = Expr::case(is_not_later, Expr::col(table::Column::LateNotifiedAt));
        let update = table::Entity::update_many()
            .set(changed_row(intervention, at))
            .col_expr(table::Column::LateNotifiedAt, still_told.into())
            .filter(table::Column::Id.eq(intervention.id.0))
            .filter(table::Column::Version.eq(intervention.version));
        let result = update.exec_with_returning(self.0.connection()).await;
        match self.0.checked(result)?.pop() {
            Some(row) => self.0.parsed(row.into_intervention()),
            None => self.0.refuse(RepositoryError::Stale),
        }
    }

    async fn append_history(&mut self, entry: NewHistoryEntry) -> Stored<()> {
        let values = vec![
            entry.intervention_id.0.into(),
            entry.user_id.map(|id| id.0).into(),
            entry.from.map(Status::as_str).into(),
            entry.status.as_str().into(),
            entry.remark.as_ref().map(|remark| remark.as_str().to_owned()).into(),
            entry.is_internal.into(),
            entry.at.into(),
        ];
        self.0.execute(APPEND_HISTORY, values).await.map(|_| ())
    }

    async fn take_late(&mut self, at: Instant, limit: u32) -> Stored<Vec<Intervention>> {
        // Rows that another replica is telling about are left to it.
        let skip = if self.0.backend() == DatabaseBackend::Postgres { "FOR UPDATE SKIP LOCKED" } else { "" };
        let sql = format!(
            "UPDATE interventions SET late_notified_at = $1 WHERE id IN ( \
               SELECT id FROM interventions \
               WHERE late_notified_at IS NULL AND {OPEN_WORK} AND due_at < $1 \
               ORDER BY due_at, id LIMIT $2 {skip}) \
             RETURNING *"
        );
        let statement = Statement::from_sql_and_values(self.0.backend(), sql, [at.into(), i64::from(limit).into()]);
        let result = table::Model::find_by_statement(statement).all(self.0.connection()).await;
        let rows = self.0.checked(result)?;
        self.0.parsed(rows.into_iter().map(table::Model::into_intervention).collect())
    }

    async fn find_overlap(
        &mut self,
        technician: TechnicianId,
        slot: Slot,
        except: Option<InterventionId>,
    ) -> Stored<Option<SlotConflict>> {
        // No intervention has the identifier 0.
        let except = except.map_or(0, |id| id.0);
        let values = vec![technician.0.into(), slot.start().into(), slot.end().into(), except.into()];
        let Some(row) = self.0.find(&FIND_OVERLAP, values).await? else { return Ok(None) };
        let id: i64 = self.0.column(&row, "id")?;
        let reference: String = self.0.column(&row, "reference")?;
        let reference = Reference::parse(&reference);
        let corrupt = |why| RepositoryError::corrupt("interventions", "reference", id, why);
        Ok(Some(SlotConflict { id: InterventionId(id), reference: self.0.parsed(reference.map_err(corrupt))? }))
    }

    async fn count_correctives(
        &mut self,
        equipment: EquipmentId,
        statuses: &[Status],
        except: InterventionId,
    ) -> Stored<u64> {
        // The words come from a closed set of our own, so they may stand in the statement.
        let words: Vec<String> = statuses.iter().map(|status| format!("'{}'", status.as_str())).collect();
        let sql = format!(
            "SELECT count(*) AS total FROM interventions \
             WHERE equipment_id = $1 AND id <> $2 AND kind = 'corrective' AND status IN ({})",
            words.join(", ")
        );
        self.0.count(&sql, vec![equipment.0.into(), except.0.into()]).await
    }
}
