//! Documents.

use chrono::TimeDelta;
use mif_domain::audit::{AuditEvent, AuditKind, AuditOrigin};
use mif_domain::customers::CustomerId;
use mif_domain::documents::{Analysis, Attachment, Document, DocumentId, FileId, NewDocument, Rewrap, WrappedKey};
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::InterventionId;
use mif_domain::outbox::{Lane, OutboxMessage};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{DocumentFilter, DocumentScope, DocumentSort, EquipmentScope, InterventionScope, KeyUse};
use mif_domain::text::Line;
use mif_domain::users::UserId;
use mif_domain::{Constraint, RepositoryError};

use super::Backend;
use crate::{T0, a_customer, a_document, a_user, an_equipment, an_intervention, later};

/// Names every case of this suite.
#[macro_export]
macro_rules! document_contracts {
    ($fixture:path) => {
        $crate::contract_cases!($fixture => documents:
            a_document_reads_back_as_it_was_stored,
            two_documents_never_share_a_blob,
            a_deleted_document_is_gone_and_its_blob_is_to_be_removed,
            a_key_is_rewrapped_only_as_it_was_read,
            an_infected_document_keeps_the_name_of_what_was_found,
            documents_are_seen_with_what_they_belong_to,
            upkeep_sees_every_document_once,
            a_machine_with_documents_is_not_deleted,
            a_reading_is_noted_once_in_a_while,
        );
    };
}

/// A machine of a customer with work on it, and somebody who stores documents.
struct Plant {
    owner: CustomerId,
    machine: EquipmentId,
    work: InterventionId,
    clerk: UserId,
}

impl Plant {
    async fn new(backend: &Backend, name: &str) -> Self {
        let owner = a_customer(&*backend.work, name).await.id;
        let machine = backend.insert_equipment(an_equipment(name).customer(owner).build()).await.id;
        let work = backend.insert_intervention(an_intervention("Fuite", machine).build(), None, T0).await.id;
        let clerk = backend.insert_user(a_user(&name.to_lowercase()).build()).await.id;
        Self { owner, machine, work, clerk }
    }

    fn on_work(&self, number: u8) -> NewDocument {
        a_document(number, Attachment::Intervention(self.work), self.clerk)
    }

    fn on_machine(&self, number: u8) -> NewDocument {
        a_document(number, Attachment::Equipment(self.machine), self.clerk)
    }
}

async fn store(backend: &Backend, document: NewDocument) -> Document {
    let mut unit = backend.begin().await;
    let stored = unit.documents().insert(document, T0).await.unwrap();
    unit.commit().await.unwrap();
    stored
}

async fn find(backend: &Backend, id: DocumentId) -> Option<Document> {
    backend.queries.find_document(id, EVERYTHING).await.unwrap()
}

const EVERYTHING: DocumentScope =
    DocumentScope { interventions: InterventionScope::All, equipment: EquipmentScope::All, internal: true };

/// Of an intervention and of a machine, with and without words about it.
pub async fn a_document_reads_back_as_it_was_stored(backend: &Backend) {
    let plant = Plant::new(backend, "Cosumar").await;
    let bare =
        NewDocument { description: None, is_internal: false, analysis: Analysis::NotScanned, ..plant.on_machine(2) };
    for document in [plant.on_work(1), bare] {
        let stored = store(backend, document.clone()).await;
        assert_eq!(stored.content, document);
        assert_eq!((stored.signature.as_ref(), stored.created_at, stored.version), (None, T0, 1));
        assert_eq!(find(backend, stored.id).await.as_ref(), Some(&stored));
        let mut unit = backend.begin().await;
        assert_eq!(unit.documents().find_for_update(stored.id).await, Ok(Some(stored)));
    }
    assert_eq!(find(backend, DocumentId(404)).await, None);
}

/// A blob has one owner, or deleting one document would take another's content.
pub async fn two_documents_never_share_a_blob(backend: &Backend) {
    let plant = Plant::new(backend, "Cosumar").await;
    store(backend, plant.on_work(1)).await;
    let mut unit = backend.begin().await;
    let refused = unit.documents().insert(plant.on_machine(1), T0).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::Other)));
    unit.commit().await.unwrap_err();
}

/// The second time there is nothing to delete.
pub async fn a_deleted_document_is_gone_and_its_blob_is_to_be_removed(backend: &Backend) {
    let plant = Plant::new(backend, "Cosumar").await;
    let document = store(backend, plant.on_work(1)).await;
    let message = OutboxMessage::RemoveFile { file_id: document.content.file.id };
    for expected in [true, false] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.documents().delete(document.id).await, Ok(expected));
        if expected {
            unit.outbox().enqueue(message.clone(), T0).await.unwrap();
        }
        unit.commit().await.unwrap();
    }
    assert_eq!(find(backend, document.id).await, None);
    let leased = backend.queue.lease(Lane::Files, later(1), TimeDelta::seconds(60), 10).await.unwrap();
    assert_eq!(leased.into_iter().map(|leased| leased.message).collect::<Vec<_>>(), [message]);
}

/// Two rotations at once must not lose a key.
pub async fn a_key_is_rewrapped_only_as_it_was_read(backend: &Backend) {
    let plant = Plant::new(backend, "Cosumar").await;
    let document = store(backend, plant.on_work(1)).await;
    let from = document.content.file.key.clone();
    let to = WrappedKey { key_id: "newer".to_owned(), bytes: vec![9; 72] };
    let rewrap = Rewrap { id: document.id, from, to: to.clone() };
    for expected in [true, false] {
        let mut unit = backend.begin().await;
        assert_eq!(unit.documents().rewrap(&rewrap).await, Ok(expected));
        unit.commit().await.unwrap();
    }
    let found = find(backend, document.id).await.unwrap();
    assert_eq!((found.content.file.key, found.version), (to, 1));
    let uses = backend.queries.key_uses().await.unwrap();
    assert_eq!(uses, [KeyUse { key_id: "newer".to_owned(), documents: 1, secrets: 0 }]);
}

/// And changes its version: whoever read it before read something else.
pub async fn an_infected_document_keeps_the_name_of_what_was_found(backend: &Backend) {
    let plant = Plant::new(backend, "Cosumar").await;
    let document = store(backend, plant.on_work(1)).await;
    let signature: Line<200> = Line::parse("Test.Marker").unwrap();
    let mut unit = backend.begin().await;
    let mut documents = unit.documents();
    assert_eq!(documents.set_analysis(document.id, Analysis::Infected, Some(signature.clone())).await, Ok(true));
    assert_eq!(documents.set_analysis(DocumentId(404), Analysis::Clean, None).await, Ok(false));
    drop(documents);
    unit.commit().await.unwrap();
    let found = find(backend, document.id).await.unwrap();
    assert_eq!((found.content.analysis, found.signature, found.version), (Analysis::Infected, Some(signature), 2));
}

/// And what is internal only by those who may.
pub async fn documents_are_seen_with_what_they_belong_to(backend: &Backend) {
    let (ours, theirs) = (Plant::new(backend, "Cosumar").await, Plant::new(backend, "Lesieur").await);
    let mut stored = Vec::new();
    for (number, plant) in [(0, &ours), (10, &theirs)] {
        stored.push(store(backend, NewDocument { is_internal: false, ..plant.on_work(number + 1) }).await);
        stored.push(store(backend, plant.on_work(number + 2)).await);
        stored.push(store(backend, NewDocument { is_internal: false, ..plant.on_machine(number + 3) }).await);
    }
    let whole = |scope| async move { seen(backend, scope, None).await };
    let all: Vec<_> = stored.iter().map(|document| document.id).collect();
    assert_eq!(whole(EVERYTHING).await, all);
    assert_eq!(whole(DocumentScope { internal: false, ..EVERYTHING }).await, [all[0], all[2], all[3], all[5]]);
    let of_customer = DocumentScope {
        interventions: InterventionScope::OfCustomer(ours.owner),
        equipment: EquipmentScope::Nothing,
        internal: false,
    };
    assert_eq!(whole(of_customer).await, [all[0]]);
    let with_machines = DocumentScope { equipment: EquipmentScope::OfCustomer(theirs.owner), ..of_customer };
    assert_eq!(whole(with_machines).await, [all[0], all[5]]);
    let nothing = DocumentScope { interventions: InterventionScope::Nothing, ..of_customer };
    assert!(whole(nothing).await.is_empty());
    assert_eq!(seen(backend, EVERYTHING, Some(Attachment::Equipment(theirs.machine))).await, [all[5]]);
    assert_eq!(seen(backend, of_customer, Some(Attachment::Intervention(theirs.work))).await, []);
    assert_eq!(backend.queries.find_document(all[1], of_customer).await, Ok(None), "internal");
    assert_eq!(backend.queries.find_document(all[3], of_customer).await, Ok(None), "another customer's");
}

async fn seen(backend: &Backend, scope: DocumentScope, attachment: Option<Attachment>) -> Vec<DocumentId> {
    let page = PageRequest {
        sort: DocumentSort::Id,
        direction: Direction::Ascending,
        limit: 50,
        position: Position::First,
        with_total: false,
    };
    let filter = DocumentFilter { attachment, analysis: None };
    let page = backend.queries.list_documents(scope, &filter, &page).await.unwrap();
    page.items.into_iter().map(|document| document.id).collect()
}

/// In rounds, and by the key that is not the current one.
pub async fn upkeep_sees_every_document_once(backend: &Backend) {
    let plant = Plant::new(backend, "Cosumar").await;
    let mut all = Vec::new();
    for number in 1..=5 {
        let mut document = plant.on_work(number);
        if number == 3 {
            "current".clone_into(&mut document.file.key.key_id);
        }
        all.push(store(backend, document).await);
    }
    let mut walked = Vec::new();
    loop {
        let after = walked.last().map(|document: &Document| document.id);
        let round = backend.queries.documents_after(after, None, 2).await.unwrap();
        if round.is_empty() {
            break;
        }
        walked.extend(round);
    }
    assert_eq!(walked, all);
    let older = backend.queries.documents_after(None, Some("current"), 10).await.unwrap();
    assert_eq!(older.len(), 4);
    assert!(older.iter().all(|document| document.content.file.key.key_id != "current"));
    let asked = [all[0].content.file.id, FileId([250; 16]), all[4].content.file.id];
    let mut known = backend.queries.known_files(&asked).await.unwrap();
    known.sort_unstable();
    assert_eq!(known, [asked[0], asked[2]]);
}

/// Its manual would belong to nothing.
pub async fn a_machine_with_documents_is_not_deleted(backend: &Backend) {
    let clerk = backend.insert_user(a_user("fatima").build()).await.id;
    let machine = backend.insert_equipment(an_equipment("Presse 1").build()).await;
    store(backend, a_document(1, Attachment::Equipment(machine.id), clerk)).await;
    let mut unit = backend.begin().await;
    let refused = unit.equipment().delete(machine.id, machine.version).await;
    assert_eq!(refused, Err(RepositoryError::Conflict(Constraint::StillReferenced)));
}

/// Each user and each document for itself.
pub async fn a_reading_is_noted_once_in_a_while(backend: &Backend) {
    let fatima = backend.insert_user(a_user("fatima").build()).await.id;
    let karim = backend.insert_user(a_user("karim").build()).await.id;
    let note = |user, document, seconds| {
        let origin = AuditOrigin { actor: Some(user), ..AuditOrigin::default() };
        AuditEvent::success(AuditKind::DocumentDownloaded, origin, later(seconds)).on("document", document)
    };
    for (user, document, seconds, noted) in [
        (fatima, 7, 0, true),
        (fatima, 7, 10, false),
        (karim, 7, 20, true),
        (fatima, 8, 30, true),
        (fatima, 7, 301, true),
    ] {
        let mut unit = backend.begin().await;
        let appended = unit.audit().append_unless_since(note(user, document, seconds), later(seconds - 300)).await;
        assert_eq!(appended, Ok(noted), "at {seconds} s");
        unit.commit().await.unwrap();
    }
}
