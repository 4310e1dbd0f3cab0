//! What keeps the store in order.

use std::time::Duration;

use mif_application::documents::upkeep::{
    Finding, RescanDocuments, Rescanned, RewrapKeys, Rewrapped, SweepDocuments, Swept, VerifyDocuments,
};
use mif_domain::audit::AuditKind;
use mif_domain::documents::{Analysis, DocumentId, FileStore as _, FileStoreError};
use mif_domain::queries::{DocumentQueries as _, KeyUse};
use mif_testkit::{NoQueries, VIRUS_MARKER, VIRUS_NAME};

use super::*;

impl Plant {
    /// A blob that no row knows.
    async fn orphan(&self) {
        let mut file = self.world.files.create().await.unwrap();
        file.write(b"%PDF-1.7").await.unwrap();
        file.finish().await.unwrap();
    }

    async fn sweep(&self, older_than: Duration) -> Swept {
        SweepDocuments { older_than }.run(&self.world.core).await.unwrap()
    }

    async fn verify(&self) -> (u64, Vec<(DocumentId, Finding)>) {
        let mut found = Vec::new();
        let report = &mut |document: &Document, finding: &Finding| found.push((document.id, finding.clone()));
        let looked_at = VerifyDocuments.run(&self.world.core, report).await.unwrap();
        (looked_at, found)
    }

    async fn rescan(&self, only_unscanned: bool) -> Rescanned {
        RescanDocuments { only_unscanned }.run(&self.world.core, &mut |_, _| ()).await.unwrap()
    }

    async fn rewrap(&self) -> (Rewrapped, Vec<DocumentId>) {
        let mut failed = Vec::new();
        let report = &mut |document: &Document, _: &FileStoreError| failed.push(document.id);
        let rewrapped = RewrapKeys.run(&self.world.core, &*self.world.files, report).await.unwrap();
        (rewrapped, failed)
    }

    fn only(&self) -> Document {
        let documents = self.world.store.documents();
        assert_eq!(documents.len(), 1);
        documents[0].clone()
    }
}

#[tokio::test]
async fn the_sweeper_takes_what_is_old_and_nobodys() {
    let plant = Plant::new().await;
    let kept = plant.stored(&plant.admin, plant.on_machine()).await;
    plant.orphan().await;
    plant.world.wait(24 * 3600 - 1);
    assert_eq!(plant.sweep(SweepDocuments::USUAL).await, Swept::default());
    plant.orphan().await;
    plant.world.wait(2);
    assert_eq!(plant.sweep(SweepDocuments::USUAL).await, Swept { orphans: 1, unfinished: 0 });
    assert_eq!(plant.world.files.blobs().len(), 2);
    assert_eq!(plant.sweep(Duration::ZERO).await, Swept { orphans: 1, unfinished: 0 });
    assert_eq!(plant.world.files.blobs(), [kept.content.file.id]);
}

#[tokio::test]
async fn the_sweeper_goes_through_more_blobs_than_a_round_has() {
    let plant = Plant::new().await;
    for number in 0..1_200 {
        plant.orphan().await;
        if number % 400 == 0 {
            plant.stored(&plant.admin, plant.on_machine()).await;
        }
    }
    plant.world.wait(1);
    assert_eq!(plant.sweep(Duration::ZERO).await.orphans, 1_200);
    assert_eq!(plant.world.files.blobs().len(), 3);
}

#[tokio::test]
async fn verifying_names_what_is_spoilt_or_gone_and_nothing_else() {
    let plant = Plant::new().await;
    let mut documents = Vec::new();
    for _ in 0..130 {
        documents.push(plant.stored(&plant.admin, plant.on_machine()).await);
    }
    assert_eq!(plant.verify().await, (130, Vec::new()));
    let (spoilt, gone) = (&documents[3], &documents[120]);
    plant.world.files.corrupt(spoilt.content.file.id);
    plant.world.files.remove(gone.content.file.id).await.unwrap();
    let (looked_at, found) = plant.verify().await;
    assert_eq!(looked_at, 130);
    let [(first, unreadable), (second, missing)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((*first, *second), (spoilt.id, gone.id));
    assert!(matches!(unreadable, Finding::Unreadable(FileStoreError::Corrupt { .. })), "{unreadable:?}");
    assert_eq!(*missing, Finding::Unreadable(FileStoreError::Missing(gone.content.file.id)));
}

#[tokio::test]
async fn newer_signatures_condemn_and_acquit() {
    let plant = Plant::new().await;
    let stored = plant.stored(&plant.admin, plant.on_machine()).await;
    // As if nobody had known the virus when it came.
    let content = [pdf(""), VIRUS_MARKER.to_vec()].concat();
    let mut file = plant.world.files.create().await.unwrap();
    file.write(&content).await.unwrap();
    let sealed = file.finish().await.unwrap();
    let mut unit = plant.world.store.begin().await.unwrap();
    unit.documents().delete(stored.id).await.unwrap();
    let mut row = stored.content.clone();
    (row.file, row.sha256, row.analysis) = (sealed.file, sealed.sha256, Analysis::NotScanned);
    unit.documents().insert(row, T0).await.unwrap();
    unit.commit().await.unwrap();

    assert_eq!(plant.rescan(true).await, Rescanned { infected: 1, ..Rescanned::default() });
    let condemned = plant.only();
    assert_eq!(condemned.content.analysis, Analysis::Infected);
    assert_eq!(condemned.signature.as_ref().map(mif_domain::text::Line::as_str), Some(VIRUS_NAME));
    assert_eq!(plant.world.audited(AuditKind::DocumentRejected), 1);
    // Found again, it is no news.
    assert_eq!(plant.rescan(true).await, Rescanned::default());
    assert_eq!(plant.rescan(false).await.infected, 1);
    assert_eq!((plant.only().version, plant.world.audited(AuditKind::DocumentRejected)), (condemned.version, 1));

    let mut unit = plant.world.store.begin().await.unwrap();
    let mistaken = Some(mif_domain::text::Line::parse("Mistaken").unwrap());
    let clean = unit.documents().insert(stored.content.clone(), T0).await.unwrap();
    unit.documents().set_analysis(clean.id, Analysis::Infected, mistaken).await.unwrap();
    unit.documents().delete(condemned.id).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(plant.rescan(false).await, Rescanned { clean: 1, ..Rescanned::default() });
    assert_eq!((plant.only().content.analysis, plant.only().signature), (Analysis::Clean, None));
}

#[tokio::test]
async fn without_a_verdict_a_document_stays_what_it_was() {
    let plant = Plant::new().await;
    let stored = plant.stored(&plant.admin, plant.on_machine()).await;
    plant.world.scanner.be_unsure("size limit exceeded");
    assert_eq!(plant.rescan(false).await, Rescanned { failed: 1, ..Rescanned::default() });
    plant.world.scanner.recover();
    plant.world.files.corrupt(stored.content.file.id);
    assert_eq!(plant.rescan(false).await, Rescanned { failed: 1, ..Rescanned::default() });
    assert_eq!(plant.only(), stored);
}

#[tokio::test]
async fn after_a_rotation_no_document_needs_the_old_key() {
    let plant = Plant::new().await;
    for _ in 0..230 {
        plant.stored(&plant.admin, plant.on_machine()).await;
    }
    let blobs = plant.world.files.blobs();
    plant.world.files.add_key("second");
    let young = plant.stored(&plant.admin, plant.on_machine()).await;
    assert_eq!(young.content.file.key.key_id, "second");
    assert_eq!(plant.rewrap().await, (Rewrapped { done: 230, failed: 0 }, Vec::new()));
    assert_eq!(plant.rewrap().await, (Rewrapped::default(), Vec::new()));
    let uses = NoQueries(plant.world.store.clone()).key_uses().await.unwrap();
    assert_eq!(uses, [KeyUse { key_id: "second".to_owned(), documents: 231, secrets: 0 }]);
    assert!(plant.world.files.blobs().starts_with(&blobs[..1]) && plant.world.files.blobs().len() == 231);
    plant.world.files.remove_key("first");
    assert_eq!(plant.verify().await, (231, Vec::new()));
}

#[tokio::test]
async fn a_lost_key_does_not_keep_other_documents_from_the_new_one() {
    let plant = Plant::new().await;
    let lost = plant.stored(&plant.admin, plant.on_machine()).await;
    plant.world.files.add_key("second");
    plant.world.files.remove_key("first");
    let fine = plant.stored(&plant.admin, plant.on_machine()).await;
    plant.world.files.add_key("third");
    assert_eq!(plant.rewrap().await, (Rewrapped { done: 1, failed: 1 }, vec![lost.id]));
    let documents = plant.world.store.documents();
    assert_eq!(documents[0], lost);
    assert_eq!((documents[1].id, documents[1].content.file.key.key_id.as_str()), (fine.id, "third"));
}
