//! Machines by the file.

use mif_application::access::{Action, Refusal};
use mif_application::equipment::{ImportEquipment, ImportEquipmentError, ImportRow, Imported, RowError, RowProblem};
use mif_application::idempotency::Done;
use mif_domain::audit::AuditKind;
use mif_domain::equipment::EquipmentNames;
use mif_domain::text::Line;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::Role;
use mif_testkit::{EquipmentBuilder, an_equipment};

use crate::world::World;

fn row(line: u64, machine: EquipmentBuilder, parent: Option<&str>) -> ImportRow {
    let parent_code = parent.map(|code| Line::parse(code).unwrap());
    ImportRow { line, sheet: machine.build(), parent_code }
}

/// A cylinder before the press that it is a part of, which stands in a line that is there already.
async fn plant(dry_run: bool) -> (World, ImportEquipment) {
    let world = World::new();
    world.insert_equipment(an_equipment("Ligne 2").code("L2").build()).await;
    let rows = vec![
        row(2, an_equipment("Vérin").code("V1"), Some("PR4")),
        row(3, an_equipment("Presse 4").code("PR4"), Some("L2")),
    ];
    (world, ImportEquipment { rows, dry_run })
}

/// The parents of the machines with these codes.
async fn parents(world: &World, codes: [&str; 2]) -> Vec<Option<String>> {
    let mut unit = world.store.begin().await.unwrap();
    let mut names = EquipmentNames::default();
    names.codes.extend(["L2", "PR4", "V1"].map(|code| Line::parse(code).unwrap()));
    let known = unit.equipment().known_names(&names).await.unwrap().codes;
    let mut found = Vec::new();
    for code in codes {
        let Some(id) = known.get(&Line::parse(code).unwrap()) else { continue };
        let parent = unit.equipment().find_for_update(*id).await.unwrap().unwrap().sheet.parent_id;
        let code = known.iter().find(|(_, id)| Some(**id) == parent).map(|(code, _)| code.to_string());
        found.push(code);
    }
    found
}

#[tokio::test]
async fn a_file_is_entered_with_its_tree_and_one_event() {
    let (world, import) = plant(false).await;
    let manager = world.actor_of(Role::Manager).await;
    let done = import.run(&world.core, &manager, None).await;
    assert_eq!(done, Ok(Done::Now(Imported { count: 2 })));
    assert_eq!(parents(&world, ["V1", "PR4"]).await, [Some("PR4".to_owned()), Some("L2".to_owned())]);
    let events = world.store.audit_events();
    let event = events.iter().find(|event| event.kind == AuditKind::EquipmentImported).unwrap();
    assert_eq!(event.details, [("count", "2".to_owned())]);
    assert_eq!(event.origin.actor, Some(manager.user_id()));
    assert_eq!(world.audited(AuditKind::EquipmentCreated), 0);
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_leaves_nothing() {
    let (world, import) = plant(true).await;
    let manager = world.actor_of(Role::Manager).await;
    assert_eq!(import.run(&world.core, &manager, None).await, Ok(Done::Now(Imported { count: 2 })));
    assert_eq!(parents(&world, ["V1", "PR4"]).await, []);
    assert_eq!(world.audited(AuditKind::EquipmentImported), 0);
}

#[tokio::test]
async fn one_bad_row_keeps_the_others_out() {
    let (world, mut import) = plant(false).await;
    let manager = world.actor_of(Role::Manager).await;
    import.rows.push(row(4, an_equipment("Autre").code("L2"), Some("nowhere")));
    let errors = [RowProblem::CodeTaken, RowProblem::UnknownParent].map(|problem| RowError { line: 4, problem });
    let refused = import.run(&world.core, &manager, None).await;
    assert_eq!(refused, Err(ImportEquipmentError::Rows(errors.to_vec())));
    assert_eq!(parents(&world, ["V1", "PR4"]).await, []);
}

#[tokio::test]
async fn only_those_who_plan_the_work_import() {
    for role in [Role::Technician, Role::Customer] {
        let (world, import) = plant(true).await;
        let actor = world.actor_of(role).await;
        let refused = import.run(&world.core, &actor, None).await;
        assert_eq!(refused, Err(ImportEquipmentError::Refused(Refusal::Denied(Action::ManageEquipment))), "{role:?}");
    }
}

#[tokio::test]
async fn a_chain_of_parts_may_be_as_long_as_the_file() {
    let (world, _) = plant(false).await;
    let manager = world.actor_of(Role::Manager).await;
    let code = |depth: u64| format!("D{depth}");
    let rows = (1..=500).map(|depth| {
        let parent = if depth == 500 { "L2".to_owned() } else { code(depth + 1) };
        row(depth + 1, an_equipment("Maillon").code(&code(depth)), Some(&parent))
    });
    let import = ImportEquipment { rows: rows.collect(), dry_run: false };
    assert_eq!(import.run(&world.core, &manager, None).await, Ok(Done::Now(Imported { count: 500 })));
}
