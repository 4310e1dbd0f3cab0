//! Ends requests whose answer does not wait for their body.
//!
//! actix swallows what is left of a chunked body once nobody holds it any more: at any speed, in any amount, for as long as
//! the client likes. While somebody holds it, actix announces the end of the connection with the answer and closes it when
//! the client has had a few seconds to read. So it is held until the answer has left.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _};
use bytes::Bytes;
use futures_util::Stream;

/// The middleware. Around everything that may answer.
pub(crate) async fn cut_off<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    // With a `Content-Length` actix closes the connection by itself.
    if !request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let held = Held(Rc::new(RefCell::new(request.take_payload())));
    request.set_payload(Payload::Stream { payload: Box::pin(held.clone()) });
    match next.call(request).await {
        Ok(response) => Ok(response.map_body(|_, body| EitherBody::right(Holding::around(body, held)))),
        Err(error) => {
            let response = error.error_response().map_body(|_, body| Holding::around(body, held));
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// The body of a request, which its handler may let go of.
#[derive(Clone)]
struct Held(Rc<RefCell<Payload>>);

impl Stream for Held {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The body of an answer, which holds that of its request.
struct Holding<B> {
    body: Pin<Box<B>>,
    _held: Held,
}

impl<B: MessageBody + 'static> Holding<B> {
    fn around(body: B, held: Held) -> BoxBody {
        BoxBody::new(Self { body: Box::pin(body), _held: held })
    }
}

impl<B: MessageBody> MessageBody for Holding<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.get_mut().body.as_mut().poll_next(context)
    }
}
