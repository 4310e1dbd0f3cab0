//! Documents: what is sent, what comes back, and what lies on the disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};

use super::{Answer, Client, Site};

/// A content as it came back.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

/// `/documents`.
impl Client {
    /// To store a file on a machine.
    pub(crate) fn uploading(&self, machine: i64, name: &str, content: Vec<u8>) -> RequestBuilder {
        let form = Form::new().part("file", Part::bytes(content).file_name(name.to_owned()));
        let request = self.request(Method::POST, &format!("/api/v1/documents?equipement_id={machine}"));
        // A busy machine scans 90 MiB for a while.
        request.timeout(Duration::from_mins(3)).multipart(form)
    }

    pub(crate) async fn upload(&self, machine: i64, name: &str, content: Vec<u8>) -> Answer {
        self.send(self.uploading(machine, name, content)).await
    }

    /// To read a content.
    pub(crate) fn downloading(&self, id: i64) -> RequestBuilder {
        self.request(Method::GET, &format!("/api/v1/documents/{id}/contenu"))
    }

    /// Reads a content, or what of it was asked for. An error: it did not come whole.
    pub(crate) async fn try_content(&self, request: RequestBuilder) -> Result<Content, String> {
        let response = request.send().await.map_err(|error| format!("{error:?}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.map_err(|error| format!("{error:?}"))?.to_vec();
        Ok(Content { status, headers, bytes })
    }

    /// The whole content of a document.
    pub(crate) async fn content(&self, id: i64) -> Vec<u8> {
        let content = self.try_content(self.downloading(id)).await.unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(content.status, 200, "{id}: {}", String::from_utf8_lossy(&content.bytes));
        content.bytes
    }

    /// To forget a document.
    pub(crate) fn forgetting(&self, id: i64) -> RequestBuilder {
        self.request(Method::DELETE, &format!("/api/v1/documents/{id}"))
    }

    /// Every document.
    pub(crate) async fn all_documents(&self) -> Vec<serde_json::Value> {
        self.all("/api/v1/documents").await
    }
}

impl Site {
    /// Where blobs are.
    pub(crate) fn blobs(&self) -> Vec<PathBuf> {
        let all = files_below(&self.folder("data").join("documents"));
        all.into_iter().filter(|path| !path.parent().unwrap().ends_with("tmp")).collect()
    }

    /// What unfinished uploads have written so far.
    pub(crate) fn unfinished(&self) -> Vec<PathBuf> {
        files_below(&self.folder("data").join("documents").join("tmp"))
    }

    /// Fails when the text is in a file of the data folder, the database among them.
    pub(crate) fn hides(&self, text: &str) {
        for path in files_below(&self.folder("data")) {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{text} is in {}", path.display());
        }
    }
}

/// Every file in a folder and in those within it. One that goes meanwhile is gone.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
