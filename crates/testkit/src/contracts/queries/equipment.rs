//! Lists of machines.

use mif_domain::equipment::{Criticality, Equipment, EquipmentDraft, EquipmentStatus};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{EquipmentFilter, EquipmentScope, EquipmentSort};
use mif_domain::text::Line;

use super::super::Backend;
use super::{DIRECTIONS, first_page, in_order, walk};
use crate::{a_customer, an_equipment, later};

/// Names that bytes sort otherwise than people, equal values, and fields without one.
async fn plant(backend: &Backend) -> Vec<Equipment> {
    let sheets = [
        an_equipment("Presse 4").code("B-2").status(EquipmentStatus::Failed),
        an_equipment("Écran").criticality(Criticality::Critical),
        an_equipment("presse 4").code("a-1").kind("Four"),
        an_equipment("Zèbre").code("É-1").location("Kénitra"),
        an_equipment("Presse 4").kind("four").location("kénitra"),
        an_equipment("Presse 10").code("B-10").status(EquipmentStatus::Retired),
        an_equipment("_soulignée").code("Z"),
        an_equipment("Presse 4").criticality(Criticality::NonCritical),
        an_equipment("çà et là").code("B-1").location("Agadir"),
    ];
    let mut machines = Vec::new();
    for (n, sheet) in (0_i64..).zip(sheets) {
        let mut unit = backend.begin().await;
        // Two at a time were entered at one instant; microseconds and whole seconds mix.
        let at = later(n / 2) + chrono::TimeDelta::microseconds((n / 4) * 250_001);
        let machine = unit.equipment().insert(sheet.build(), at).await.unwrap();
        let touched =
            if n % 3 == 0 { unit.equipment().update(&machine, later(100 - n)).await.unwrap() } else { machine };
        unit.commit().await.unwrap();
        machines.push(touched);
    }
    machines
}

fn key(machine: &Equipment, sort: EquipmentSort) -> Option<String> {
    let sheet = &machine.sheet;
    let instant = |at: mif_domain::Instant| format!("{:020}", at.timestamp_micros());
    match sort {
        EquipmentSort::Id => Some(format!("{:020}", machine.id.0)),
        EquipmentSort::Name => Some(sheet.name.to_string()),
        EquipmentSort::Code => sheet.code.as_ref().map(Line::to_string),
        EquipmentSort::Kind => Some(sheet.kind.to_string()),
        EquipmentSort::Location => Some(sheet.location.to_string()),
        EquipmentSort::Status => Some(sheet.status.as_str().to_owned()),
        EquipmentSort::Criticality => Some(sheet.criticality.as_str().to_owned()),
        EquipmentSort::CreatedAt => Some(instant(machine.created_at)),
        EquipmentSort::UpdatedAt => Some(instant(machine.updated_at)),
    }
}

async fn ids(backend: &Backend, filter: &EquipmentFilter, page: PageRequest<EquipmentSort>) -> Vec<i64> {
    let machines =
        walk(page, |page| async move { backend.queries.list_equipment(EquipmentScope::All, filter, &page).await });
    machines.await.iter().map(|machine| machine.id.0).collect()
}

/// The identifiers of what a filter lets through, oldest first.
async fn found(backend: &Backend, filter: EquipmentFilter) -> Vec<i64> {
    ids(backend, &filter, first_page(EquipmentSort::Id, Direction::Ascending, 2)).await
}

async fn searched(backend: &Backend, text: &str) -> Vec<i64> {
    found(backend, EquipmentFilter { text: Some(text.to_owned()), ..EquipmentFilter::default() }).await
}

/// Every sort field, both directions, pages of several lengths.
pub async fn every_order_of_machines_is_walked_from_end_to_end(backend: &Backend) {
    let machines = plant(backend).await;
    let everything = EquipmentFilter::default();
    for sort in EquipmentSort::ALL.iter().copied() {
        for direction in DIRECTIONS {
            let expected = in_order(&machines, direction, |machine| (key(machine, sort), machine.id.0));
            for limit in [1, 2, 3, 9, 50] {
                let seen = ids(backend, &everything, first_page(sort, direction, limit)).await;
                assert_eq!(seen, expected, "{sort:?} {direction:?} {limit}");
            }
        }
    }
}

/// For clients that count rows; from there they may go on by keyset.
pub async fn a_page_starts_after_an_offset(backend: &Backend) {
    let machines = plant(backend).await;
    let expected =
        in_order(&machines, Direction::Descending, |machine| (key(machine, EquipmentSort::Code), machine.id.0));
    let filter = EquipmentFilter::default();
    let mut seen = Vec::new();
    let mut position = Position::Offset(4);
    loop {
        let request =
            PageRequest { position, with_total: false, ..first_page(EquipmentSort::Code, Direction::Descending, 2) };
        let page = backend.queries.list_equipment(EquipmentScope::All, &filter, &request).await.unwrap();
        assert_eq!(page.total, None);
        seen.extend(page.items.iter().map(|machine| machine.id.0));
        let Some(next) = page.next else { break };
        position = Position::After(next);
    }
    assert_eq!(seen, expected.into_iter().skip(4).collect::<Vec<_>>());
    let request =
        PageRequest { position: Position::Offset(1000), ..first_page(EquipmentSort::Id, Direction::Ascending, 2) };
    let beyond = backend.queries.list_equipment(EquipmentScope::All, &filter, &request).await.unwrap();
    assert_eq!((beyond.items.len(), beyond.next, beyond.total), (0, None, Some(9)));
}

/// Rows before the cursor come, and the last row seen goes: nothing is repeated, nothing skipped.
pub async fn rows_that_come_and_go_move_no_page(backend: &Backend) {
    let machines = plant(backend).await;
    let filter = EquipmentFilter::default();
    for direction in DIRECTIONS {
        let expected = in_order(&machines, direction, |machine| (key(machine, EquipmentSort::Name), machine.id.0));
        let first = PageRequest { with_total: false, ..first_page(EquipmentSort::Name, direction, 3) };
        let page = backend.queries.list_equipment(EquipmentScope::All, &filter, &first).await.unwrap();
        let before = if direction == Direction::Ascending { "!" } else { "\u{10FFFD}" };
        let come = backend.insert_equipment(an_equipment(before).build()).await;
        let last = page.items.last().unwrap();
        let mut unit = backend.begin().await;
        let renamed = EquipmentDraft { name: Line::parse(before).unwrap(), ..last.sheet.clone() };
        let renamed = Equipment { sheet: renamed, ..last.clone() };
        let renamed = unit.equipment().update(&renamed, later(200)).await.unwrap();
        unit.commit().await.unwrap();

        let rest = PageRequest { position: Position::After(page.next.unwrap()), limit: 50, ..first };
        let rest = backend.queries.list_equipment(EquipmentScope::All, &filter, &rest).await.unwrap();
        let seen = rest.items.iter().map(|machine| machine.id.0);
        assert_eq!(seen.collect::<Vec<_>>(), expected.into_iter().skip(3).collect::<Vec<_>>(), "{direction:?}");

        let mut unit = backend.begin().await;
        unit.equipment().update(&Equipment { sheet: last.sheet.clone(), ..renamed }, later(201)).await.unwrap();
        unit.equipment().delete(come.id, come.version).await.unwrap();
        unit.commit().await.unwrap();
    }
}

/// Each alone, and all together.
pub async fn every_filter_narrows_a_list_of_machines(backend: &Backend) {
    let customer = a_customer(&*backend.work, "Cosumar").await.id;
    let plain = backend.insert_equipment(an_equipment("Presse").build()).await.id;
    let sheet = an_equipment("Four")
        .kind("Four tunnel")
        .location("Kénitra")
        .parent(plain)
        .customer(customer)
        .status(EquipmentStatus::Maintenance)
        .criticality(Criticality::Critical);
    let special = backend.insert_equipment(sheet.build()).await.id.0;
    let none = EquipmentFilter::default;
    let all = EquipmentFilter {
        text: Some("tunnel".to_owned()),
        status: Some(EquipmentStatus::Maintenance),
        criticality: Some(Criticality::Critical),
        kind: Some("Four tunnel".to_owned()),
        location: Some("Kénitra".to_owned()),
        parent_id: Some(plain),
        customer_id: Some(customer),
    };
    let filters = [
        EquipmentFilter { text: all.text.clone(), ..none() },
        EquipmentFilter { status: all.status, ..none() },
        EquipmentFilter { criticality: all.criticality, ..none() },
        EquipmentFilter { kind: all.kind.clone(), ..none() },
        EquipmentFilter { location: all.location.clone(), ..none() },
        EquipmentFilter { parent_id: all.parent_id, ..none() },
        EquipmentFilter { customer_id: all.customer_id, ..none() },
        all.clone(),
    ];
    for filter in filters {
        assert_eq!(found(backend, filter.clone()).await, [special], "{filter:?}");
    }
    let contradiction = EquipmentFilter { status: Some(EquipmentStatus::Failed), ..all };
    assert!(found(backend, contradiction).await.is_empty());
    assert_eq!(found(backend, none()).await, [plain.0, special]);
}

/// As people type.
pub async fn a_search_forgets_case_and_accents(backend: &Backend) {
    let id = backend.insert_equipment(an_equipment("Électrovanne n° 3 ÇA").build()).await.id.0;
    for text in ["electro", "ÉLECTRO", "E\u{301}lectro", "vanne N° 3", "ca", "é"] {
        assert_eq!(searched(backend, text).await, [id], "{text}");
    }
    for text in ["electrovanne 3", "xyz"] {
        assert!(searched(backend, text).await.is_empty(), "{text}");
    }
}

/// Name, code, kind, location, brand, model and serial number; and not across two of them.
pub async fn a_search_looks_into_every_field(backend: &Backend) {
    let sheet = an_equipment("Broyeur").code("BR-9").kind("Concassage").location("Safi").serial_number("SN777");
    let id = backend.insert_equipment(sheet.build()).await.id.0;
    for text in ["broyeur", "br-9", "concass", "safi", "schuler", "msp 400", "sn777"] {
        assert_eq!(searched(backend, text).await, [id], "{text}");
    }
    assert!(searched(backend, "broyeurbr").await.is_empty());
}

/// `%`, `_` and the escape character itself are only characters.
pub async fn wildcards_are_taken_literally(backend: &Backend) {
    let percent = backend.insert_equipment(an_equipment("Cuve 100% inox").build()).await.id.0;
    let underscore = backend.insert_equipment(an_equipment("pompe_7").build()).await.id.0;
    let backslash = backend.insert_equipment(an_equipment(r"C:\automate").build()).await.id.0;
    let quote = backend.insert_equipment(an_equipment("l'armoire").build()).await.id.0;
    for (text, expected) in [
        ("%", vec![percent]),
        ("100%", vec![percent]),
        ("_", vec![underscore]),
        ("pompe_", vec![underscore]),
        (r"\", vec![backslash]),
        (r":\aut", vec![backslash]),
        (r"\%", vec![]),
        ("c%e", vec![]),
        ("pomp__7", vec![]),
        ("'", vec![quote]),
    ] {
        assert_eq!(searched(backend, text).await, expected, "{text}");
    }
}

/// Whatever the filter asks for.
pub async fn a_list_of_machines_obeys_its_scope(backend: &Backend) {
    let owner = a_customer(&*backend.work, "Cosumar").await.id;
    let other = a_customer(&*backend.work, "Lesieur").await.id;
    let press = backend.insert_equipment(an_equipment("Presse 1").customer(owner).build()).await.id.0;
    let others = backend.insert_equipment(an_equipment("Presse 2").customer(other).build()).await.id.0;
    let nobodys = backend.insert_equipment(an_equipment("Presse 3").build()).await.id.0;
    let everything = EquipmentFilter::default();
    let of_other = EquipmentFilter { customer_id: Some(other), ..EquipmentFilter::default() };
    for (scope, filter, expected) in [
        (EquipmentScope::All, &everything, vec![press, others, nobodys]),
        (EquipmentScope::OfCustomer(owner), &everything, vec![press]),
        (EquipmentScope::OfCustomer(owner), &of_other, vec![]),
        (EquipmentScope::Nothing, &everything, vec![]),
    ] {
        let page = first_page(EquipmentSort::Name, Direction::Ascending, 50);
        let machines =
            walk(page, |page| async move { backend.queries.list_equipment(scope, filter, &page).await }).await;
        assert_eq!(machines.iter().map(|machine| machine.id.0).collect::<Vec<_>>(), expected, "{scope:?}");
    }
}
