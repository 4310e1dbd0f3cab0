//! Making an account.

use mif_domain::audit::{AuditEvent, AuditKind};
use mif_domain::customers::CustomerId;
use mif_domain::outbox::OutboxMessage;
use mif_domain::queries::UserView;
use mif_domain::repository::{Constraint, RepositoryError};
use mif_domain::unit_of_work::UnitOfWork;
use mif_domain::users::{
    EmailAddress, FullName, HasherBusy, Language, NewUser, PasswordHash, PasswordRule, PlainPassword, Role, Username,
};
use thiserror::Error;

use crate::Core;
use crate::access::{Action, Actor, Refusal, policy, still_permitted};
use crate::letter_token::LetterToken;
use crate::technicians::account::enlist;

/// Makes an account.
#[derive(Debug)]
pub struct CreateUser {
    /// Made from the e-mail address when absent.
    pub username: Option<Username>,
    /// Unique.
    pub email: EmailAddress,
    /// The first password. `None`: one that nobody knows, and a letter that invites the owner to choose their own.
    pub password: Option<PlainPassword>,
    /// Whether its owner must change it at the first sign-in: somebody else knows it.
    pub must_change_password: bool,
    /// The name as it is shown.
    pub full_name: Option<FullName>,
    /// What they may do.
    pub role: Role,
    /// Whose machines they see.
    pub customer_id: Option<CustomerId>,
    /// Their language.
    pub language: Language,
}

/// Why it was not made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreateUserError {
    /// What can stop any use case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody has this username.
    #[error("the username is taken")]
    UsernameTaken,
    /// Somebody has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// There is no such customer.
    #[error("there is no such customer")]
    UnknownCustomer,
    /// The password is not good enough.
    #[error("the password breaks {0:?}")]
    Weak(Vec<PasswordRule>),
    /// Too many passwords are being hashed.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
}

impl From<RepositoryError> for CreateUserError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Conflict(Constraint::UsernameTaken) => Self::UsernameTaken,
            RepositoryError::Conflict(Constraint::EmailTaken) => Self::EmailTaken,
            RepositoryError::Conflict(Constraint::UnknownCustomer) => Self::UnknownCustomer,
            other => Self::Refused(other.into()),
        }
    }
}

impl CreateUser {
    /// How often another username is tried when the one made from the e-mail address is taken.
    const SUGGESTIONS: u32 = 100;

    /// Makes the account, for an administrator; a technician's together with the technician.
    #[tracing::instrument(target = "mif_trace", name = "CreateUser", skip_all)]
    pub async fn run(self, core: &Core, actor: &Actor) -> Result<UserView, CreateUserError> {
        policy::permit(actor, Action::ManageUsers)?;
        let password_hash = self.first_hash(core).await?;
        let invited = self.password.is_none();

        let mut work = core.work.begin().await?;
        let now = core.clock.now();
        still_permitted(&mut *work, actor, Action::ManageUsers, now).await?;
        let username = match self.username {
            Some(username) => username,
            None => free_username(&mut *work, &self.email).await?,
        };
        let new = NewUser {
            username,
            email: self.email,
            full_name: self.full_name,
            role: self.role,
            customer_id: self.customer_id,
            language: self.language,
            password_hash,
            must_change_password: self.must_change_password || invited,
        };
        let user = work.users().insert(new, now).await?;
        let event = AuditEvent::success(AuditKind::UserCreated, actor.origin(), now)
            .on("user", user.id.0)
            .with("role", user.role.as_str());
        work.audit().append(event).await?;
        if user.role == Role::Technician {
            enlist(&mut *work, user.id, actor.origin(), now).await?;
        }
        if invited {
            work.outbox().enqueue(OutboxMessage::SendInvitation { user_id: user.id }, now).await?;
        }
        work.commit().await?;
        Ok(user.into())
    }

    async fn first_hash(&self, core: &Core) -> Result<PasswordHash, CreateUserError> {
        let Some(password) = &self.password else {
            let unknown = PlainPassword::parse(LetterToken::generate(&*core.entropy).expose().to_owned());
            let unknown = unknown.map_err(|why| RepositoryError::Corrupt(why.to_string()))?;
            return Ok(core.hasher.hash(&unknown).await?);
        };
        let username = self.username.clone().unwrap_or_else(|| Username::suggested_from(&self.email, 1));
        let broken = core.password_policy.broken_rules(password, &username, &self.email);
        if !broken.is_empty() {
            return Err(CreateUserError::Weak(broken));
        }
        Ok(core.hasher.hash(password).await?)
    }
}

async fn free_username(work: &mut dyn UnitOfWork, email: &EmailAddress) -> Result<Username, CreateUserError> {
    for attempt in 1..=CreateUser::SUGGESTIONS {
        let username = Username::suggested_from(email, attempt);
        if !work.users().username_exists(&username).await? {
            return Ok(username);
        }
    }
    Err(CreateUserError::UsernameTaken)
}
