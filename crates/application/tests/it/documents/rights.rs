//! Who may store, see and delete.

use mif_application::access::{Action, ExpectedVersion, Refusal};
use mif_application::documents::{DeleteDocument, DocumentError, GetDocument, ListDocuments, UploadError};
use mif_domain::documents::DocumentId;
use mif_domain::interventions::{InterventionId, Status};
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{DocumentFilter, DocumentSort};

use super::*;

const SEES_NOTHING: UploadError = UploadError::Refused(Refusal::NotFound);

impl Plant {
    async fn sees(&self, actor: &Actor, document: &Document) -> bool {
        match (GetDocument { id: document.id }).run(&self.world.core, actor).await {
            Ok(found) => found == *document,
            Err(error) => {
                assert_eq!(error, DocumentError::Refused(Refusal::NotFound));
                false
            }
        }
    }

    async fn lists(&self, actor: &Actor, attachment: Option<Attachment>) -> Result<Vec<DocumentId>, DocumentError> {
        let page = PageRequest {
            sort: DocumentSort::Id,
            direction: Direction::Ascending,
            limit: 50,
            position: Position::First,
            with_total: false,
        };
        let list = ListDocuments { filter: DocumentFilter { attachment, analysis: None }, page };
        Ok(list.run(&self.world.core, actor).await?.items.into_iter().map(|document| document.id).collect())
    }

    async fn delete(&self, actor: &Actor, document: &Document) -> Result<(), DocumentError> {
        DeleteDocument { id: document.id, expected_version: ExpectedVersion::Any }.run(&self.world.core, actor).await
    }

    async fn cannot_store(&self, actor: &Actor, attachment: Attachment, why: UploadError) {
        self.refuses(actor, report(attachment), Arriving::with(&pdf("x")), why).await;
    }
}

#[tokio::test]
async fn technicians_store_where_they_work_or_could() {
    let plant = Plant::new().await;
    let (karim, karims) = plant.technician("karim").await;
    let (salma, _) = plant.technician("salma").await;
    let (own, free) = (plant.work(Some(karims)).await, plant.work(None).await);
    for place in [own, free, plant.on_machine()] {
        assert_eq!(plant.stored(&karim, place).await.content.uploaded_by, karim.user_id());
    }
    plant.cannot_store(&salma, own, SEES_NOTHING).await;
    plant.stored(&salma, free).await;
}

#[tokio::test]
async fn customers_store_on_their_own_work_alone() {
    let plant = Plant::new().await;
    let work = plant.work(None).await;
    let leila = plant.customer("leila", plant.customer).await;
    let stranger = plant.customer("stranger", plant.other_customer().await).await;
    plant.stored(&leila, work).await;
    plant.cannot_store(&stranger, work, SEES_NOTHING).await;
    // They see their machine, but not what we keep about it.
    let denied = Refusal::Denied(Action::ViewDocuments);
    plant.cannot_store(&leila, plant.on_machine(), denied.into()).await;
    plant.cannot_store(&stranger, plant.on_machine(), SEES_NOTHING).await;
}

#[tokio::test]
async fn nobody_stores_on_what_is_not_there_or_put_away() {
    let plant = Plant::new().await;
    plant.cannot_store(&plant.admin, Attachment::Intervention(InterventionId(404)), SEES_NOTHING).await;
    plant.cannot_store(&plant.admin, Attachment::Equipment(EquipmentId(404)), SEES_NOTHING).await;
    let work = plant.work(None).await;
    plant.lead(work, Status::Archived).await;
    plant.cannot_store(&plant.admin, work, UploadError::Archived).await;
    let closed = plant.work(None).await;
    plant.lead(closed, Status::Closed).await;
    plant.stored(&plant.admin, closed).await;
}

#[tokio::test]
async fn without_rights_not_a_byte_is_read() {
    let plant = Plant::new().await;
    let (salma, _) = plant.technician("salma").await;
    let (_, karims) = plant.technician("karim").await;
    let work = plant.work(Some(karims)).await;
    let asked = Arriving::default().meanwhile(async { panic!("the content was asked for") });
    plant.refuses(&salma, report(work), asked, SEES_NOTHING).await;
}

#[tokio::test]
async fn what_staff_store_is_internal_unless_they_say_otherwise() {
    let plant = Plant::new().await;
    let work = plant.work(None).await;
    assert!(plant.stored(&plant.admin, work).await.content.is_internal);
    let open = UploadDocument { internal: Some(false), ..report(work) };
    let open = plant.store(&plant.admin, open, Arriving::with(&pdf("x"))).await.unwrap();
    assert!(!open.content.is_internal);
}

#[tokio::test]
async fn what_a_customer_stores_is_never_internal() {
    let plant = Plant::new().await;
    let work = plant.work(None).await;
    let leila = plant.customer("leila", plant.customer).await;
    for wish in [None, Some(true), Some(false)] {
        let upload = UploadDocument { internal: wish, ..report(work) };
        let document = plant.store(&leila, upload, Arriving::with(&pdf("x"))).await.unwrap();
        assert!(!document.content.is_internal, "{wish:?}");
        assert!(plant.sees(&leila, &document).await);
    }
}

#[tokio::test]
async fn customers_see_what_is_theirs_and_not_internal() {
    let plant = Plant::new().await;
    let work = plant.work(None).await;
    let leila = plant.customer("leila", plant.customer).await;
    let stranger = plant.customer("stranger", plant.other_customer().await).await;
    let internal = plant.stored(&plant.admin, work).await;
    let of_machine = plant.stored(&plant.admin, plant.on_machine()).await;
    let open = UploadDocument { internal: Some(false), ..report(work) };
    let open = plant.store(&plant.admin, open, Arriving::with(&pdf("x"))).await.unwrap();
    let open_of_machine = UploadDocument { internal: Some(false), ..report(plant.on_machine()) };
    let open_of_machine = plant.store(&plant.admin, open_of_machine, Arriving::with(&pdf("x"))).await.unwrap();
    assert!(plant.sees(&leila, &open).await);
    for hidden in [&internal, &of_machine, &open_of_machine] {
        assert!(!plant.sees(&leila, hidden).await);
        assert_eq!(plant.delete(&leila, hidden).await, Err(DocumentError::Refused(Refusal::NotFound)));
    }
    assert!(!plant.sees(&stranger, &open).await);
    assert_eq!(plant.lists(&leila, None).await, Ok(vec![open.id]));
    assert_eq!(plant.lists(&leila, Some(work)).await, Ok(vec![open.id]));
    assert_eq!(plant.lists(&stranger, None).await, Ok(Vec::new()));
    assert_eq!(plant.lists(&stranger, Some(work)).await, Err(DocumentError::Refused(Refusal::NotFound)));
    let denied = DocumentError::Refused(Refusal::Denied(Action::ViewDocuments));
    assert_eq!(plant.lists(&leila, Some(plant.on_machine())).await, Err(denied));
}

#[tokio::test]
async fn technicians_see_the_documents_of_what_they_see() {
    let plant = Plant::new().await;
    let (karim, karims) = plant.technician("karim").await;
    let (salma, _) = plant.technician("salma").await;
    let own = plant.stored(&plant.admin, plant.work(Some(karims)).await).await;
    let of_machine = plant.stored(&plant.admin, plant.on_machine()).await;
    assert_eq!(plant.lists(&karim, None).await, Ok(vec![own.id, of_machine.id]));
    assert_eq!(plant.lists(&salma, None).await, Ok(vec![of_machine.id]));
    assert!(!plant.sees(&salma, &own).await);
}

#[tokio::test]
async fn technicians_delete_their_own_while_the_work_is_open() {
    let plant = Plant::new().await;
    let (karim, karims) = plant.technician("karim").await;
    let (salma, salmas) = plant.technician("salma").await;
    let work = plant.work(Some(karims)).await;
    let denied = || Err(DocumentError::Refused(Refusal::Denied(Action::DeleteDocuments)));

    let foreign = plant.stored(&plant.admin, work).await;
    assert_eq!(plant.delete(&karim, &foreign).await, denied());
    let of_machine = plant.stored(&karim, plant.on_machine()).await;
    assert_eq!(plant.delete(&karim, &of_machine).await, denied());
    let (own, late) = (plant.stored(&karim, work).await, plant.stored(&karim, work).await);
    assert_eq!(plant.delete(&salma, &own).await, Err(DocumentError::Refused(Refusal::NotFound)));
    assert_eq!(plant.delete(&karim, &own).await, Ok(()));
    plant.lead(work, Status::Closed).await;
    assert_eq!(plant.delete(&karim, &late).await, denied());
    // Work that was taken away from them takes its documents along.
    plant.change(work, |intervention| intervention.technician_id = Some(salmas)).await;
    assert_eq!(plant.delete(&karim, &late).await, Err(DocumentError::Refused(Refusal::NotFound)));
    for document in [&foreign, &late, &of_machine] {
        assert_eq!(plant.delete(&plant.admin, document).await, Ok(()));
        assert_eq!(plant.delete(&plant.admin, document).await, Err(DocumentError::Refused(Refusal::NotFound)));
    }
    assert!(plant.world.store.documents().is_empty());
}

#[tokio::test]
async fn customers_delete_nothing_not_even_their_own() {
    let plant = Plant::new().await;
    let work = plant.work(None).await;
    let leila = plant.customer("leila", plant.customer).await;
    let own = plant.stored(&leila, work).await;
    let denied = DocumentError::Refused(Refusal::Denied(Action::DeleteDocuments));
    assert_eq!(plant.delete(&leila, &own).await, Err(denied));
}

#[tokio::test]
async fn a_document_that_changed_is_not_deleted_unseen() {
    let plant = Plant::new().await;
    let document = plant.stored(&plant.admin, plant.on_machine()).await;
    let stale = DeleteDocument { id: document.id, expected_version: ExpectedVersion::Exactly(2) };
    assert_eq!(stale.run(&plant.world.core, &plant.admin).await, Err(DocumentError::Refused(Refusal::Stale)));
    let seen = DeleteDocument { id: document.id, expected_version: ExpectedVersion::Exactly(1) };
    assert_eq!(seen.run(&plant.world.core, &plant.admin).await, Ok(()));
}
