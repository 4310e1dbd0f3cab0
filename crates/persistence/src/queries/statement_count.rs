//! One statement a page, proved: every statement that leaves the driver is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::DateTime;
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::InterventionId;
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{
    AuditFilter, AuditQueries as _, AuditSort, CustomerFilter, CustomerQueries as _, CustomerScope, CustomerSort,
    EquipmentFilter, EquipmentScope, EquipmentSort, InterventionFilter, InterventionQueries as _, InterventionScope,
    InterventionSort, NotificationFilter, NotificationQueries as _, NotificationSort, Queries as _, SessionStates as _,
    TechnicianFilter, TechnicianQueries as _, TechnicianSort, UserFilter, UserScope, UserSort,
};
use mif_domain::sessions::SessionId;
use mif_domain::technicians::TechnicianId;
use mif_domain::users::UserId;

use super::SeaQueries;
use crate::link::Link;
use crate::observed::Observed;
use crate::slots::Slots;
use crate::{Database, DatabaseSettings, PoolSettings, Schema};

struct Counted {
    queries: SeaQueries,
    statements: Arc<AtomicUsize>,
}

impl Counted {
    async fn new() -> Self {
        let pool = PoolSettings {
            max_connections: 1,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
        };
        let settings = DatabaseSettings { url: "sqlite::memory:".to_owned(), pool };
        let mut database = Database::connect(settings).await.unwrap();
        Schema(&database).up().await.unwrap();
        let statements = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&statements);
        let mut pool = database.reader.inner.pool();
        pool.set_metric_callback(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        database.reader = Observed::new(Link::fixed(pool, Slots::new(1, Duration::from_secs(5))), None);
        Self { queries: SeaQueries(database), statements }
    }

    /// How many statements were sent since the last time.
    fn sent(&self) -> usize {
        self.statements.swap(0, Ordering::Relaxed)
    }
}

fn page<S>(sort: S, with_total: bool) -> PageRequest<S> {
    PageRequest { sort, direction: Direction::Ascending, limit: 50, position: Position::First, with_total }
}

#[tokio::test]
async fn a_page_is_one_statement_and_its_total_a_second_one() {
    let counted = Counted::new().await;
    let queries = &counted.queries;
    for (with_total, expected) in [(false, 1), (true, 2)] {
        let interventions = page(InterventionSort::DueAt, with_total);
        let filter = InterventionFilter { text: Some("fuite".to_owned()), ..InterventionFilter::default() };
        queries.list_interventions(InterventionScope::All, &filter, &interventions).await.unwrap();
        assert_eq!(counted.sent(), expected, "interventions, with the names of machine and technician");
        let scope = InterventionScope::OfTechnician(TechnicianId(1));
        queries.list_interventions(scope, &InterventionFilter::default(), &interventions).await.unwrap();
        assert_eq!(counted.sent(), expected, "interventions of a technician");
        let machines = page(EquipmentSort::Name, with_total);
        queries.list_equipment(EquipmentScope::All, &EquipmentFilter::default(), &machines).await.unwrap();
        assert_eq!(counted.sent(), expected, "machines");
        let users = page(UserSort::Id, with_total);
        queries.list_users(UserScope::All, &UserFilter::default(), &users).await.unwrap();
        assert_eq!(counted.sent(), expected, "users");
        let customers = page(CustomerSort::Id, with_total);
        queries.list_customers(CustomerScope::All, &CustomerFilter::default(), &customers).await.unwrap();
        assert_eq!(counted.sent(), expected, "customers");
        let notices = page(NotificationSort::Id, with_total);
        queries.list_notifications(UserId(1), &NotificationFilter::default(), &notices).await.unwrap();
        assert_eq!(counted.sent(), expected, "notifications");
        let events = page(AuditSort::Id, with_total);
        queries.list_audit(&AuditFilter::default(), &events).await.unwrap();
        assert_eq!(counted.sent(), expected, "events of the audit trail, with their places");
        let technicians = page(TechnicianSort::Username, with_total);
        queries.list_technicians(&TechnicianFilter::default(), &technicians).await.unwrap();
        assert_eq!(counted.sent(), expected, "technicians: their skills are only asked for when there are any");
    }
}

#[tokio::test]
async fn a_row_and_a_session_are_one_statement() {
    let counted = Counted::new().await;
    let queries = &counted.queries;
    queries.find_intervention(InterventionId(1), InterventionScope::All).await.unwrap();
    assert_eq!(counted.sent(), 1, "an intervention");
    queries.find_equipment(EquipmentId(1), EquipmentScope::All).await.unwrap();
    assert_eq!(counted.sent(), 1, "a machine");
    queries.find_session_state(SessionId(1), DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(counted.sent(), 1, "a session with its user and technician");
    queries.find_equipment(EquipmentId(1), EquipmentScope::Nothing).await.unwrap();
    assert_eq!(counted.sent(), 0, "who may see nothing costs nothing");
}
