//! Notifications.

use mif_application::access::Refusal;
use mif_application::housekeeping::Purge;
use mif_application::notifications::{ListNotifications, MarkAllRead, MarkRead};
use mif_domain::notifications::{NotificationId, NotificationKind, NotificationLimits};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{NotificationFilter, NotificationSort};
use mif_domain::repository::PURGED;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::{Role, UserId};
use mif_testkit::{T0, a_notice};

use crate::world::World;

fn all(user_id: Option<UserId>) -> ListNotifications {
    let page = PageRequest {
        sort: NotificationSort::Id,
        direction: Direction::Descending,
        limit: 50,
        position: Position::First,
        with_total: false,
    };
    ListNotifications { user_id, filter: NotificationFilter::default(), page }
}

async fn tell(world: &World, user: UserId) {
    let mut unit = world.store.begin().await.unwrap();
    unit.notifications().insert(a_notice(user, NotificationKind::Information, T0)).await.unwrap();
    unit.commit().await.unwrap();
}

#[tokio::test]
async fn one_marks_ones_own_and_nobody_elses() {
    let world = World::new();
    let technician = world.actor_of(Role::Technician).await;
    let manager = world.actor_of(Role::Manager).await;
    for user in [technician.user_id(), technician.user_id(), manager.user_id()] {
        tell(&world, user).await;
    }
    let own = all(None).run(&world.core, &technician).await.unwrap().items;
    let others = all(None).run(&world.core, &manager).await.unwrap().items;
    assert_eq!((own.len(), others.len()), (2, 1));
    let first = MarkRead { id: own[0].id };
    first.run(&world.core, &technician).await.unwrap();
    first.run(&world.core, &technician).await.unwrap();
    for id in [others[0].id, NotificationId(404)] {
        let refused = MarkRead { id }.run(&world.core, &technician).await.unwrap_err();
        assert_eq!(refused, Refusal::NotFound);
    }
    assert_eq!(MarkAllRead.run(&world.core, &technician).await.unwrap(), 1);
    assert_eq!(MarkAllRead.run(&world.core, &technician).await.unwrap(), 0);
    assert_eq!(MarkAllRead.run(&world.core, &manager).await.unwrap(), 1);
}

#[tokio::test]
async fn others_notifications_do_not_exist_even_for_an_administrator() {
    let world = World::new();
    let admin = world.actor_of(Role::Admin).await;
    assert_eq!(all(Some(UserId(404))).run(&world.core, &admin).await.unwrap_err(), Refusal::NotFound);
}

/// In as many portions as it takes.
#[tokio::test]
async fn of_many_old_notifications_one_run_leaves_none() {
    let world = World::new();
    let technician = world.actor_of(Role::Technician).await;
    let mut unit = world.store.begin().await.unwrap();
    for _ in 0..=PURGED * 2 {
        let notice = a_notice(technician.user_id(), NotificationKind::Information, T0);
        unit.notifications().insert(notice).await.unwrap();
    }
    unit.commit().await.unwrap();
    world.clock.advance(NotificationLimits::UNREAD_KEPT);
    Purge.run(&world.core).await.unwrap();
    assert!(all(None).run(&world.core, &technician).await.unwrap().items.is_empty());
}
