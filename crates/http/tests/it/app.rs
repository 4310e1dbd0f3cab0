//! The application under test, and a client that checks every answer against the document, and its headers.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Payload, Service as _};
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Bytes, Data};
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt as _, stream};
use mif_application::Core;
use mif_application::auth::{MfaRules, SessionCache};
use mif_application::documents::DocumentRules;
use mif_domain::Clock as _;
use mif_domain::audit::{AuditChain as _, Mark, MarkSigner as _};
use mif_domain::customers::CustomerId;
use mif_domain::documents::{Attachment, FileKind, FileStore as _, NewDocument};
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::{InterventionId, NewIntervention};
use mif_domain::notifications::NotificationKind;
use mif_domain::paging::{Direction, PageRequest, Position};
use mif_domain::queries::{NotificationFilter, NotificationSort, Queries};
use mif_domain::technicians::{Technician, TechnicianId};
use mif_domain::users::{PasswordPolicy, Role, UserId};
use mif_http::{ApiState, FloodGuard, Lifecycle, TrustedProxies};
use mif_persistence::{Database, DatabaseSettings, PoolSettings, Schema, SeaAuditChain, SeaQueries, SeaUnitsOfWork};
use mif_security::{JwtTokens, KeyDirectory, OsEntropy, RefreshTokenCodec, SigningAlgorithm};
use mif_testkit::{
    FakeClock, FakeMarkSigner, FakeScanner, FastHasher, MemoryFiles, PASSWORD, T0, a_customer, a_document, a_notice,
    a_stored_technician, a_user, an_equipment, an_intervention,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::documented;
use crate::headers::check_policy;

/// What was asked, and what was answered.
type Called = LocalBoxFuture<'static, (Method, String, Answer)>;

/// The application.
pub(crate) struct App {
    call: Box<dyn Fn(TestRequest, Option<Payload>) -> Called>,
    pub(crate) core: Core,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) files: Arc<MemoryFiles>,
    pub(crate) scanner: Arc<FakeScanner>,
    chain: SeaAuditChain,
    _keys: TempDir,
}

/// How it is set up where it matters.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) origins: Vec<String>,
    pub(crate) guard: Option<FloodGuard>,
    pub(crate) queries: Option<Arc<dyn Queries>>,
    pub(crate) public_url: Option<String>,
    pub(crate) mfa_roles: Vec<Role>,
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let keys = TempDir::new().unwrap();
        let clock = Arc::new(FakeClock::at(T0));
        let database = database().await;
        let folder = keys.path().join("keys");
        let folder = KeyDirectory::open(folder, SigningAlgorithm::EdDsa, true, clock.clone()).unwrap();
        let tokens = JwtTokens::new(folder, "mif".into(), "mif-api".into(), Arc::new(OsEntropy)).unwrap();
        let queries = Arc::new(SeaQueries(database.clone()));
        let files = Arc::new(MemoryFiles::new(clock.clone()));
        let scanner = Arc::new(FakeScanner::default());
        let core = Core {
            work: Arc::new(SeaUnitsOfWork(database.clone())),
            queries: options.queries.unwrap_or_else(|| queries.clone()),
            session_states: queries.clone(),
            clock: clock.clone(),
            entropy: Arc::new(OsEntropy),
            hasher: Arc::new(FastHasher::default()),
            password_policy: PasswordPolicy::GoProd,
            access_tokens: Arc::new(tokens),
            refresh_tokens: Arc::new(RefreshTokenCodec::new(Arc::new(OsEntropy))),
            secrets: files.clone(),
            mfa_rules: MfaRules { required_roles: options.mfa_roles },
            files: files.clone(),
            scanner: scanner.clone(),
            document_rules: DocumentRules { max_bytes: 1024 * 1024, kinds: FileKind::ALL.to_vec() },
            sessions: Arc::new(SessionCache::default()),
            denials: Arc::default(),
        };
        let lifecycle = Arc::new(Lifecycle::default());
        let state = ApiState::new(core.clone(), queries, TrustedProxies::default(), lifecycle.clone(), "test");
        let state = state.with_public_url(options.public_url);
        let app = mif_http::app(Data::new(state), &options.origins, options.guard.as_ref());
        let service = Rc::new(init_service(app).await);
        let call = move |request: TestRequest, payload: Option<Payload>| {
            let service = Rc::clone(&service);
            async move {
                let request = request.to_request();
                let request = match payload {
                    Some(payload) => request.replace_payload(payload).0,
                    None => request,
                };
                let (method, path) = (request.method().clone(), request.path().to_owned());
                let answer = match service.call(request).await {
                    Ok(response) => Answer::read(response.into_parts().1).await,
                    Err(error) => Answer::read(error.error_response()).await,
                };
                (method, path, answer)
            }
            .boxed_local()
        };
        Self {
            call: Box::new(call),
            core,
            clock,
            lifecycle,
            files,
            scanner,
            chain: SeaAuditChain(database),
            _keys: keys,
        }
    }

    /// Sends a request, and checks the answer against the document and the headers that every answer has.
    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        self.send_from("203.0.113.9:4000", request).await
    }

    /// The same from another address.
    pub(crate) async fn send_from(&self, peer: &str, request: TestRequest) -> Answer {
        let request = request.peer_addr(peer.parse().unwrap());
        let (method, path, answer) = (self.call)(request, None).await;
        checked(&method, &path, answer)
    }

    /// Sends a request whose body arrives when something else has happened.
    pub(crate) async fn send_slowly(
        &self,
        request: TestRequest,
        body: &'static str,
        meanwhile: impl Future<Output = ()> + 'static,
    ) -> Answer {
        let body = stream::once(meanwhile.map(move |()| Ok(Bytes::from_static(body.as_bytes()))));
        let request = request.peer_addr("203.0.113.9:4000".parse().unwrap());
        let (method, path, answer) = (self.call)(request, Some(Payload::Stream { payload: Box::pin(body) })).await;
        checked(&method, &path, answer)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(bearer(TestRequest::get().uri(path), token)).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(bearer(TestRequest::post().uri(path), token).set_json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(bearer(TestRequest::put().uri(path), token).set_json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(bearer(TestRequest::patch().uri(path), token).set_json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Answer {
        self.send(bearer(TestRequest::delete().uri(path), token)).await
    }

    /// A user of a role with the usual password.
    pub(crate) async fn user(&self, username: &str, role: Role, customer: Option<CustomerId>) -> UserId {
        let mut user = a_user(username).role(role).password_hash(FastHasher::stored(PASSWORD));
        if let Some(customer) = customer {
            user = user.customer(customer);
        }
        let mut work = self.core.work.begin().await.unwrap();
        let made = work.users().insert(user.build(), T0).await.unwrap();
        work.commit().await.unwrap();
        made.id
    }

    /// A technician with their account, as they are made together.
    pub(crate) async fn technician(&self, username: &str) -> Technician {
        a_stored_technician(&*self.core.work, username).await
    }

    /// Tells somebody something. Returns the identifier of the notification.
    pub(crate) async fn tell(&self, user: UserId, kind: NotificationKind) -> i64 {
        let mut work = self.core.work.begin().await.unwrap();
        work.notifications().insert(a_notice(user, kind, self.clock.now())).await.unwrap();
        work.commit().await.unwrap();
        let page = PageRequest {
            sort: NotificationSort::Id,
            direction: Direction::Descending,
            limit: 1,
            position: Position::First,
            with_total: false,
        };
        let newest = self.core.queries.list_notifications(user, &NotificationFilter::default(), &page).await.unwrap();
        newest.items[0].id.0
    }

    /// What a linker leaves when it was here.
    pub(crate) async fn keep_checkpoint(&self, mark: Mark) {
        self.chain.keep_checkpoint(&FakeMarkSigner("k").sign(mark)).await.unwrap();
    }

    pub(crate) async fn customer(&self, name: &str) -> CustomerId {
        a_customer(&*self.core.work, name).await.id
    }

    /// A machine, perhaps of a customer. Returns its identifier.
    pub(crate) async fn machine(&self, name: &str, customer: Option<CustomerId>) -> i64 {
        let mut machine = an_equipment(name);
        if let Some(customer) = customer {
            machine = machine.customer(customer);
        }
        let mut work = self.core.work.begin().await.unwrap();
        let made = work.equipment().insert(machine.build(), T0).await.unwrap();
        work.commit().await.unwrap();
        made.id.0
    }

    /// Work on a machine, given to a technician.
    pub(crate) async fn intervention(&self, machine: i64, to: TechnicianId, customer: Option<CustomerId>) -> i64 {
        let draft = an_intervention("Bruit", EquipmentId(machine)).build();
        let mut work = self.core.work.begin().await.unwrap();
        let reference = work.interventions().next_reference(2026).await.unwrap();
        let new = NewIntervention {
            technician_id: Some(to),
            customer_id: customer,
            ..NewIntervention::reported(reference, draft)
        };
        let made = work.interventions().insert(new, T0).await.unwrap();
        work.commit().await.unwrap();
        made.id.0
    }

    /// A report about work that everybody who sees the work may see.
    pub(crate) async fn document(&self, work: i64, author: UserId) -> i64 {
        let mut file = self.files.create().await.unwrap();
        file.write(b"%PDF-1.7").await.unwrap();
        let sealed = file.finish().await.unwrap();
        let attachment = Attachment::Intervention(InterventionId(work));
        let report = NewDocument {
            file: sealed.file,
            sha256: sealed.sha256,
            is_internal: false,
            ..a_document(1, attachment, author)
        };
        let mut work = self.core.work.begin().await.unwrap();
        let made = work.documents().insert(report, T0).await.unwrap();
        work.commit().await.unwrap();
        made.id.0
    }

    /// A pair of tokens for a user with the usual password.
    pub(crate) async fn sign_in(&self, username: &str) -> Tokens {
        let body = json!({ "username": username, "password": PASSWORD });
        let request = TestRequest::post().uri("/api/v1/auth/token").set_json(body);
        Tokens::of(&self.send(request).await.expect(200))
    }

    /// An administrator's access token.
    pub(crate) async fn admin(&self) -> String {
        self.user("nadia", Role::Admin, None).await;
        self.sign_in("nadia").await.access
    }
}

/// What a sign-in hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// An answer as the document and the header policy have it.
#[track_caller]
fn checked(method: &Method, path: &str, answer: Answer) -> Answer {
    documented::check(method, path, &answer);
    check_policy(path, &answer);
    answer
}

/// Adds the token.
pub(crate) fn bearer(request: TestRequest, token: &str) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {token}")))
}

/// An answer, read to the end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The stable code of a problem.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The fields of a 422 with their codes.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        let text = |error: &Value, name: &str| error[name].as_str().unwrap_or_default().to_owned();
        errors.iter().map(|error| (text(error, "champ"), text(error, "code"))).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    /// Fails with the body when the status is another one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Fails unless it is a problem with this status and code.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type").as_deref(), Some("application/problem+json"));
        assert_eq!(answer.code(), code, "{}", answer.text());
        assert_eq!(answer.json()["trace_id"].as_str().map(str::len), Some(32), "{}", answer.text());
        answer
    }

    async fn read<B: MessageBody>(response: HttpResponse<B>) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let Ok(body) = to_bytes(response.into_body()).await else { panic!("the body broke off") };
        Self { status, headers, body: body.to_vec() }
    }
}

async fn database() -> Database {
    let pool = PoolSettings {
        max_connections: 1,
        acquire_timeout: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(5),
    };
    let database = Database::connect(DatabaseSettings { url: "sqlite::memory:".into(), pool }).await.unwrap();
    Schema(&database).up().await.unwrap();
    database
}
