//! Pages of somebody who has more rows than PostgreSQL collects and sorts: walked along an index, they are the same.

use mif_domain::customers::CustomerId;
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{InterventionFilter, InterventionQueries as _, InterventionScope, InterventionSort};
use mif_domain::technicians::TechnicianId;
use mif_persistence::{SeaQueries, SeaUnitsOfWork};
use mif_testkit::contracts::Backend;
use mif_testkit::{a_customer, a_technician, an_equipment};
use sqlx::AssertSqlSafe;

use crate::postgres;

const MANY: i64 = 10_900;

/// All but every thirtieth is given to the technician, so that they have more than are collected; half of the rest is finished.
const FILL: &str = "\
    INSERT INTO interventions (reference, title, kind, status, priority, is_urgent, equipment_id, technician_id, \
      customer_id, due_at, search_text, created_at, updated_at, version, closed_at) \
    SELECT 'INT-2026-' || lpad(n::text, 6, '0'), 'Fuite ' || n * 7919 % 997, 'corrective', \
      CASE WHEN n % 30 > 0 THEN 'assigned' WHEN n % 60 = 0 THEN 'closed' ELSE 'open' END, 'normal', false, $1, \
      CASE WHEN n % 30 > 0 THEN $2 END, $3, \
      CASE WHEN n % 4 > 0 THEN timestamptz '2026-01-01 00:00:00Z' + n * 31 % 1009 * interval '1 hour' END, '', \
      now(), now(), 1, CASE WHEN n % 60 = 0 THEN now() END \
    FROM generate_series(1, $4) AS n";

#[tokio::test]
async fn whoever_has_many_rows_gets_the_pages_of_whoever_has_few() {
    let postgres = postgres::migrated().await;
    let queries = SeaQueries(postgres.database.clone());
    let backend = Backend {
        work: std::sync::Arc::new(SeaUnitsOfWork(postgres.database.clone())),
        states: std::sync::Arc::new(queries.clone()),
        queue: std::sync::Arc::new(mif_persistence::SeaOutboxQueue(postgres.database.clone())),
        queries: std::sync::Arc::new(queries.clone()),
        keep: std::sync::Arc::new(()),
    };
    let owner = a_customer(&*backend.work, "Cosumar").await.id;
    let machine = backend.insert_equipment(an_equipment("Presse 1").customer(owner).build()).await.id;
    let technician = backend.insert_technician("karim", a_technician().build()).await.id;
    let mut raw = postgres.raw().await;
    for rows in [40, MANY] {
        sqlx::query("DELETE FROM interventions").execute(&mut raw).await.unwrap();
        let fill = sqlx::query(FILL).bind(machine.0).bind(technician.0).bind(owner.0).bind(rows);
        fill.execute(&mut raw).await.unwrap();
        let by_title = (InterventionSort::Title, "title, id", "title DESC, id DESC");
        let by_due = (InterventionSort::DueAt, "due_at IS NULL, due_at, id", "due_at IS NULL, due_at DESC, id DESC");
        for (sort, up, down) in [by_title, by_due, (InterventionSort::Id, "id", "id DESC")] {
            for (direction, order) in [(Direction::Ascending, up), (Direction::Descending, down)] {
                for (scope, condition) in scopes(owner, technician) {
                    let sql = format!("SELECT id FROM interventions WHERE {condition} ORDER BY {order} LIMIT 30");
                    let expected: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut raw).await.unwrap();
                    let (all, deep) = (seen(&queries, scope, sort, direction, Position::First).await, 12);
                    assert_eq!(all, expected, "{scope:?} {sort:?} {direction:?} of {rows}");
                    let later = seen(&queries, scope, sort, direction, Position::Offset(deep)).await;
                    assert_eq!(later.first(), expected.get(12), "{scope:?} {sort:?} {direction:?} of {rows}");
                }
            }
        }
    }
}

fn scopes(owner: CustomerId, technician: TechnicianId) -> [(InterventionScope, String); 2] {
    let own = format!("technician_id = {} OR (technician_id IS NULL AND status = 'open')", technician.0);
    [
        (InterventionScope::OfCustomer(owner), format!("customer_id = {}", owner.0)),
        (InterventionScope::OfTechnician(technician), own),
    ]
}

/// Three pages of ten, one after the other.
async fn seen(
    queries: &SeaQueries,
    scope: InterventionScope,
    sort: InterventionSort,
    direction: Direction,
    mut position: Position,
) -> Vec<i64> {
    let mut ids = Vec::new();
    for _ in 0..3 {
        let page = PageRequest { sort, direction, limit: 10, position: position.clone(), with_total: false };
        let page = queries.list_interventions(scope, &InterventionFilter::default(), &page).await.unwrap();
        ids.extend(page.items.iter().map(|view| view.intervention.id.0));
        let Some(next) = page.next else { break };
        position = Position::After(next);
    }
    ids
}
