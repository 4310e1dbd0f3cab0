//! Lists of users.

use mif_domain::paging::{Direction, PageRequest};
use mif_domain::queries::{UserFilter, UserScope, UserSort};
use mif_domain::users::{Role, User};

use super::super::Backend;
use super::{DIRECTIONS, first_page, in_order, walk};
use crate::{a_customer, a_user, later};

async fn people(backend: &Backend) -> Vec<User> {
    let customer = a_customer(&*backend.work, "Cosumar").await.id;
    let people = [
        (a_user("karim").email("Zineb@mif.ma"), Some(5)),
        (a_user("fatima").role(Role::Manager).full_name("Fatima Zahra Benslimane"), None),
        (a_user("admin").role(Role::Admin), Some(3)),
        (a_user("hassan_1").full_name("Hassan Aït Élan"), None),
        (a_user("client").role(Role::Customer).customer(customer).email("achats@cosumar.ma"), Some(5)),
    ];
    let mut users = Vec::new();
    for (n, (user, login)) in (0_i64..).zip(people) {
        let mut unit = backend.begin().await;
        let mut user = unit.users().insert(user.build(), later(n / 2)).await.unwrap();
        if let Some(seconds) = login {
            user.last_login_at = Some(later(seconds));
            unit.users().record_login(user.id, later(seconds)).await.unwrap();
        }
        if n == 1 {
            user = unit.users().update(&User { is_active: false, ..user }, later(50)).await.unwrap();
        }
        unit.commit().await.unwrap();
        users.push(user);
    }
    users
}

fn key(user: &User, sort: UserSort) -> Option<String> {
    let instant = |at: mif_domain::Instant| format!("{:020}", at.timestamp_micros());
    match sort {
        UserSort::Id => Some(format!("{:020}", user.id.0)),
        UserSort::Username => Some(user.username.to_string()),
        UserSort::Email => Some(user.email.normalized()),
        UserSort::Role => Some(user.role.as_str().to_owned()),
        UserSort::LastLogin => user.last_login_at.map(instant),
        UserSort::CreatedAt => Some(instant(user.created_at)),
    }
}

async fn ids(backend: &Backend, scope: UserScope, filter: &UserFilter, page: PageRequest<UserSort>) -> Vec<i64> {
    let users = walk(page, |page| async move { backend.queries.list_users(scope, filter, &page).await }).await;
    users.iter().map(|user| user.id.0).collect()
}

/// Every sort field, both directions, pages of several lengths.
pub async fn every_order_of_users_is_walked_from_end_to_end(backend: &Backend) {
    let users = people(backend).await;
    for sort in UserSort::ALL.iter().copied() {
        for direction in DIRECTIONS {
            let expected = in_order(&users, direction, |user| (key(user, sort), user.id.0));
            for limit in [1, 2, 5, 50] {
                let page = first_page(sort, direction, limit);
                let seen = ids(backend, UserScope::All, &UserFilter::default(), page).await;
                assert_eq!(seen, expected, "{sort:?} {direction:?} {limit}");
            }
        }
    }
}

/// Each alone.
pub async fn every_filter_narrows_a_list_of_users(backend: &Backend) {
    let users = people(backend).await;
    let customer_id = users.last().unwrap().customer_id;
    let none = UserFilter::default;
    let text = |text: &str| UserFilter { text: Some(text.to_owned()), ..none() };
    for (filter, expected) in [
        (UserFilter { role: Some(Role::Technician), ..none() }, vec!["karim", "hassan_1"]),
        (UserFilter { is_active: Some(false), ..none() }, vec!["fatima"]),
        (UserFilter { is_active: Some(true), role: Some(Role::Manager), ..none() }, vec![]),
        (UserFilter { customer_id, ..none() }, vec!["client"]),
        (text("ZINEB@"), vec!["karim"]),
        (text("ait elan"), vec!["hassan_1"]),
        (text("_"), vec!["hassan_1"]),
        (text("benslimane"), vec!["fatima"]),
        (text("cosumar"), vec!["client"]),
    ] {
        let page = first_page(UserSort::Id, Direction::Ascending, 50);
        let seen = ids(backend, UserScope::All, &filter, page).await;
        let names = users.iter().filter(|user| seen.contains(&user.id.0)).map(|user| user.username.as_str());
        assert_eq!(names.collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

/// Somebody who may see only themselves sees only themselves.
pub async fn a_list_of_users_obeys_its_scope(backend: &Backend) {
    let users = people(backend).await;
    let karim = users.first().unwrap();
    let only = UserScope::Only(karim.id);
    let page = || first_page(UserSort::Username, Direction::Descending, 2);
    assert_eq!(ids(backend, only, &UserFilter::default(), page()).await, [karim.id.0]);
    let admins = UserFilter { role: Some(Role::Admin), ..UserFilter::default() };
    assert!(ids(backend, only, &admins, page()).await.is_empty());
}
