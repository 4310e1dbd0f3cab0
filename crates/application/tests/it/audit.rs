//! What is noted beside the use cases' own effects.

use mif_application::access::Refusal;
use mif_application::audit::{ListAudit, ReadCheckpoint};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{AuditFilter, AuditSort};
use mif_domain::users::Role;

use crate::world::World;

fn everything() -> ListAudit {
    let page = PageRequest {
        sort: AuditSort::Id,
        direction: Direction::Ascending,
        limit: 50,
        position: Position::First,
        with_total: false,
    };
    ListAudit { filter: AuditFilter::default(), page }
}

#[tokio::test]
async fn the_audit_trail_is_for_administrators_alone() {
    let world = World::new();
    for role in [Role::Manager, Role::Technician, Role::Customer] {
        let actor = world.actor_of(role).await;
        let refused = everything().run(&world.core, &actor).await.unwrap_err();
        assert!(matches!(refused, Refusal::Denied(_)), "{role:?}");
        let refused = ReadCheckpoint.run(&world.core, &actor).await.unwrap_err();
        assert!(matches!(refused, Refusal::Denied(_)), "{role:?}");
    }
    let admin = world.actor_of(Role::Admin).await;
    assert_eq!(everything().run(&world.core, &admin).await.unwrap().items.len(), 4, "four sign-ins");
    assert_eq!(ReadCheckpoint.run(&world.core, &admin).await, Err(Refusal::NotFound));
}
