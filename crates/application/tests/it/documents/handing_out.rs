//! Handing contents out, and forgetting them.

use mif_application::access::ExpectedVersion;
use mif_application::documents::{DeleteDocument, DocumentError, DownloadDocument, GetDocument};
use mif_domain::audit::AuditKind;
use mif_domain::documents::{Analysis, FileStoreError};
use mif_domain::outbox::{Lane, OutboxMessage};
use mif_domain::text::Line;
use mif_testkit::RecordingMailer;

use super::*;

impl Plant {
    async fn download(&self, actor: &Actor, document: &Document) -> Result<Vec<u8>, DocumentError> {
        let download = DownloadDocument { document, range: 0..document.content.file.size };
        let mut content = download.run(&self.world.core, actor).await?;
        let mut all = Vec::new();
        while let Some(piece) = content.next().await? {
            all.extend(piece);
        }
        Ok(all)
    }
}

#[tokio::test]
async fn reading_is_noted_once_in_five_minutes_for_each_reader_and_document() {
    let plant = Plant::new().await;
    let (karim, _) = plant.technician("karim").await;
    let (one, other) = (plant.stored(&karim, plant.on_machine()).await, plant.stored(&karim, plant.on_machine()).await);
    let noted = || plant.world.audited(AuditKind::DocumentDownloaded);
    for _ in 0..3 {
        assert_eq!(plant.download(&karim, &one).await.unwrap(), pdf("rien à signaler"));
    }
    assert_eq!(noted(), 1);
    plant.download(&karim, &other).await.unwrap();
    plant.download(&plant.admin, &one).await.unwrap();
    assert_eq!(noted(), 3);
    plant.world.wait(299);
    plant.download(&karim, &one).await.unwrap();
    assert_eq!(noted(), 3);
    plant.world.wait(2);
    plant.download(&karim, &one).await.unwrap();
    assert_eq!(noted(), 4);
}

#[tokio::test]
async fn what_was_found_infected_later_is_handed_out_to_nobody() {
    let plant = Plant::new().await;
    let document = plant.stored(&plant.admin, plant.on_machine()).await;
    let signature = Line::parse("Win.Worm").unwrap();
    let mut unit = plant.world.store.begin().await.unwrap();
    unit.documents().set_analysis(document.id, Analysis::Infected, Some(signature.clone())).await.unwrap();
    unit.commit().await.unwrap();
    let document = GetDocument { id: document.id }.run(&plant.world.core, &plant.admin).await.unwrap();
    let refused = plant.download(&plant.admin, &document).await.unwrap_err();
    assert_eq!(refused, DocumentError::Infected { signature: Some(signature) });
    assert_eq!(plant.world.audited(AuditKind::DocumentDownloaded), 0);
}

#[tokio::test]
async fn a_content_that_cannot_be_read_is_not_noted_as_read() {
    let plant = Plant::new().await;
    let document = plant.stored(&plant.admin, plant.on_machine()).await;
    plant.world.files.remove_key("first");
    let lost = DocumentError::Store(FileStoreError::UnknownKey("first".to_owned()));
    assert_eq!(plant.download(&plant.admin, &document).await, Err(lost));
    assert_eq!(plant.world.audited(AuditKind::DocumentDownloaded), 0);
}

#[tokio::test]
async fn a_spoilt_content_is_not_handed_out() {
    let plant = Plant::new().await;
    let document = plant.stored(&plant.admin, plant.on_machine()).await;
    plant.world.files.corrupt(document.content.file.id);
    let spoilt = plant.download(&plant.admin, &document).await;
    assert!(matches!(spoilt, Err(DocumentError::Store(FileStoreError::Corrupt { .. }))), "{spoilt:?}");
}

#[tokio::test]
async fn deleting_forgets_the_row_at_once_and_the_blob_soon() {
    let plant = Plant::new().await;
    let document = plant.stored(&plant.admin, plant.on_machine()).await;
    let kept = plant.stored(&plant.admin, plant.on_machine()).await;
    DeleteDocument { id: document.id, expected_version: ExpectedVersion::Any }
        .run(&plant.world.core, &plant.admin)
        .await
        .unwrap();
    assert_eq!(plant.world.store.documents(), std::slice::from_ref(&kept));
    let waiting = plant.world.store.outbox();
    assert_eq!(waiting[0].message, OutboxMessage::RemoveFile { file_id: document.content.file.id });
    assert_eq!(plant.world.audited(AuditKind::DocumentDeleted), 1);

    let worker = plant.world.outbox(std::sync::Arc::new(RecordingMailer::default()));
    plant.world.files.fail_with(FileStoreError::Unavailable("unmounted".to_owned()));
    assert_eq!(worker.run_once(Lane::Files).await, Ok(1));
    plant.world.files.recover();
    assert_eq!(plant.world.files.blobs().len(), 2);
    plant.world.wait(3600);
    assert_eq!(worker.run_once(Lane::Files).await, Ok(1));
    assert_eq!(plant.world.files.blobs(), [kept.content.file.id]);
    assert!(plant.world.store.outbox().is_empty());
}
