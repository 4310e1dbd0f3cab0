//! The machines of the demo: sites, their lines, the machines of these, and what machines are made of.

use chrono::{Datelike as _, NaiveDate};
use mif_domain::audit::AuditKind;
use mif_domain::customers::CustomerId;
use mif_domain::equipment::{
    Criticality, Equipment, EquipmentDraft, EquipmentId, EquipmentStatus, MaintenanceInterval,
};
use mif_domain::text::Line;
use mif_domain::unit_of_work::UnitOfWork;

use super::{Moments, SeedDemoError, record};
use Criticality::{Critical, Important, NonCritical, Standard};

/// Code, name, zone of the technicians there, whose it is.
const SITES: [(&str, &str, &str, Option<usize>); 4] = [
    ("CAS", "Usine Aïn Sebaâ", "Aïn Sebaâ", None),
    ("SAF", "Conserverie de Safi", "Safi", Some(0)),
    ("AGA", "Filature et tissage d'Agadir", "Agadir", Some(1)),
    ("TNG", "Câblage de Tanger", "Tanger", Some(2)),
];

/// The place of its site above, name, machines by their place below.
type DemoLine = (usize, &'static str, &'static [usize]);

const LINES: [DemoLine; 12] = [
    (0, "Ligne de conditionnement 1", &[0, 0, 1, 4, 5, 7, 8]),
    (0, "Ligne de conditionnement 2", &[0, 0, 1, 4, 5, 7, 8]),
    (0, "Atelier de presses", &[1, 1, 1, 4, 5, 8]),
    (0, "Utilités", &[2, 2, 3, 4, 6, 6, 9]),
    (1, "Ligne de mise en boîte", &[0, 0, 12, 12, 4, 5, 7]),
    (1, "Stérilisation", &[9, 10, 10, 6, 4]),
    (1, "Chambres froides", &[3, 3, 4, 8]),
    (1, "Expédition", &[0, 0, 7, 8]),
    (2, "Atelier de tissage", &[11, 11, 11, 11, 4, 8]),
    (2, "Filature", &[0, 11, 11, 2, 5, 8]),
    (3, "Ligne de câblage 1", &[12, 12, 0, 7, 5, 4, 8]),
    (3, "Ligne de câblage 2", &[12, 12, 0, 7, 4, 2, 8]),
];

/// A part of a machine: name, kind, brand.
type DemoPart = (&'static str, &'static str, &'static str);

/// Name, kind, brand, model; criticality, days between two maintenances, parts.
type DemoModel = ([&'static str; 4], Criticality, i64, &'static [DemoPart]);

const MODELS: [DemoModel; 13] = [
    (["Convoyeur à bande", "convoyeur", "Interroll", "BM 4410"], Important, 90, &[("Motoréducteur", "moteur", "SEW")]),
    (
        ["Presse hydraulique", "presse", "Schuler", "MH 250"],
        Critical,
        60,
        &[("Centrale hydraulique", "pompe", "Bosch Rexroth"), ("Pupitre de commande", "automatisme", "Siemens")],
    ),
    (
        ["Compresseur à vis", "compresseur", "Atlas Copco", "GA 37"],
        Critical,
        30,
        &[("Sécheur d'air", "compresseur", "Atlas Copco")],
    ),
    (["Groupe froid", "froid", "Carrier", "30XW"], Critical, 60, &[("Condenseur", "froid", "Güntner")]),
    (["Armoire électrique", "electricite", "Schneider", "Prisma P"], Critical, 180, &[]),
    (["Automate programmable", "automatisme", "Siemens", "S7-1500"], Critical, 365, &[]),
    (
        ["Pompe centrifuge", "pompe", "Grundfos", "NB 65-160"],
        Standard,
        90,
        &[("Moteur de pompe", "moteur", "Leroy-Somer")],
    ),
    (
        ["Palettiseur", "robot", "KUKA", "KR 180 PA"],
        Important,
        90,
        &[("Préhenseur", "robot", "Schmalz"), ("Baie de commande", "automatisme", "KUKA")],
    ),
    (["Extracteur d'air", "ventilation", "France Air", "Axalu 63"], NonCritical, 180, &[]),
    (
        ["Chaudière vapeur", "chaudiere", "Babcock Wanson", "BWB 30"],
        Critical,
        30,
        &[("Brûleur", "chaudiere", "Weishaupt"), ("Pompe alimentaire", "pompe", "KSB")],
    ),
    (["Autoclave", "autoclave", "Steriflow", "1400"], Critical, 60, &[("Vanne de régulation", "vanne", "Samson")]),
    (
        ["Métier à tisser", "textile", "Picanol", "OptiMax-i"],
        Important,
        60,
        &[("Dérouleur de trame", "textile", "Roj")],
    ),
    (
        ["Sertisseuse", "sertissage", "Komax", "Alpha 530"],
        Important,
        45,
        &[("Tête de sertissage", "sertissage", "Komax")],
    ),
];

/// The codes of machines that were taken out of service.
const RETIRED: [&str; 3] = ["CAS-L2-06", "SAF-L3-02", "AGA-L2-02"];

/// A machine that work is done on.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) equipment: Equipment,
    pub(super) kind: &'static str,
    /// Where the technicians who usually come have their zone.
    pub(super) zone: &'static str,
    /// Whose it is, by its place among the customers.
    pub(super) customer: Option<usize>,
    /// Days between two maintenances.
    pub(super) days: Option<i64>,
}

impl Machine {
    /// Whether it is out of service by the end of the demo.
    pub(super) fn is_retired(&self) -> bool {
        self.equipment.sheet.status == EquipmentStatus::Retired
    }

    /// How often it breaks down, compared with others: a few machines are known for it.
    pub(super) fn troubles(&self) -> i64 {
        match self.equipment.id.0 % 11 {
            0 => 9,
            1 | 2 => 4,
            _ => 2,
        }
    }
}

/// All that stands in the plant.
#[derive(Debug)]
pub(super) struct Park {
    pub(super) machines: Vec<Machine>,
    /// With sites and lines.
    pub(super) count: usize,
}

/// Where something stands in the tree, and what it inherits from there.
#[derive(Clone, Copy)]
struct Place<'a> {
    code: &'a str,
    location: &'a str,
    parent: Option<EquipmentId>,
    customer: Option<CustomerId>,
}

/// Enters them all, sites first.
pub(super) async fn seed(
    work: &mut dyn UnitOfWork,
    customers: &[CustomerId],
    moments: Moments,
) -> Result<Park, SeedDemoError> {
    let mut park = Park { machines: Vec::new(), count: 0 };
    for (index, (code, name, zone, customer)) in SITES.into_iter().enumerate() {
        let owner = customer.and_then(|index| customers.get(index)).copied();
        let place = Place { code, location: name, parent: None, customer: owner };
        let site = enter(work, &mut park, node(place, name, "site")?, moments).await?.id;
        let lines = LINES.iter().filter(|(of, ..)| *of == index);
        for (number, (_, line, models)) in (1..).zip(lines) {
            let code = format!("{code}-L{number}");
            let location = format!("{name}, {}", line.to_lowercase());
            let place = Place { code: &code, location: &location, parent: Some(site), ..place };
            let line = enter(work, &mut park, node(place, line, "ligne")?, moments).await?.id;
            for (number, model) in (1..).zip(models.iter().filter_map(|model| MODELS.get(*model))) {
                let code = format!("{code}-{number:02}");
                let place = Place { code: &code, parent: Some(line), ..place };
                seed_machine(work, &mut park, place, model, (zone, customer), moments).await?;
            }
        }
    }
    Ok(park)
}

async fn seed_machine(
    work: &mut dyn UnitOfWork,
    park: &mut Park,
    place: Place<'_>,
    ([name, kind, brand, model], criticality, days, parts): &DemoModel,
    (zone, customer): (&'static str, Option<usize>),
    moments: Moments,
) -> Result<(), SeedDemoError> {
    let alike = park.machines.iter().filter(|machine| machine.equipment.sheet.name.as_str().starts_with(name)).count();
    let number = alike + 1;
    let status = if RETIRED.contains(&place.code) { EquipmentStatus::Retired } else { EquipmentStatus::Operational };
    let commissioned_on = commissioned_on(moments, park.count);
    let sheet = EquipmentDraft {
        status,
        criticality: *criticality,
        model: Some(Line::parse(model)?),
        maintenance_interval: MaintenanceInterval::from_days(*days).ok(),
        commissioned_on,
        ..maker(node(place, &format!("{name} {number}"), kind)?, brand, park.count)?
    };
    let equipment = enter(work, park, sheet, moments).await?;
    let parent = equipment.id;
    park.machines.push(Machine { equipment, kind, zone, customer, days: Some(*days) });
    for (letter, (part, kind, brand)) in ('A'..).zip(*parts) {
        let code = format!("{}-{letter}", place.code);
        let place = Place { code: &code, parent: Some(parent), ..place };
        let node = node(place, &format!("{part} – {} {number}", name.to_lowercase()), kind)?;
        let criticality = if *criticality == Critical { Important } else { Standard };
        let sheet = EquipmentDraft { status, criticality, commissioned_on, ..maker(node, brand, park.count)? };
        let equipment = enter(work, park, sheet, moments).await?;
        park.machines.push(Machine { equipment, kind, zone, customer, days: None });
    }
    Ok(())
}

/// What sites, lines and machines have in common.
fn node(place: Place<'_>, name: &str, kind: &str) -> Result<EquipmentDraft, SeedDemoError> {
    Ok(EquipmentDraft {
        name: Line::parse(name)?,
        code: Some(Line::parse(place.code)?),
        kind: Line::parse(kind)?,
        location: Line::parse(place.location)?,
        parent_id: place.parent,
        customer_id: place.customer,
        brand: None,
        model: None,
        serial_number: None,
        status: EquipmentStatus::Operational,
        criticality: Critical,
        maintenance_interval: None,
        commissioned_on: None,
        description: None,
    })
}

/// Adds who made it, with a number told from its place in the park.
fn maker(sheet: EquipmentDraft, brand: &str, place: usize) -> Result<EquipmentDraft, SeedDemoError> {
    let initials: String = brand.chars().filter(char::is_ascii_alphabetic).take(3).collect();
    let number = 10_000 + place * 617 % 90_000;
    Ok(EquipmentDraft {
        brand: Some(Line::parse(brand)?),
        serial_number: Some(Line::parse(&format!("{}-{number}-{place:03}", initials.to_uppercase()))?),
        ..sheet
    })
}

/// A day one to twelve years before the demo begins, told from a place in the park.
fn commissioned_on(moments: Moments, place: usize) -> Option<NaiveDate> {
    let place = u32::try_from(place).ok()?;
    let year = moments.opening.year() - 1 - i32::try_from(place * 7 % 12).ok()?;
    NaiveDate::from_ymd_opt(year, 1 + place * 5 % 12, 1 + place * 11 % 28)
}

async fn enter(
    work: &mut dyn UnitOfWork,
    park: &mut Park,
    sheet: EquipmentDraft,
    moments: Moments,
) -> Result<Equipment, SeedDemoError> {
    let machine = work.equipment().insert(sheet, moments.opening).await?;
    record(work, AuditKind::EquipmentCreated, "equipment", machine.id.0, moments.now).await?;
    park.count += 1;
    Ok(machine)
}
