//! What is taken, what is refused for what it holds, and what happens once although it was asked twice.

use mif_application::idempotency::IdempotencyError;
use mif_domain::audit::{AuditKind, AuditOutcome};
use mif_domain::documents::{Analysis, FileKind};
use mif_domain::idempotency::{Fingerprint, IdempotencyKey};
use mif_domain::text::Line;
use mif_testkit::{VIRUS_MARKER, VIRUS_NAME};
use sha2::Digest as _;

use super::*;

#[tokio::test]
async fn a_report_is_hashed_scanned_stored_and_noted() {
    let plant = Plant::new().await;
    let content = pdf(&"page ".repeat(50_000));
    let document =
        plant.store(&plant.admin, report(plant.on_machine()), Arriving::in_pieces(&content, 1_000)).await.unwrap();
    assert_eq!(document.content.file.size, content.len() as u64);
    assert_eq!(document.content.sha256.0, <[u8; 32]>::from(sha2::Sha256::digest(&content)));
    assert_eq!((document.content.analysis, document.content.kind), (Analysis::Clean, FileKind::Pdf));
    assert_eq!(plant.world.files.blobs(), [document.content.file.id]);
    let events = plant.world.store.audit_events();
    let event = events.iter().find(|event| event.kind == AuditKind::DocumentUploaded).unwrap();
    assert_eq!(event.origin.actor, Some(plant.admin.user_id()));
    assert_eq!(event.resource, Some(format!("document/{}", document.id.0)));
}

#[tokio::test]
async fn nothing_is_no_document() {
    let plant = Plant::new().await;
    for source in [Arriving::default(), Arriving::with(b"").then(b"")] {
        plant.refuses(&plant.admin, report(plant.on_machine()), source, UploadError::Empty).await;
    }
}

#[tokio::test]
async fn the_last_byte_too_many_is_refused() {
    let plant = Plant::new().await;
    let max = plant.world.core.document_rules.max_bytes;
    let mut content = pdf("");
    content.resize(usize::try_from(max).unwrap(), b'x');
    plant.store(&plant.admin, report(plant.on_machine()), Arriving::in_pieces(&content, 65_536)).await.unwrap();
    content.push(b'x');
    let source = Arriving::in_pieces(&content, 65_536);
    plant.refuses(&plant.admin, report(plant.on_machine()), source, UploadError::TooLarge { max }).await;
}

#[tokio::test]
async fn a_content_that_is_not_what_its_name_says_is_refused_and_noted() {
    let plant = Plant::new().await;
    let executable = [b"MZ\x90\0".as_slice(), &[0; 300]].concat();
    let wrong = UploadError::WrongContent;
    let on_machine = plant.on_machine();
    let cases = [
        ("rapport.pdf", executable.clone(), FileKind::Pdf),
        ("photo.jpg", pdf("x"), FileKind::Jpeg),
        // Everything before the mark is somebody else's format.
        ("image.pdf", b"GIF89a%PDF-1.7".to_vec(), FileKind::Pdf),
        ("releve.csv", [b"a;b\n".repeat(100), vec![0]].concat(), FileKind::Csv),
        ("plan.docx", [b"PK\x03\x04".as_slice(), &[0; 400]].concat(), FileKind::Docx),
    ];
    let count = cases.len();
    for (name, content, kind) in cases {
        let source = Arriving::in_pieces(&content, 64);
        plant.refuses(&plant.admin, named(on_machine, name), source, wrong(kind)).await;
    }
    assert_eq!(plant.world.audited(AuditKind::DocumentRejected), count);
}

#[tokio::test]
async fn a_kind_that_is_not_taken_is_refused_before_a_byte_is_read() {
    let mut plant = Plant::new().await;
    plant.world.core.document_rules.kinds = vec![FileKind::Jpeg];
    for name in ["outil.exe", "sans-extension", "rapport.pdf", "photo.jpg.exe"] {
        let asked = Arriving::default().meanwhile(async { panic!("the content was asked for") });
        plant.refuses(&plant.admin, named(plant.on_machine(), name), asked, UploadError::UnknownKind).await;
    }
}

#[tokio::test]
async fn a_virus_is_refused_by_its_name_noted_and_not_kept() {
    let plant = Plant::new().await;
    let signature = Line::parse(VIRUS_NAME).unwrap();
    let at_the_end = [pdf(&"x".repeat(300_000)), VIRUS_MARKER.to_vec()].concat();
    for size in [7, 65_536] {
        let source = Arriving::in_pieces(&at_the_end, size);
        let found = UploadError::Infected { signature: signature.clone() };
        plant.refuses(&plant.admin, report(plant.on_machine()), source, found).await;
    }
    let events = plant.world.store.audit_events();
    let rejected: Vec<_> = events.iter().filter(|event| event.kind == AuditKind::DocumentRejected).collect();
    assert_eq!(rejected.len(), 2);
    assert_eq!(rejected[0].outcome, AuditOutcome::Failure);
    assert_eq!(rejected[0].resource, Some(format!("equipment/{}", plant.machine.0)));
    assert!(rejected[0].details.iter().any(|(_, value)| value == VIRUS_NAME), "{:?}", rejected[0].details);
}

fn keyed(actor: &Actor, key: &str) -> impl Fn(&Sha256) -> Option<IdempotentRequest> + Send + Sync + use<> {
    let (user_id, key) = (actor.user_id(), IdempotencyKey::parse(key).unwrap());
    move |sha256| Some(IdempotentRequest { user_id, key: key.clone(), fingerprint: Fingerprint(sha256.0) })
}

impl Plant {
    async fn repeat(&self, key: &str, content: &[u8]) -> Result<Done<Document>, UploadError> {
        let request = keyed(&self.admin, key);
        let repeated = RepeatedUpload { request: &request, render: &rendered };
        let mut source = Arriving::with(content);
        report(self.on_machine()).run(&self.world.core, &self.admin, &mut source, repeated).await
    }
}

#[tokio::test]
async fn an_upload_that_is_sent_again_keeps_one_blob() {
    let plant = Plant::new().await;
    let Done::Now(document) = plant.repeat("envoi-1", &pdf("x")).await.unwrap() else { panic!("the first time") };
    let Done::Before(answer) = plant.repeat("envoi-1", &pdf("x")).await.unwrap() else { panic!("the second time") };
    assert_eq!(answer, rendered(&document));
    assert_eq!(plant.world.files.blobs(), [document.content.file.id]);
    assert_eq!(plant.world.audited(AuditKind::DocumentUploaded), 1);
    let other = plant.repeat("envoi-1", &pdf("y")).await.unwrap_err();
    assert_eq!(other, UploadError::Idempotency(IdempotencyError::Mismatch));
    assert_eq!(plant.world.files.blobs(), [document.content.file.id]);
    assert!(matches!(plant.repeat("envoi-2", &pdf("x")).await.unwrap(), Done::Now(_)));
}

#[tokio::test]
async fn twins_at_once_keep_one_blob() {
    let plant = Plant::new().await;
    let content = pdf("x");
    let (one, other) = tokio::join!(plant.repeat("envoi-1", &content), plant.repeat("envoi-1", &content));
    let now = [one.unwrap(), other.unwrap()].into_iter().filter(|done| matches!(done, Done::Now(_))).count();
    assert_eq!((now, plant.world.files.blobs().len(), plant.world.store.documents().len()), (1, 1, 1));
}
