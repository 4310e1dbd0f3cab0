//! Customers, users, skills and technicians of the demo.

use mif_domain::Instant;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::customers::{BusinessId, CustomerId, CustomerSheet, ServiceLevel};
use mif_domain::technicians::{Availability, Level, SkillId, SkillSheet, TechnicianId, TechnicianSheet};
use mif_domain::text::Line;
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{EmailAddress, FullName, Language, NewUser, PasswordHash, Role, UserId, Username};

use super::{Moments, SeedDemoError, data, record};
use Availability::{Available, Busy, OnLeave, Training};
use Level::{Advanced, Beginner, Expert, Intermediate};

/// Name, contact, city, address, telephone, ICE, level of service.
type DemoCustomer = [&'static str; 6];

/// In the order in which machines name them.
const CUSTOMERS: [(DemoCustomer, ServiceLevel); 3] = [
    (
        [
            "Conserverie Atlas",
            "Leïla Chraïbi",
            "Safi",
            "Zone industrielle, lot 14",
            "+212 524 62 18 40",
            "001523478000061",
        ],
        ServiceLevel::Premium,
    ),
    (
        [
            "Textiles du Souss",
            "Hamid Ait Baha",
            "Agadir",
            "Route de Tikiouine, km 5",
            "+212 528 83 07 12",
            "002214590000037",
        ],
        ServiceLevel::Standard,
    ),
    (
        [
            "Câblage du Détroit",
            "Imane Benjelloun",
            "Tanger",
            "Zone franche, îlot 72",
            "+212 539 39 45 06",
            "001987305000018",
        ],
        ServiceLevel::Basic,
    ),
];

/// Username, name, role, customer. Technicians have their own table.
const USERS: [(&str, &str, Role, Option<usize>); 6] = [
    ("demo.admin", "Nadia Berrada", Role::Admin, None),
    ("demo.responsable", "Youssef El Amrani", Role::Manager, None),
    ("demo.planning", "Salma Idrissi", Role::Manager, None),
    ("demo.client", "Leïla Chraïbi", Role::Customer, Some(0)),
    ("demo.client2", "Hamid Ait Baha", Role::Customer, Some(1)),
    ("demo.client3", "Imane Benjelloun", Role::Customer, Some(2)),
];

/// Name, domain. Domains are kinds of machines, so that skills can be matched with them.
const SKILLS: [(&str, &str); 16] = [
    ("Mécanique générale", "presse"),
    ("Hydraulique", "presse"),
    ("Convoyage", "convoyeur"),
    ("Électricité industrielle", "electricite"),
    ("Automates Siemens", "automatisme"),
    ("Robotique", "robot"),
    ("Froid industriel", "froid"),
    ("Air comprimé", "compresseur"),
    ("Pompes et garnitures", "pompe"),
    ("Ventilation et dépoussiérage", "ventilation"),
    ("Chaudières vapeur", "chaudiere"),
    ("Métiers à tisser", "textile"),
    ("Sertissage", "sertissage"),
    ("Régulation", "vanne"),
    ("Stérilisation", "autoclave"),
    ("Moteurs et réducteurs", "moteur"),
];

/// Username, name, team, zone.
type DemoTechnician = [&'static str; 4];

/// With their level, whether they are called at night, their state, and skills by their place above.
type DemoCraft = (Level, bool, Availability, &'static [(usize, Level)]);

const TECHNICIANS: [(DemoTechnician, DemoCraft); 12] = [
    (
        ["demo.mecanicien", "Karim Alaoui", "Mécanique", "Aïn Sebaâ"],
        (Expert, true, Available, &[(0, Expert), (1, Advanced), (2, Advanced), (8, Intermediate), (15, Advanced)]),
    ),
    (
        ["demo.electricien", "Hind Tazi", "Électricité", "Aïn Sebaâ"],
        (Advanced, true, Available, &[(3, Expert), (4, Intermediate), (9, Intermediate), (15, Expert)]),
    ),
    (
        ["demo.automaticien", "Omar Bennis", "Électricité", "Aïn Sebaâ"],
        (Advanced, false, Busy, &[(4, Expert), (5, Advanced), (3, Intermediate), (13, Advanced)]),
    ),
    (
        ["demo.frigoriste", "Rachid Ouazzani", "Fluides", "Aïn Sebaâ"],
        (Intermediate, false, Available, &[(6, Advanced), (7, Intermediate), (10, Intermediate)]),
    ),
    (
        ["demo.hydraulicien", "Abdelilah Naciri", "Mécanique", "Safi"],
        (Advanced, true, Available, &[(1, Expert), (8, Advanced), (2, Intermediate), (14, Intermediate)]),
    ),
    (
        ["demo.chauffagiste", "Mustapha Zerouali", "Fluides", "Safi"],
        (Expert, true, Available, &[(10, Expert), (14, Expert), (7, Advanced), (13, Intermediate)]),
    ),
    (
        ["demo.maintenancier", "Zineb Lahlou", "Électricité", "Safi"],
        (Intermediate, false, Available, &[(3, Advanced), (4, Intermediate), (12, Advanced), (15, Beginner)]),
    ),
    (
        ["demo.tisserand", "Brahim Oubella", "Mécanique", "Agadir"],
        (Expert, false, Available, &[(11, Expert), (2, Intermediate), (9, Intermediate)]),
    ),
    (
        ["demo.regleur", "Fatima Zahra Amzil", "Mécanique", "Agadir"],
        (Intermediate, false, Training, &[(11, Advanced), (9, Advanced), (7, Intermediate)]),
    ),
    (
        ["demo.instrumentiste", "Yassine Chaoui", "Électricité", "Agadir"],
        (Advanced, true, Available, &[(13, Expert), (3, Advanced), (4, Advanced), (15, Intermediate)]),
    ),
    (
        ["demo.roboticien", "Anas Filali", "Électricité", "Tanger"],
        (Advanced, false, OnLeave, &[(5, Expert), (4, Advanced), (12, Intermediate)]),
    ),
    (
        ["demo.sertisseur", "Soukaina Rahmouni", "Mécanique", "Tanger"],
        (Advanced, true, Available, &[(12, Expert), (2, Advanced), (7, Intermediate), (15, Intermediate)]),
    ),
];

/// A technician who can be sent.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: TechnicianId,
    pub(super) user: UserId,
    pub(super) zone: &'static str,
    skills: &'static [(usize, Level)],
    pub(super) takes_new_work: bool,
}

impl Worker {
    /// Whether they can do it without help, or learn it there.
    pub(super) fn fits(&self, kind: &str) -> bool {
        self.skills.iter().any(|(index, _)| SKILLS.get(*index).is_some_and(|(_, domain)| *domain == kind))
    }
}

/// Everybody who does something in the demo.
#[derive(Debug)]
pub(super) struct People {
    pub(super) users: Vec<(Username, Role)>,
    pub(super) customers: Vec<CustomerId>,
    /// The people of each customer, in the order of the customers.
    pub(super) customer_users: Vec<UserId>,
    pub(super) managers: Vec<UserId>,
    pub(super) workers: Vec<Worker>,
}

/// Enters them all.
pub(super) async fn seed(
    work: &mut dyn UnitOfWork,
    hash: &PasswordHash,
    moments: Moments,
) -> Result<People, SeedDemoError> {
    let customers = seed_customers(work, moments).await?;
    let skills = seed_skills(work, moments).await?;
    let mut people =
        People { users: Vec::new(), customers, customer_users: Vec::new(), managers: Vec::new(), workers: Vec::new() };
    for (username, name, role, customer) in USERS {
        let customer = customer.and_then(|index| people.customers.get(index)).copied();
        let id = seed_user(work, &mut people, (username, name, role), customer, hash, moments).await?;
        match role {
            Role::Customer => people.customer_users.push(id),
            Role::Manager => people.managers.push(id),
            Role::Admin | Role::Technician => {}
        }
    }
    for ([username, name, team, zone], craft) in TECHNICIANS {
        let user = seed_user(work, &mut people, (username, name, Role::Technician), None, hash, moments).await?;
        let id = seed_technician(work, user, [team, zone], craft, &skills, moments).await?;
        let takes_new_work = matches!(craft.2, Available | Busy);
        people.workers.push(Worker { id, user, zone, skills: craft.3, takes_new_work });
    }
    Ok(people)
}

async fn seed_customers(work: &mut dyn UnitOfWork, moments: Moments) -> Result<Vec<CustomerId>, SeedDemoError> {
    let mut made = Vec::new();
    for ([name, contact, city, address, phone, business_id], service_level) in CUSTOMERS {
        let sheet = CustomerSheet {
            contact: Some(Line::parse(contact)?),
            city: Some(Line::parse(city)?),
            address: Some(Line::parse(address)?),
            phone: Some(Line::parse(phone)?),
            business_id: Some(BusinessId::parse(business_id).map_err(data)?),
            service_level,
            ..CustomerSheet::named(Line::parse(name)?)
        };
        let customer = work.customers().insert(sheet, moments.opening).await?;
        record(work, AuditKind::CustomerCreated, "customer", customer.id.0, moments.now).await?;
        made.push(customer.id);
    }
    Ok(made)
}

async fn seed_skills(work: &mut dyn UnitOfWork, moments: Moments) -> Result<Vec<SkillId>, SeedDemoError> {
    let mut made = Vec::new();
    for (name, domain) in SKILLS {
        let sheet = SkillSheet { name: Line::parse(name)?, domain: Line::parse(domain)? };
        let skill = work.skills().insert(sheet, moments.opening).await?;
        record(work, AuditKind::SkillCreated, "skill", skill.id.0, moments.now).await?;
        made.push(skill.id);
    }
    Ok(made)
}

async fn seed_user(
    work: &mut dyn UnitOfWork,
    people: &mut People,
    (username, name, role): (&str, &str, Role),
    customer_id: Option<CustomerId>,
    hash: &PasswordHash,
    moments: Moments,
) -> Result<UserId, SeedDemoError> {
    let new = NewUser {
        username: Username::parse(username).map_err(data)?,
        email: EmailAddress::parse(&format!("{username}@demo.mif.local")).map_err(data)?,
        full_name: Some(FullName::parse(name)?),
        role,
        customer_id,
        language: Language::French,
        password_hash: hash.clone(),
        must_change_password: false,
    };
    let user = work.users().insert(new, moments.opening).await?;
    let made = AuditEvent::success(AuditKind::UserCreated, AuditOrigin::default(), moments.now).on("user", user.id.0);
    work.audit().append(made.with("role", role.as_str())).await?;
    people.users.push((user.username, role));
    Ok(user.id)
}

async fn seed_technician(
    work: &mut dyn UnitOfWork,
    user: UserId,
    [team, zone]: [&str; 2],
    (level, on_call, availability, held): DemoCraft,
    skills: &[SkillId],
    moments: Moments,
) -> Result<TechnicianId, SeedDemoError> {
    let sheet = TechnicianSheet {
        team: Some(Line::parse(team)?),
        availability,
        level,
        zone: Some(Line::parse(zone)?),
        on_call,
        phone: Some(Line::parse(&format!("+212 661 40 {:02} {:02}", user.0 % 100, (user.0 * 37) % 100))?),
    };
    let opening: Instant = moments.opening;
    let technician = work.technicians().insert(user, sheet, opening).await?;
    let held: Vec<_> = held.iter().filter_map(|(index, level)| Some((*skills.get(*index)?, *level))).collect();
    work.technicians().set_skills(technician.id, &held).await?;
    record(work, AuditKind::TechnicianCreated, "technician", technician.id.0, moments.now).await?;
    Ok(technician.id)
}
