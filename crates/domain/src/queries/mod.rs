//! How everything is read outside a transaction: read models straight from SQL, one statement a page.
//!
//! A scope is part of every query on scoped data: without one the query cannot be built, so nothing can forget it.

mod audit;
mod customers;
mod documents;
mod interventions;
mod notifications;
mod operations;
mod technicians;

use async_trait::async_trait;

pub use audit::{AuditEntry, AuditFilter, AuditQueries, AuditSort};
pub use customers::{CustomerFilter, CustomerQueries, CustomerScope, CustomerSort};
pub use documents::{DocumentFilter, DocumentQueries, DocumentScope, DocumentSort, KeyUse};
pub use interventions::{
    Candidate, CandidateReason, InterventionFilter, InterventionQueries, InterventionScope, InterventionSort,
    InterventionView, TimeSpan,
};
pub use notifications::{NotificationFilter, NotificationQueries, NotificationSort};
pub use operations::{OperationsQueries, OutboxState};
pub use technicians::{
    SkillFilter, SkillSort, TechnicianFilter, TechnicianLoad, TechnicianQueries, TechnicianSort, TechnicianView,
};

use crate::clock::Instant;
use crate::customers::CustomerId;
use crate::equipment::{Criticality, Equipment, EquipmentId, EquipmentStatus};
use crate::paging::{Page, PageRequest};
use crate::repository::Stored;
use crate::sessions::{SessionId, SessionState};
use crate::users::{EmailAddress, FullName, Language, PasswordHash, Role, SignInName, User, UserId, Username};
use crate::words::words;

/// Which machines somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EquipmentScope {
    /// Every one.
    All,
    /// Those of one customer.
    OfCustomer(CustomerId),
    /// None.
    Nothing,
}

impl EquipmentScope {
    /// Whether it holds this one. Every adapter's queries MUST decide the same.
    pub fn admits(self, machine: &Equipment) -> bool {
        match self {
            Self::All => true,
            Self::OfCustomer(customer) => machine.sheet.customer_id == Some(customer),
            Self::Nothing => false,
        }
    }
}

/// Which users somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserScope {
    /// Every one.
    All,
    /// Only themselves.
    Only(UserId),
}

impl UserScope {
    /// Whether it holds this one. Every adapter's queries MUST decide the same.
    pub fn admits(self, user: UserId) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only == user,
        }
    }
}

words! {
    /// What a list of machines can be sorted by.
    EquipmentSort {
        /// By identifier, that is by age.
        Id = "id",
        /// By name.
        Name = "name",
        /// By code.
        Code = "code",
        /// By kind.
        Kind = "kind",
        /// By location.
        Location = "location",
        /// By state.
        Status = "status",
        /// By criticality.
        Criticality = "criticality",
        /// By date of entry.
        CreatedAt = "created_at",
        /// By date of the last change.
        UpdatedAt = "updated_at",
    }
}

/// What a list of machines can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EquipmentFilter {
    /// Only those whose name, code, kind, location, brand, model or serial number holds this, without case or accents.
    pub text: Option<String>,
    /// Only those in this state.
    pub status: Option<EquipmentStatus>,
    /// Only those of this criticality.
    pub criticality: Option<Criticality>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those at this place.
    pub location: Option<String>,
    /// Only the parts of this machine.
    pub parent_id: Option<EquipmentId>,
    /// Only those of this customer.
    pub customer_id: Option<CustomerId>,
}

words! {
    /// What a list of users can be sorted by.
    UserSort {
        /// By identifier, that is by age.
        Id = "id",
        /// By username.
        Username = "username",
        /// By e-mail address.
        Email = "email",
        /// By role.
        Role = "role",
        /// By the last sign-in.
        LastLogin = "last_login_at",
        /// By date of creation.
        CreatedAt = "created_at",
    }
}

/// What a list of users can be narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Only those whose username, name or e-mail address holds this, without case or accents.
    pub text: Option<String>,
    /// Only those of this role.
    pub role: Option<Role>,
    /// Only the active, or only the others.
    pub is_active: Option<bool>,
    /// Only those of this customer.
    pub customer_id: Option<CustomerId>,
}

/// A user as others see them: without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    /// The identifier.
    pub id: UserId,
    /// The username.
    pub username: Username,
    /// The e-mail address.
    pub email: EmailAddress,
    /// The name as it is shown.
    pub full_name: Option<FullName>,
    /// What they may do.
    pub role: Role,
    /// Whether they can sign in.
    pub is_active: bool,
    /// Whose machines they see.
    pub customer_id: Option<CustomerId>,
    /// Their language.
    pub language: Language,
    /// The last sign-in.
    pub last_login_at: Option<Instant>,
    /// When the password was set.
    pub password_changed_at: Instant,
    /// Whether it must be changed.
    pub must_change_password: bool,
    /// Whether a sign-in needs a second factor.
    pub mfa_active: bool,
    /// When the account was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Grows with every change.
    pub version: i64,
}

/// What a sign-in needs to know about an account before it hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Whose.
    pub user_id: UserId,
    /// What the password is checked against.
    pub password_hash: PasswordHash,
    /// Whether they may sign in at all.
    pub is_active: bool,
}

/// A live session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// The identifier.
    pub id: SessionId,
    /// A name for the device.
    pub device: String,
    /// From where it was opened.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// When it was opened.
    pub created_at: Instant,
    /// When it was last refreshed.
    pub last_used_at: Instant,
    /// When it ends.
    pub expires_at: Instant,
}

/// What a request needs to know about its session. Apart from [`Queries`] because an in-memory store can answer it.
#[async_trait]
pub trait SessionStates: Send + Sync + std::fmt::Debug {
    /// The state of a live session (not revoked, not expired, user active), in one round trip.
    async fn find_session_state(&self, id: SessionId, at: Instant) -> Stored<Option<SessionState>>;

    /// The account behind a name that somebody signs in with.
    async fn find_credentials(&self, name: &SignInName) -> Stored<Option<Credentials>>;
}

/// Reads for lists and pages.
#[async_trait]
pub trait Queries:
    CustomerQueries
    + TechnicianQueries
    + InterventionQueries
    + NotificationQueries
    + DocumentQueries
    + OperationsQueries
    + AuditQueries
    + Send
    + Sync
    + std::fmt::Debug
{
    /// One user.
    async fn find_user(&self, id: UserId, scope: UserScope) -> Stored<Option<UserView>>;
    /// The e-mail address that a user asked for and has not confirmed yet.
    async fn find_wanted_email(&self, user: UserId, at: Instant) -> Stored<Option<EmailAddress>>;
    /// A page of users.
    async fn list_users(
        &self,
        scope: UserScope,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Stored<Page<UserView>>;
    /// The live sessions of a user, the newest first.
    async fn list_sessions(&self, user: UserId, at: Instant) -> Stored<Vec<SessionView>>;
    /// One machine.
    async fn find_equipment(&self, id: EquipmentId, scope: EquipmentScope) -> Stored<Option<Equipment>>;
    /// A page of machines.
    async fn list_equipment(
        &self,
        scope: EquipmentScope,
        filter: &EquipmentFilter,
        page: &PageRequest<EquipmentSort>,
    ) -> Stored<Page<Equipment>>;
}

/// Whether the database can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseHealth {
    /// It answers, and its schema is ours.
    Ready,
    /// It answers, but so many migrations are pending.
    Outdated(usize),
    /// It does not answer.
    Unreachable,
}

/// The connections of this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolState {
    /// The most that there may be, of all pools together.
    pub max: u32,
    /// Those that are open.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
    /// Who waits for one.
    pub waiting: u32,
}

/// Asks the database how it is.
#[async_trait]
pub trait DatabaseProbe: Send + Sync + std::fmt::Debug {
    /// MUST answer within 2 s.
    async fn probe(&self) -> DatabaseHealth;

    /// The connections of this process, whoever uses them.
    fn pool(&self) -> PoolState;
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            full_name: user.full_name,
            role: user.role,
            is_active: user.is_active,
            customer_id: user.customer_id,
            language: user.language,
            last_login_at: user.last_login_at,
            password_changed_at: user.password_changed_at,
            must_change_password: user.must_change_password,
            mfa_active: user.mfa_active,
            created_at: user.created_at,
            updated_at: user.updated_at,
            version: user.version,
        }
    }
}
