//! Lists of customers.

use mif_domain::customers::{Customer, CustomerSheet, ServiceLevel};
use mif_domain::paging::Direction;
use mif_domain::queries::{CustomerFilter, CustomerScope, CustomerSort};
use mif_domain::text::Line;
use mif_domain::users::EmailAddress;

use super::super::Backend;
use super::{first_page, instant_key, number_key, walk, walk_every_order};
use crate::later;

/// Names that bytes sort otherwise than people, equal values, and cities that nobody wrote down.
async fn book(backend: &Backend) -> Vec<Customer> {
    let entries = [
        ("Cosumar", Some("Casablanca"), ServiceLevel::Premium, true),
        ("Écomar", None, ServiceLevel::Standard, true),
        ("cosumar", Some("Kénitra"), ServiceLevel::Basic, false),
        ("Cosumar", Some("casablanca"), ServiceLevel::Standard, true),
        ("Lesieur", None, ServiceLevel::Premium, false),
        ("Zellidja", Some("Agadir"), ServiceLevel::Standard, true),
        ("Lesieur", Some("Casablanca"), ServiceLevel::Standard, true),
    ];
    let mut customers = Vec::new();
    for (n, (name, city, service_level, is_active)) in (0_i64..).zip(entries) {
        let sheet = CustomerSheet {
            city: city.map(|city| Line::parse(city).unwrap()),
            service_level,
            is_active,
            ..CustomerSheet::named(Line::parse(name).unwrap())
        };
        let mut unit = backend.begin().await;
        customers.push(unit.customers().insert(sheet, later(n / 2)).await.unwrap());
        unit.commit().await.unwrap();
    }
    customers
}

fn key(customer: &Customer, sort: CustomerSort) -> Option<String> {
    match sort {
        CustomerSort::Id => Some(number_key(customer.id.0)),
        CustomerSort::Name => Some(customer.sheet.name.to_string()),
        CustomerSort::City => customer.sheet.city.as_ref().map(Line::to_string),
        CustomerSort::ServiceLevel => Some(customer.sheet.service_level.as_str().to_owned()),
        CustomerSort::CreatedAt => Some(instant_key(customer.created_at)),
    }
}

/// The places in the book of what a filter lets through, oldest first.
async fn found(backend: &Backend, book: &[Customer], scope: CustomerScope, filter: &CustomerFilter) -> Vec<usize> {
    let page = first_page(CustomerSort::Id, Direction::Ascending, 2);
    let rows = walk(page, |page| async move { backend.queries.list_customers(scope, filter, &page).await }).await;
    rows.iter().map(|row| book.iter().position(|customer| customer == row).expect("one of them")).collect()
}

/// Every sort field, both directions, pages of several lengths.
pub async fn every_order_of_customers_is_walked_from_end_to_end(backend: &Backend) {
    let customers = book(backend).await;
    let everything = &CustomerFilter::default();
    let fetch = |page| async move { backend.queries.list_customers(CustomerScope::All, everything, &page).await };
    walk_every_order(CustomerSort::ALL, &customers, |customer| customer.id.0, key, fetch).await;
}

/// Each alone, and together; a search looks into name, contact, address, city and business number.
pub async fn every_filter_narrows_a_list_of_customers(backend: &Backend) {
    let mut customers = book(backend).await;
    let first = customers.first_mut().unwrap();
    first.sheet.contact = Some(Line::parse("Mme Benjelloun-Été").unwrap());
    first.sheet.email = Some(EmailAddress::parse("Achats@sucre.ma").unwrap());
    first.sheet.business_id = Some(mif_domain::customers::BusinessId::parse("001234567000089").unwrap());
    let mut unit = backend.begin().await;
    *first = unit.customers().update(first, later(50)).await.unwrap();
    unit.commit().await.unwrap();
    let none = CustomerFilter::default;
    let text = |text: &str| CustomerFilter { text: Some(text.to_owned()), ..none() };
    for (filter, expected) in [
        (none(), vec![0, 1, 2, 3, 4, 5, 6]),
        (CustomerFilter { service_level: Some(ServiceLevel::Premium), ..none() }, vec![0, 4]),
        (CustomerFilter { is_active: Some(false), ..none() }, vec![2, 4]),
        (CustomerFilter { is_active: Some(true), service_level: Some(ServiceLevel::Premium), ..none() }, vec![0]),
        (text("COSUMAR"), vec![0, 2, 3]),
        (text("ecomar"), vec![1]),
        (text("kenitra"), vec![2]),
        (text("jelloun-ete"), vec![0]),
        (text("achats@SUCRE"), vec![0]),
        (text("67000"), vec![0]),
        (CustomerFilter { is_active: Some(false), ..text("cosumar") }, vec![2]),
        (text("rien de tel"), vec![]),
    ] {
        assert_eq!(found(backend, &customers, CustomerScope::All, &filter).await, expected, "{filter:?}");
    }
}

/// Whatever the filter asks for.
pub async fn a_list_of_customers_obeys_its_scope(backend: &Backend) {
    let customers = book(backend).await;
    let own = customers.get(2).unwrap().id;
    let everything = CustomerFilter::default();
    assert_eq!(found(backend, &customers, CustomerScope::Only(own), &everything).await, [2]);
    assert!(found(backend, &customers, CustomerScope::Nothing, &everything).await.is_empty());
    let of_others = CustomerFilter { text: Some("lesieur".to_owned()), ..CustomerFilter::default() };
    assert!(found(backend, &customers, CustomerScope::Only(own), &of_others).await.is_empty());
}
