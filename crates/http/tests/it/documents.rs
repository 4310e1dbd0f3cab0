//! Documents on the wire: forms with files, and contents that are handed out.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use mif_domain::documents::{Analysis, DocumentId};
use mif_domain::text::Line;
use mif_domain::users::Role;
use mif_testkit::{VIRUS_MARKER, VIRUS_NAME};
use serde_json::{Value, json};

use crate::app::{Answer, App, bearer};

mod contents;
mod forms;
mod lists;

const PDF: &[u8] = b"%PDF-1.7\nrien";

/// A form on its way.
#[derive(Default)]
pub(crate) struct Form(Vec<u8>);

impl Form {
    const KIND: &str = "multipart/form-data; boundary=frontiere";

    /// Adds a field.
    pub(crate) fn field(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_bytes())
    }

    /// Adds a file of this name.
    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.part(&format!("name=\"file\"; filename=\"{name}\""), content)
    }

    fn part(mut self, disposition: &str, content: &[u8]) -> Self {
        self.0.extend(format!("--frontiere\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").bytes());
        self.0.extend(content);
        self.0.extend(b"\r\n");
        self
    }

    fn open_ended(self) -> Vec<u8> {
        self.0
    }

    /// To be sent there.
    pub(crate) fn to(mut self, path: &str, token: &str) -> TestRequest {
        self.0.extend(b"--frontiere--\r\n");
        posted(path, token, self.0)
    }
}

fn posted(path: &str, token: &str, body: Vec<u8>) -> TestRequest {
    let request = TestRequest::post().uri(path).insert_header(("content-type", Form::KIND));
    bearer(request, token).set_payload(body)
}

/// An application with a machine and its administrator.
struct Plant {
    app: App,
    token: String,
    machine: i64,
}

impl Plant {
    async fn new() -> Self {
        let app = App::start().await;
        let token = app.admin().await;
        let machine = app.machine("Presse", None).await;
        Self { app, token, machine }
    }

    fn address(&self) -> String {
        format!("/api/v1/documents?equipement_id={}", self.machine)
    }

    async fn send(&self, form: Form) -> Answer {
        self.app.send(form.to(&self.address(), &self.token)).await
    }

    async fn stored(&self, name: &str, content: &[u8]) -> Value {
        self.send(Form::default().file(name, content)).await.expect(201).json()
    }

    /// A content, asked for with these headers.
    async fn content(&self, document: &Value, headers: &[(&'static str, &str)]) -> Answer {
        self.asked(Method::GET, document, headers).await
    }

    async fn asked(&self, method: Method, document: &Value, headers: &[(&'static str, &str)]) -> Answer {
        let request = TestRequest::default().method(method).uri(document["path"].as_str().unwrap());
        let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
        self.app.send(bearer(request, &self.token)).await
    }

    fn nothing_was_kept(&self) {
        assert!(self.app.files.blobs().is_empty());
        assert_eq!(self.app.files.unfinished(), 0);
    }
}
