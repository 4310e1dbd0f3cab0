//! Who does the work, and the work.

use mif_domain::Instant;
use mif_domain::documents::{
    Analysis, Attachment, FileId, FileKind, FileName, NewDocument, Sha256, StoredFile, WrappedKey,
};
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{InterventionDraft, InterventionKind, Minutes, Priority, Slot};
use mif_domain::notifications::{NewNotification, NotificationKind};
use mif_domain::technicians::{Availability, Level, Technician, TechnicianSheet};
use mif_domain::text::{Line, Paragraph};
use mif_domain::unit_of_work::UnitOfWorkFactory;
use mif_domain::users::UserId;

use super::{T0, a_user, later};

/// An available technician of the mechanics' team in Casablanca.
pub fn a_technician() -> TechnicianBuilder {
    TechnicianBuilder(TechnicianSheet {
        team: Some(Line::parse("Mécanique").unwrap()),
        availability: Availability::Available,
        level: Level::Advanced,
        zone: Some(Line::parse("Casablanca").unwrap()),
        on_call: false,
        phone: Some(Line::parse("+212 6 61 22 33 44").unwrap()),
    })
}

/// A user of this name and their sheet as technician, both stored.
pub async fn a_stored_technician(work: &dyn UnitOfWorkFactory, username: &str) -> Technician {
    let mut unit = work.begin().await.unwrap();
    let user = unit.users().insert(a_user(username).build(), T0).await.unwrap();
    let technician = unit.technicians().insert(user.id, a_technician().build(), T0).await.unwrap();
    unit.commit().await.unwrap();
    technician
}

/// Changes what a test cares about.
#[derive(Debug, Clone)]
pub struct TechnicianBuilder(TechnicianSheet);

impl TechnicianBuilder {
    /// Another team, or none.
    #[must_use]
    pub fn team(mut self, team: Option<&str>) -> Self {
        self.0.team = team.map(|team| Line::parse(team).unwrap());
        self
    }

    /// Another zone, or none.
    #[must_use]
    pub fn zone(mut self, zone: Option<&str>) -> Self {
        self.0.zone = zone.map(|zone| Line::parse(zone).unwrap());
        self
    }

    /// Another state.
    #[must_use]
    pub fn availability(mut self, availability: Availability) -> Self {
        self.0.availability = availability;
        self
    }

    /// Another level.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.0.level = level;
        self
    }

    /// The sheet, about to be stored.
    pub fn build(self) -> TechnicianSheet {
        self.0
    }
}

/// From so many seconds after [`T0`] until so many.
pub fn a_slot(from: i64, until: i64) -> Slot {
    Slot::new(later(from), later(until)).unwrap()
}

/// A corrective of normal priority with this title, without dates.
pub fn an_intervention(title: &str, equipment: EquipmentId) -> InterventionBuilder {
    InterventionBuilder(InterventionDraft {
        title: Line::parse(title).unwrap(),
        description: None,
        kind: InterventionKind::Corrective,
        priority: Priority::Normal,
        is_urgent: false,
        equipment_id: equipment,
        due_at: None,
        slot: None,
        estimated: None,
    })
}

/// Changes what a test cares about.
#[derive(Debug, Clone)]
pub struct InterventionBuilder(InterventionDraft);

impl InterventionBuilder {
    /// In more words.
    #[must_use]
    pub fn description(mut self, description: &str) -> Self {
        self.0.description = Some(Paragraph::parse(description).unwrap());
        self
    }

    /// Another kind.
    #[must_use]
    pub fn kind(mut self, kind: InterventionKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Another priority.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.0.priority = priority;
        self
    }

    /// Production stands still.
    #[must_use]
    pub fn urgent(mut self) -> Self {
        self.0.is_urgent = true;
        self
    }

    /// Until when it must be done.
    #[must_use]
    pub fn due_at(mut self, at: Instant) -> Self {
        self.0.due_at = Some(at);
        self
    }

    /// When it is planned.
    #[must_use]
    pub fn slot(mut self, slot: Slot) -> Self {
        self.0.slot = Some(slot);
        self
    }

    /// How long it will probably take.
    #[must_use]
    pub fn estimated(mut self, minutes: i64) -> Self {
        self.0.estimated = Some(Minutes::parse(minutes).unwrap());
        self
    }

    /// The intervention, about to be stored.
    pub fn build(self) -> InterventionDraft {
        self.0
    }
}

/// Something that a user is told at an instant, about no intervention.
pub fn a_notice(user: UserId, kind: NotificationKind, at: Instant) -> NewNotification {
    NewNotification {
        user_id: user,
        kind,
        title: Line::parse("Arrêt de la ligne 2").unwrap(),
        content: Paragraph::parse("La ligne 2 est arrêtée jusqu'à 14 h.\nPrévenez l'atelier.").unwrap(),
        intervention_id: None,
        at,
    }
}

/// An internal PDF report, found clean; `number` tells its content and its blob from others.
pub fn a_document(number: u8, attachment: Attachment, uploaded_by: UserId) -> NewDocument {
    NewDocument {
        attachment,
        name: FileName::parse("Rapport compresseur A1.pdf").unwrap(),
        kind: FileKind::Pdf,
        sha256: Sha256([number; 32]),
        analysis: Analysis::Clean,
        description: Some(Paragraph::parse("Avant la révision.\nVoir page 3.").unwrap()),
        is_internal: true,
        uploaded_by,
        file: StoredFile {
            id: FileId([number; 16]),
            size: 183_204,
            key: WrappedKey { key_id: "first".to_owned(), bytes: vec![number; 72] },
        },
    }
}
