//! Equipment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use mif_domain::customers::CustomerId;
use mif_domain::equipment::{
    Criticality, Equipment, EquipmentDraft, EquipmentId, EquipmentNames, EquipmentRepository, EquipmentStatus,
    KnownNames, MaintenanceInterval,
};
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::text::{Line, Paragraph};
use mif_domain::{Constraint, Instant};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseBackend, DbErr, EntityTrait as _, NotSet, QueryFilter as _,
    QueryResult, QuerySelect as _, RuntimeErr, Set, SqlErr,
};

use sqlx::{ColumnIndex, Decode, Row};

use super::line;
use crate::entity::{customers, equipment as table};
use crate::unit_of_work::Transaction;

pub(crate) struct Machines<'a>(pub(crate) &'a mut Transaction);

/// The columns of a machine in the order of [`table::Model`], which is the order in which SeaORM selects them; without the
/// text that is only for searching.
pub(crate) const COLUMNS: &str = "id, name, code, kind, location, parent_id, customer_id, brand, model, serial_number, \
    status, criticality, maintenance_interval_days, commissioned_on, description, created_at, updated_at, \
    version";

impl table::Model {
    /// Reads a row by position, straight from the driver: looking eighteen names up and comparing eighteen types in each
    /// row of a page costs more than the query.
    pub(crate) fn from_row(row: &QueryResult) -> Result<Self, DbErr> {
        let decoded = match (row.try_as_pg_row(), row.try_as_sqlite_row()) {
            (Some(row), _) => Self::decode(row),
            (None, Some(row)) => Self::decode(row),
            (None, None) => return Err(DbErr::Type("a row of neither database".to_owned())),
        };
        decoded.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
    }

    fn decode<'r, R: Row>(row: &'r R) -> Result<Self, sqlx::Error>
    where
        usize: ColumnIndex<R>,
        i64: Decode<'r, R::Database>,
        String: Decode<'r, R::Database>,
        NaiveDate: Decode<'r, R::Database>,
        Instant: Decode<'r, R::Database>,
    {
        Ok(Self {
            id: row.try_get_unchecked(0)?,
            name: row.try_get_unchecked(1)?,
            code: row.try_get_unchecked(2)?,
            kind: row.try_get_unchecked(3)?,
            location: row.try_get_unchecked(4)?,
            parent_id: row.try_get_unchecked(5)?,
            customer_id: row.try_get_unchecked(6)?,
            brand: row.try_get_unchecked(7)?,
            model: row.try_get_unchecked(8)?,
            serial_number: row.try_get_unchecked(9)?,
            status: row.try_get_unchecked(10)?,
            criticality: row.try_get_unchecked(11)?,
            maintenance_interval_days: row.try_get_unchecked(12)?,
            commissioned_on: row.try_get_unchecked(13)?,
            description: row.try_get_unchecked(14)?,
            // Only for searching.
            search_text: String::new(),
            created_at: row.try_get_unchecked(15)?,
            updated_at: row.try_get_unchecked(16)?,
            version: row.try_get_unchecked(17)?,
        })
    }

    /// The machine of a row.
    pub(crate) fn into_equipment(self) -> Stored<Equipment> {
        let id = self.id;
        let bad = |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("equipment", column, id, why);
        let sheet = EquipmentDraft {
            name: Line::from_string(self.name).map_err(|why| bad("name", &why))?,
            code: line(self.code).map_err(|why| bad("code", &why))?,
            kind: Line::from_string(self.kind).map_err(|why| bad("kind", &why))?,
            location: Line::from_string(self.location).map_err(|why| bad("location", &why))?,
            parent_id: self.parent_id.map(EquipmentId),
            customer_id: self.customer_id.map(CustomerId),
            brand: line(self.brand).map_err(|why| bad("brand", &why))?,
            model: line(self.model).map_err(|why| bad("model", &why))?,
            serial_number: line(self.serial_number).map_err(|why| bad("serial_number", &why))?,
            status: EquipmentStatus::from_stored(&self.status).ok_or_else(|| bad("status", &"is unknown"))?,
            criticality: Criticality::from_stored(&self.criticality)
                .ok_or_else(|| bad("criticality", &"is unknown"))?,
            maintenance_interval: self
                .maintenance_interval_days
                .map(MaintenanceInterval::from_days)
                .transpose()
                .map_err(|why| bad("maintenance_interval_days", &why))?,
            commissioned_on: self.commissioned_on,
            description: self
                .description
                .map(Paragraph::from_string)
                .transpose()
                .map_err(|why| bad("description", &why))?,
        };
        Ok(Equipment {
            id: EquipmentId(id),
            sheet,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

/// The columns that people write.
fn row(sheet: &EquipmentDraft) -> table::ActiveModel {
    let text = |line: Option<&str>| Set(line.map(str::to_owned));
    table::ActiveModel {
        id: NotSet,
        name: Set(sheet.name.as_str().to_owned()),
        code: text(sheet.code.as_ref().map(Line::as_str)),
        kind: Set(sheet.kind.as_str().to_owned()),
        location: Set(sheet.location.as_str().to_owned()),
        parent_id: Set(sheet.parent_id.map(|id| id.0)),
        customer_id: Set(sheet.customer_id.map(|id| id.0)),
        brand: text(sheet.brand.as_ref().map(Line::as_str)),
        model: text(sheet.model.as_ref().map(Line::as_str)),
        serial_number: text(sheet.serial_number.as_ref().map(Line::as_str)),
        status: Set(sheet.status.as_str().to_owned()),
        criticality: Set(sheet.criticality.as_str().to_owned()),
        maintenance_interval_days: Set(sheet.maintenance_interval.map(|interval| i64::from(interval.days()))),
        commissioned_on: Set(sheet.commissioned_on),
        description: text(sheet.description.as_ref().map(Paragraph::as_str)),
        search_text: Set(sheet.search_text()),
        created_at: NotSet,
        updated_at: NotSet,
        version: NotSet,
    }
}

impl Machines<'_> {
    /// Which of the two references was broken. PostgreSQL says it itself; in SQLite the transaction is still usable after
    /// the failure, so we can look.
    async fn broken_reference(&mut self, error: &DbErr, sheets: &[EquipmentDraft]) -> Constraint {
        let broken = matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)));
        let parents: HashSet<i64> = sheets.iter().filter_map(|sheet| sheet.parent_id).map(|id| id.0).collect();
        if broken && self.0.backend() == DatabaseBackend::Sqlite && !parents.is_empty() {
            let there = table::Entity::find().filter(table::Column::Id.is_in(parents.iter().copied()));
            let found =
                there.select_only().column(table::Column::Id).into_tuple::<i64>().all(self.0.connection()).await;
            if found.is_ok_and(|found| found.len() < parents.len()) {
                return Constraint::UnknownParent;
            }
        }
        Constraint::UnknownCustomer
    }
}

/// Rows of one statement that writes many: their values must stay below the parameters that a statement may have.
const ROWS_AT_ONCE: usize = 200;
/// Values of one statement that looks many up.
const NAMES_AT_ONCE: usize = 1000;

#[async_trait]
impl EquipmentRepository for Machines<'_> {
    async fn insert(&mut self, sheet: EquipmentDraft, at: Instant) -> Stored<Equipment> {
        let new = table::ActiveModel { created_at: Set(at), updated_at: Set(at), version: Set(1), ..row(&sheet) };
        match new.insert(self.0.connection()).await {
            Ok(stored) => self.0.parsed(stored.into_equipment()),
            Err(error) => {
                let meaning = self.broken_reference(&error, std::slice::from_ref(&sheet)).await;
                self.0.referring(Err(error), meaning)
            }
        }
    }

    async fn insert_all(&mut self, sheets: Vec<EquipmentDraft>, at: Instant) -> Stored<HashMap<Line<50>, EquipmentId>> {
        let mut coded = HashMap::new();
        for sheets in sheets.chunks(ROWS_AT_ONCE) {
            let new =
                |sheet| table::ActiveModel { created_at: Set(at), updated_at: Set(at), version: Set(1), ..row(sheet) };
            let insert = table::Entity::insert_many(sheets.iter().map(new));
            let rows = match insert.exec_with_returning(self.0.connection()).await {
                Ok(rows) => rows,
                Err(error) => {
                    let meaning = self.broken_reference(&error, sheets).await;
                    return self.0.referring(Err(error), meaning);
                }
            };
            for row in rows {
                let stored = self.0.parsed(row.into_equipment())?;
                coded.extend(stored.sheet.code.map(|code| (code, stored.id)));
            }
        }
        Ok(coded)
    }

    async fn known_names(&mut self, names: &EquipmentNames) -> Stored<KnownNames> {
        let mut known = KnownNames::default();
        let codes: Vec<_> = names.codes.iter().map(Line::as_str).collect();
        for codes in codes.chunks(NAMES_AT_ONCE) {
            let query = table::Entity::find().filter(table::Column::Code.is_in(codes.iter().copied()));
            let query = query.select_only().columns([table::Column::Code, table::Column::Id]);
            let result = query.into_tuple::<(String, i64)>().all(self.0.connection()).await;
            for (code, id) in self.0.checked(result)? {
                let code =
                    Line::from_string(code).map_err(|why| RepositoryError::corrupt("equipment", "code", id, why));
                known.codes.insert(self.0.parsed(code)?, EquipmentId(id));
            }
        }
        let numbers: Vec<_> = names.serial_numbers.iter().map(Line::as_str).collect();
        for numbers in numbers.chunks(NAMES_AT_ONCE) {
            let query = table::Entity::find().filter(table::Column::SerialNumber.is_in(numbers.iter().copied()));
            let query = query.select_only().columns([table::Column::SerialNumber, table::Column::Id]);
            let result = query.into_tuple::<(String, i64)>().all(self.0.connection()).await;
            for (number, id) in self.0.checked(result)? {
                let bad = |why| RepositoryError::corrupt("equipment", "serial_number", id, why);
                known.serial_numbers.insert(self.0.parsed(Line::from_string(number).map_err(bad))?);
            }
        }
        let ids: Vec<_> = names.customers.iter().map(|id| id.0).collect();
        for ids in ids.chunks(NAMES_AT_ONCE) {
            let query = customers::Entity::find().filter(customers::Column::Id.is_in(ids.iter().copied()));
            let query = query.select_only().column(customers::Column::Id).into_tuple::<i64>();
            let result = query.all(self.0.connection()).await;
            known.customers.extend(self.0.checked(result)?.into_iter().map(CustomerId));
        }
        Ok(known)
    }

    async fn find_for_update(&mut self, id: EquipmentId) -> Stored<Option<Equipment>> {
        let query = table::Entity::find_by_id(id.0).lock(LockType::NoKeyUpdate);
        let result = query.one(self.0.connection()).await;
        let row = self.0.checked(result)?;
        self.0.parsed(row.map(table::Model::into_equipment).transpose())
    }

    async fn update(&mut self, equipment: &Equipment, at: Instant) -> Stored<Equipment> {
        let changed =
            table::ActiveModel { updated_at: Set(at), version: Set(equipment.version + 1), ..row(&equipment.sheet) };
        let update = table::Entity::update_many()
            .set(changed)
            .filter(table::Column::Id.eq(equipment.id.0))
            .filter(table::Column::Version.eq(equipment.version));
        match update.exec_with_returning(self.0.connection()).await {
            Ok(mut rows) => match rows.pop() {
                Some(row) => self.0.parsed(row.into_equipment()),
                None => self.0.refuse(RepositoryError::Stale),
            },
            Err(error) => {
                let meaning = self.broken_reference(&error, std::slice::from_ref(&equipment.sheet)).await;
                self.0.referring(Err(error), meaning)
            }
        }
    }

    async fn delete(&mut self, id: EquipmentId, version: i64) -> Stored<()> {
        let delete =
            table::Entity::delete_many().filter(table::Column::Id.eq(id.0)).filter(table::Column::Version.eq(version));
        let result = delete.exec(self.0.connection()).await;
        match self.0.referring(result, Constraint::StillReferenced)?.rows_affected {
            1 => Ok(()),
            _ => self.0.refuse(RepositoryError::Stale),
        }
    }

    async fn is_within(&mut self, candidate: EquipmentId, id: EquipmentId) -> Stored<bool> {
        let sql = "WITH RECURSIVE above (id, parent_id) AS ( \
                     SELECT id, parent_id FROM equipment WHERE id = $1 \
                     UNION \
                     SELECT equipment.id, equipment.parent_id FROM equipment JOIN above ON equipment.id = above.parent_id) \
                   SELECT 1 AS found FROM above WHERE id = $2";
        Ok(self.0.find(sql, vec![candidate.0.into(), id.0.into()]).await?.is_some())
    }
}
