//! What the targets share: the whole application in this process, over SQLite in memory, with an administrator signed in.
//!
//! A target fails by a panic, by a time-out, by a status of 500 or more, or by what it asserts itself.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::Service as _;
use actix_web::http::header::HeaderMap;
use actix_web::rt::{System, SystemRunner};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Bytes, Data};
use mif_application::Core;
use mif_application::auth::{MfaRules, SessionCache};
use mif_application::documents::DocumentRules;
use mif_domain::documents::FileKind;
use mif_domain::interventions::NewIntervention;
use mif_domain::users::{PasswordPolicy, Role};
use mif_http::{ApiState, Lifecycle, TrustedProxies};
use mif_persistence::{Database, DatabaseSettings, PoolSettings, Schema, SeaQueries, SeaUnitsOfWork};
use mif_security::{JwtTokens, KeyDirectory, OsEntropy, RefreshTokenCodec, SigningAlgorithm};
use mif_testkit::{
    FakeClock, FakeScanner, FastHasher, MemoryFiles, PASSWORD, T0, a_customer, a_stored_technician, a_user,
    an_equipment, an_intervention,
};
use tempfile::TempDir;

/// What requests write stays in memory: from time to time everything begins anew.
const REQUESTS_OF_ONE_APPLICATION: u32 = 20_000;

type Call = Box<dyn Fn(TestRequest) -> Pin<Box<dyn Future<Output = Answer>>>>;

/// What came back.
pub struct Answer {
    pub status: u16,
    headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// A header that came back, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

struct Application {
    call: Call,
    token: String,
    left: u32,
    _keys: TempDir,
}

thread_local! {
    static SYSTEM: SystemRunner = System::new();
    // Left alone at the end: what actix keeps in this thread may be gone before it.
    static APPLICATION: RefCell<ManuallyDrop<Option<Application>>> = const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Sends a request as the administrator, and fails when the server is at fault.
pub fn send(request: TestRequest) -> Answer {
    SYSTEM.with(|system| {
        APPLICATION.with_borrow_mut(|slot| {
            let spent = slot.as_ref().is_none_or(|application| application.left == 0);
            if spent {
                **slot = Some(system.block_on(Application::start()));
            }
            let application = slot.as_mut().expect("it was just started");
            application.left -= 1;
            let request = request
                .insert_header(("authorization", format!("Bearer {}", application.token)))
                .peer_addr(([10, 0, 0, 1], 4000).into());
            let answer = system.block_on((application.call)(request));
            assert!(answer.status < 500, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
            if answer.status >= 400 {
                let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("a problem is JSON");
                assert_eq!(problem["status"], answer.status, "{problem}");
                assert!(problem["code"].is_string(), "{problem}");
            }
            answer
        })
    })
}

/// A query must be text that HTTP can carry: everything else is written as `%XX`. A `%` stays as it is, whatever follows.
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'0'..=b'9'
            | b'A'..=b'Z'
            | b'a'..=b'z'
            | b'-'
            | b'_'
            | b'.'
            | b'~'
            | b'&'
            | b'='
            | b'+'
            | b','
            | b':'
            | b'%' => {
                text.push(char::from(*byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

impl Application {
    async fn start() -> Self {
        let keys = TempDir::new().expect("a folder for keys");
        let clock = Arc::new(FakeClock::at(T0));
        let pool = PoolSettings {
            max_connections: 1,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
        };
        let database = Database::connect(DatabaseSettings { url: "sqlite::memory:".into(), pool }).await;
        let database = database.expect("SQLite opens");
        Schema(&database).up().await.expect("the schema is made");
        let folder =
            KeyDirectory::open(keys.path().join("keys"), SigningAlgorithm::EdDsa, true, clock.clone()).expect("a key");
        let tokens = JwtTokens::new(folder, "mif".into(), "mif-api".into(), Arc::new(OsEntropy)).expect("tokens");
        let queries = Arc::new(SeaQueries(database.clone()));
        let files = Arc::new(MemoryFiles::new(clock.clone()));
        let core = Core {
            work: Arc::new(SeaUnitsOfWork(database)),
            queries: queries.clone(),
            session_states: queries.clone(),
            clock: clock.clone(),
            entropy: Arc::new(OsEntropy),
            hasher: Arc::new(FastHasher::default()),
            password_policy: PasswordPolicy::GoProd,
            access_tokens: Arc::new(tokens),
            refresh_tokens: Arc::new(RefreshTokenCodec::new(Arc::new(OsEntropy))),
            secrets: files.clone(),
            mfa_rules: MfaRules { required_roles: Vec::new() },
            files: files.clone(),
            scanner: Arc::new(FakeScanner::default()),
            document_rules: DocumentRules { max_bytes: 1024 * 1024, kinds: FileKind::ALL.to_vec() },
            sessions: Arc::new(SessionCache::default()),
            denials: Arc::default(),
        };
        plant(&core).await;
        let proxies = TrustedProxies::new([([10, 0, 0, 0].into(), 8)]);
        let state = ApiState::new(core, queries, proxies, Arc::new(Lifecycle::default()), "fuzz");
        let service = Rc::new(init_service(mif_http::app(Data::new(state), &[], None)).await);
        let call: Call = Box::new(move |request| {
            let service = Rc::clone(&service);
            Box::pin(async move {
                match service.call(request.to_request()).await {
                    Ok(response) => read(response.into_parts().1).await,
                    Err(error) => read(error.error_response()).await,
                }
            })
        });
        let sign_in = serde_json::json!({"username": "nadia", "password": PASSWORD});
        let answer = call(TestRequest::post().uri("/api/v1/auth/token").set_json(sign_in)).await;
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).expect("tokens are JSON");
        let token = answer["access_token"].as_str().expect("the administrator signs in").to_owned();
        Self { call, token, left: REQUESTS_OF_ONE_APPLICATION, _keys: keys }
    }
}

/// One of everything that requests can name: each has the identifier 1. Of some there is another, for a second page.
async fn plant(core: &Core) {
    let mut work = core.work.begin().await.expect("a unit of work");
    let nadia = a_user("nadia").role(Role::Admin).password_hash(FastHasher::stored(PASSWORD)).build();
    work.users().insert(nadia, T0).await.expect("an administrator");
    work.commit().await.expect("a commit");
    a_customer(&*core.work, "Conserverie Atlas").await;
    a_stored_technician(&*core.work, "karim").await;
    let mut work = core.work.begin().await.expect("a unit of work");
    for number in 1..=2 {
        let machine = work.equipment().insert(an_equipment("Presse").build(), T0).await.expect("a machine");
        let reference = work.interventions().next_reference(2026).await.expect("a reference");
        let draft = an_intervention("Bruit", machine.id).build();
        let intervention = work.interventions().insert(NewIntervention::reported(reference, draft), T0).await;
        assert_eq!(intervention.expect("an intervention").id.0, number);
    }
    work.commit().await.expect("a commit");
}

async fn read<B: MessageBody>(response: HttpResponse<B>) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("the body broke off"));
    Answer { status, headers, body }
}
