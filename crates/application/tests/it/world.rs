//! A core made of fakes, and people who sign in to it.

use std::sync::Arc;

use mif_application::Core;
use mif_application::access::{Actor, RequestInfo};
use mif_application::auth::{
    Authenticate, AuthenticateError, LogIn, MfaRules, Refresh, RefreshError, SessionCache, TokenPair, VerifyToken,
};
use mif_application::documents::DocumentRules;
use mif_application::outbox::{LetterLinks, OutboxWorker};
use mif_domain::audit::AuditKind;
use mif_domain::documents::FileKind;
use mif_domain::equipment::{Equipment, EquipmentDraft};
use mif_domain::mail::Mailer;
use mif_domain::sessions::ClientInfo;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::{NewUser, PasswordPolicy, Role, User};
use mif_testkit::{
    FakeAccessTokens, FakeClock, FakeRefreshTokens, FakeScanner, FastHasher, MemoryFiles, MemoryStore, NoQueries,
    PASSWORD, SeededEntropy, T0, a_user,
};

pub(crate) struct World {
    pub(crate) core: Core,
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) hasher: Arc<FastHasher>,
    pub(crate) access_tokens: Arc<FakeAccessTokens>,
    pub(crate) files: Arc<MemoryFiles>,
    pub(crate) scanner: Arc<FakeScanner>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| FastHasher::default())
    }

    pub(crate) fn with(hasher: impl FnOnce(&Arc<FakeClock>) -> FastHasher) -> Self {
        let store = MemoryStore::default();
        let clock = Arc::new(FakeClock::default());
        let hasher = Arc::new(hasher(&clock));
        let access_tokens = Arc::new(FakeAccessTokens::default());
        let files = Arc::new(MemoryFiles::new(clock.clone()));
        let scanner = Arc::new(FakeScanner::default());
        let core = Core {
            work: Arc::new(store.clone()),
            queries: Arc::new(NoQueries(store.clone())),
            session_states: Arc::new(store.clone()),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::default()),
            hasher: hasher.clone(),
            password_policy: PasswordPolicy::GoProd,
            access_tokens: access_tokens.clone(),
            refresh_tokens: Arc::new(FakeRefreshTokens::default()),
            secrets: files.clone(),
            mfa_rules: MfaRules::default(),
            files: files.clone(),
            scanner: scanner.clone(),
            document_rules: DocumentRules { max_bytes: 1024 * 1024, kinds: FileKind::ALL.to_vec() },
            sessions: Arc::new(SessionCache::default()),
            denials: Arc::default(),
        };
        Self { core, store, clock, hasher, access_tokens, files, scanner }
    }

    /// The worker, with this post office.
    pub(crate) fn outbox(&self, mailer: Arc<dyn Mailer>) -> OutboxWorker {
        OutboxWorker {
            core: self.core.clone(),
            queue: Arc::new(self.store.clone()),
            mailer,
            links: LetterLinks {
                public_url: Some("https://gmao.exemple.ma".to_owned()),
                reset_path: "/mot-de-passe?jeton={jeton}".to_owned(),
                confirm_path: "/email#{jeton}".to_owned(),
            },
        }
    }

    /// Moves time by so many seconds.
    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.advance(chrono::TimeDelta::seconds(seconds));
    }

    pub(crate) async fn insert(&self, user: NewUser) -> User {
        let mut unit = self.store.begin().await.unwrap();
        let user = unit.users().insert(user, T0).await.unwrap();
        unit.commit().await.unwrap();
        user
    }

    pub(crate) async fn insert_equipment(&self, sheet: EquipmentDraft) -> Equipment {
        let mut unit = self.store.begin().await.unwrap();
        let equipment = unit.equipment().insert(sheet, T0).await.unwrap();
        unit.commit().await.unwrap();
        equipment
    }

    pub(crate) async fn log_in(&self, name: &str) -> TokenPair {
        attempt(name, PASSWORD).run(&self.core).await.unwrap()
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<TokenPair, RefreshError> {
        Refresh { token: token.to_owned(), request: RequestInfo::default() }.run(&self.core).await
    }

    pub(crate) async fn authenticate(&self, token: &str) -> Result<Actor, AuthenticateError> {
        let token = VerifyToken { token }.run(&self.core)?;
        let state = Authenticate { token: &token }.run(&self.core).await?;
        Ok(Actor::new(state, request()))
    }

    /// A new session of somebody who exists.
    pub(crate) async fn actor(&self, name: &str) -> Actor {
        let pair = self.log_in(name).await;
        self.authenticate(&pair.access_token).await.unwrap()
    }

    /// Somebody of this role, who is called after it, signed in.
    pub(crate) async fn actor_of(&self, role: Role) -> Actor {
        let user = self.insert(a_user(role.as_str()).role(role).build()).await;
        self.actor(user.username.as_str()).await
    }

    pub(crate) fn audited(&self, kind: AuditKind) -> usize {
        self.store.audit_events().iter().filter(|event| event.kind == kind).count()
    }
}

pub(crate) fn request() -> RequestInfo {
    RequestInfo { ip: Some("196.200.131.7".to_owned()), request_id: Some("req-1".to_owned()) }
}

pub(crate) fn attempt(name: &str, password: &str) -> LogIn {
    LogIn { name: name.to_owned(), password: password.to_owned(), client: ClientInfo::default(), request: request() }
}
