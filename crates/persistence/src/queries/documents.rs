//! Documents, read.

use mif_domain::documents::{Attachment, Document, DocumentId, FileId};
use mif_domain::paging::{Keyset, Page, PageRequest, SortValue};
use mif_domain::queries::{DocumentFilter, DocumentScope, DocumentSort, EquipmentScope, KeyUse};
use mif_domain::repository::{RepositoryError, Stored};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait as _, FromQueryResult as _, QueryFilter as _,
    QueryOrder as _, QueryResult, QuerySelect as _, QueryTrait as _, Select,
};

use super::SeaQueries;
use super::interventions::{Visible, visible};
use super::page::{SortBy, Within, fetch};
use crate::entity::{documents as table, equipment, interventions};
use crate::errors::plain;

pub(super) async fn find(queries: &SeaQueries, id: DocumentId, scope: DocumentScope) -> Stored<Option<Document>> {
    let row = within(scope).filter(table::Column::Id.eq(id.0)).one(&queries.0.reader).await.map_err(plain)?;
    row.map(table::Model::into_document).transpose()
}

pub(super) async fn list(
    queries: &SeaQueries,
    scope: DocumentScope,
    filter: &DocumentFilter,
    page: &PageRequest<DocumentSort>,
) -> Stored<Page<Document>> {
    use table::Column;
    let rows = within(scope)
        .apply_if(filter.attachment, |rows, attachment| {
            rows.filter(match attachment {
                Attachment::Intervention(id) => Column::InterventionId.eq(id.0),
                Attachment::Equipment(id) => Column::EquipmentId.eq(id.0),
            })
        })
        .apply_if(filter.analysis, |rows, analysis| rows.filter(Column::Analysis.eq(analysis.as_str())));
    let column = match page.sort {
        DocumentSort::Id => Column::Id,
        DocumentSort::Name => Column::Name,
        DocumentSort::Size => Column::Size,
        DocumentSort::CreatedAt => Column::CreatedAt,
    };
    let sort = page.sort;
    let read = |row: &QueryResult| table::Model::from_query_result(row, "");
    let keyset = move |row: &table::Model| {
        let value = match sort {
            DocumentSort::Id => SortValue::Integer(row.id),
            DocumentSort::Name => SortValue::Text(row.name.clone()),
            DocumentSort::Size => SortValue::Integer(row.size),
            DocumentSort::CreatedAt => SortValue::Instant(row.created_at),
        };
        Keyset { id: row.id, value }
    };
    let by = SortBy { column, nullable: false, id: Column::Id, names: None, within: Within::Table };
    fetch(&queries.0.reader, rows, by, page, read, keyset, table::Model::into_document).await
}

/// The documents within a scope: of a visible intervention, or of a visible machine.
fn within(scope: DocumentScope) -> Select<table::Entity> {
    use table::Column;
    let nothing = || SimpleExpr::from(Expr::val(false));
    let of_work = match visible(scope.interventions) {
        Visible::Everything => Column::InterventionId.is_not_null(),
        Visible::Some(condition) => {
            let seen = interventions::Entity::find().select_only().column(interventions::Column::Id).filter(condition);
            Column::InterventionId.in_subquery(seen.into_query())
        }
        Visible::Nothing => nothing(),
    };
    let of_machines = match scope.equipment {
        EquipmentScope::All => Column::EquipmentId.is_not_null(),
        EquipmentScope::OfCustomer(customer) => {
            let own = equipment::Column::CustomerId.eq(customer.0);
            let seen = equipment::Entity::find().select_only().column(equipment::Column::Id).filter(own);
            Column::EquipmentId.in_subquery(seen.into_query())
        }
        EquipmentScope::Nothing => nothing(),
    };
    let rows = table::Entity::find().filter(Condition::any().add(of_work).add(of_machines));
    if scope.internal { rows } else { rows.filter(Column::IsInternal.eq(false)) }
}

pub(super) async fn after(
    queries: &SeaQueries,
    after: Option<DocumentId>,
    other_than: Option<&str>,
    limit: u16,
) -> Stored<Vec<Document>> {
    use table::Column;
    let rows = table::Entity::find()
        .apply_if(after, |rows, id| rows.filter(Column::Id.gt(id.0)))
        .apply_if(other_than, |rows, key| rows.filter(Column::KeyId.ne(key)))
        .order_by_asc(Column::Id)
        .limit(u64::from(limit));
    let rows = rows.all(&queries.0.reader).await.map_err(plain)?;
    rows.into_iter().map(table::Model::into_document).collect()
}

pub(super) async fn known(queries: &SeaQueries, files: &[FileId]) -> Stored<Vec<FileId>> {
    let asked = files.iter().map(|file| file.0.to_vec());
    let rows: Vec<Vec<u8>> = table::Entity::find()
        .select_only()
        .column(table::Column::FileId)
        .filter(table::Column::FileId.is_in(asked))
        .into_tuple()
        .all(&queries.0.reader)
        .await
        .map_err(plain)?;
    let read = |bytes: Vec<u8>| {
        let bytes = bytes.try_into();
        bytes.map(FileId).map_err(|_| RepositoryError::Corrupt("a documents.file_id has not 16 bytes".to_owned()))
    };
    rows.into_iter().map(read).collect()
}

pub(super) async fn key_uses(queries: &SeaQueries) -> Stored<Vec<KeyUse>> {
    let sql = "SELECT key_id, CAST(SUM(documents) AS BIGINT) AS documents, CAST(SUM(secrets) AS BIGINT) AS secrets FROM (\
                 SELECT key_id, COUNT(*) AS documents, 0 AS secrets FROM documents GROUP BY key_id \
                 UNION ALL SELECT key_id, 0, COUNT(*) FROM mfa_enrolments GROUP BY key_id\
               ) AS uses GROUP BY key_id ORDER BY key_id";
    let rows = queries.0.reader.query_all_raw(queries.statement(sql, Vec::new())).await.map_err(plain)?;
    let read = |row: &QueryResult| {
        let key_id = row.try_get("", "key_id").map_err(plain)?;
        let count = |column| {
            let number: i64 = row.try_get("", column).map_err(plain)?;
            Ok(u64::try_from(number).unwrap_or_default())
        };
        Ok(KeyUse { key_id, documents: count("documents")?, secrets: count("secrets")? })
    };
    rows.iter().map(read).collect()
}
