//! A file on its way in: `multipart/form-data` with the part `file`, read while it arrives.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, ContentDisposition};
use actix_web::web::Payload;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::LocalBoxStream;
use futures_util::{Stream, StreamExt as _};
use mif_application::documents::{ContentSource, Interrupted};

use super::body::{DRAINED, media_type};
use super::pace::{is_too_slow, paced};
use crate::problem::{ApiError, Code, FieldProblem};

/// What may stand around the file in a form: a boundary, headers and small fields, in bytes.
const ENVELOPE: u64 = 64 * 1024;
/// The most bytes of a field before the file.
const FIELD_LIMIT: usize = 8 * 1024;
/// The most fields before the file.
const FIELDS: usize = 8;
/// So long a refused upload may go on arriving.
pub(crate) const DRAINED_FOR: Duration = Duration::from_mins(1);

/// The body of an upload. Clones read the same one, so that the rest of it can be read when the form is done with.
#[derive(Clone)]
pub(crate) struct UploadBody(Rc<RefCell<Arriving>>);

struct Arriving {
    body: LocalBoxStream<'static, Result<Bytes, PayloadError>>,
    bytes: u64,
    /// How many bytes the client announced.
    announced: Option<u64>,
    /// Polling it again would be a mistake.
    ended: bool,
}

impl UploadBody {
    /// Begins to read.
    pub(crate) fn new(request: &HttpRequest, body: Payload) -> Self {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let announced = length.and_then(|value| value.to_str().ok()?.parse().ok());
        Self(Rc::new(RefCell::new(Arriving { body: Box::pin(paced(body)), bytes: 0, announced, ended: false })))
    }

    fn announces_more_than(&self, bytes: u64) -> bool {
        self.0.borrow().announced.is_some_and(|announced| announced > bytes)
    }

    /// Reads on after a refusal, so that the client is still listening when it is told: most look for the answer only when
    /// they have sent everything. Up to what an upload that is taken may have, and a little more, and not for ever.
    pub(crate) async fn drain(&mut self, max_bytes: u64) {
        let most = max_bytes.saturating_add(DRAINED as u64);
        if self.announces_more_than(most) {
            return;
        }
        let reading = async { while self.0.borrow().bytes <= most && self.next().await.is_some() {} };
        // Whether it ended or its time did: the answer is the same.
        let _ = tokio::time::timeout(DRAINED_FOR, reading).await;
    }
}

impl Stream for UploadBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut arriving = self.0.borrow_mut();
        if arriving.ended {
            return Poll::Ready(None);
        }
        let polled = arriving.body.as_mut().poll_next(context);
        match &polled {
            Poll::Ready(Some(Ok(piece))) => arriving.bytes += piece.len() as u64,
            Poll::Ready(Some(Err(_)) | None) => arriving.ended = true,
            Poll::Pending => {}
        }
        polled
    }
}

/// A form that was read up to its file.
pub(crate) struct Upload {
    /// The fields before the file, in their order.
    pub(crate) fields: Vec<(String, String)>,
    /// What the client calls the file.
    pub(crate) file_name: Option<String>,
    /// The file.
    pub(crate) content: UploadContent,
}

/// The content of the file, piece by piece.
pub(crate) struct UploadContent {
    form: Multipart,
    file: Option<Field>,
    fault: Option<ApiError>,
}

impl Upload {
    /// Reads the fields of a form up to the part `file`. A body that says it is larger than `max_bytes` and its envelope is
    /// refused before a byte of it is read.
    pub(crate) async fn open(request: &HttpRequest, body: UploadBody, max_bytes: u64) -> Result<Self, ApiError> {
        if media_type(request) != "multipart/form-data" {
            return Err(Code::UnsupportedMediaType.into());
        }
        if body.announces_more_than(max_bytes.saturating_add(ENVELOPE)) {
            return Err(ApiError::from(Code::TooLarge).with_member("max_octets", max_bytes));
        }
        let mut form = Multipart::new(request.headers(), body);
        let mut fields: Vec<(String, String)> = Vec::new();
        while let Some(part) = form.next().await {
            let mut part = part.map_err(|error| fault(&error))?;
            let name = part.name().ok_or(Code::MalformedForm)?.to_owned();
            if name == "file" {
                let file_name = part.content_disposition().and_then(file_name);
                return Ok(Self { fields, file_name, content: UploadContent { form, file: Some(part), fault: None } });
            }
            if fields.len() >= FIELDS {
                return Err(ApiError::field(&name, FieldProblem::Unknown));
            }
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(ApiError::field(&name, FieldProblem::Duplicate));
            }
            let value = text(&name, &mut part).await?;
            fields.push((name, value));
        }
        Err(ApiError::field("file", FieldProblem::Missing))
    }
}

impl UploadContent {
    /// What went wrong with the form itself, if that is why the content ended.
    pub(crate) fn take_fault(&mut self) -> Option<ApiError> {
        self.fault.take()
    }

    async fn following(&mut self) -> Result<Option<Bytes>, ApiError> {
        let Some(file) = &mut self.file else { return Ok(None) };
        if let Some(piece) = file.next().await {
            return piece.map(Some).map_err(|error| fault(&error));
        }
        // What follows the file would have been too late to matter.
        self.file = None;
        match self.form.next().await {
            None => Ok(None),
            Some(Ok(part)) => {
                let name = part.name().unwrap_or_default();
                let problem = if name == "file" { FieldProblem::Duplicate } else { FieldProblem::AfterFile };
                Err(ApiError::field(name, problem))
            }
            Some(Err(error)) => Err(fault(&error)),
        }
    }
}

#[async_trait(?Send)]
impl ContentSource for UploadContent {
    async fn next(&mut self) -> Result<Option<Bytes>, Interrupted> {
        self.following().await.map_err(|error| {
            self.file = None;
            self.fault = Some(error);
            Interrupted
        })
    }
}

/// The name as browsers send it, or as some libraries do when it is not ASCII (RFC 8187).
fn file_name(disposition: &ContentDisposition) -> Option<String> {
    let plain = disposition.get_filename().map(str::to_owned);
    plain.or_else(|| String::from_utf8(disposition.get_filename_ext()?.value.clone()).ok())
}

async fn text(name: &str, part: &mut Field) -> Result<String, ApiError> {
    let mut value = Vec::new();
    while let Some(piece) = part.next().await {
        value.extend_from_slice(&piece.map_err(|error| fault(&error))?);
        if value.len() > FIELD_LIMIT {
            return Err(ApiError::field(name, FieldProblem::TooLong(FIELD_LIMIT)));
        }
    }
    String::from_utf8(value).map_err(|_| Code::MalformedForm.into())
}

fn fault(error: &MultipartError) -> ApiError {
    let code = match error {
        MultipartError::Payload(error) if is_too_slow(error) => Code::SlowBody,
        MultipartError::Payload(PayloadError::Incomplete(_)) | MultipartError::Incomplete => Code::InterruptedBody,
        _ => Code::MalformedForm,
    };
    code.into()
}
