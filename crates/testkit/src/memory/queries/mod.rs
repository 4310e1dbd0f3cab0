//! The little that can be read without a database.

mod audit;
mod documents;
mod work;

use async_trait::async_trait;
use mif_domain::equipment::{Equipment, EquipmentId};
use mif_domain::paging::{Page, PageRequest};
use mif_domain::queries::{
    Credentials, EquipmentFilter, EquipmentScope, EquipmentSort, Queries, SessionStates, SessionView, UserFilter,
    UserScope, UserSort, UserView,
};
use mif_domain::repository::Stored;
use mif_domain::sessions::{SessionId, SessionState};
use mif_domain::users::{EmailAddress, SignInName, UserId};
use mif_domain::{Instant, RepositoryError};

use super::MemoryStore;

#[async_trait]
impl SessionStates for MemoryStore {
    async fn find_session_state(&self, id: SessionId, at: Instant) -> Stored<Option<SessionState>> {
        Ok(self.read(|state| {
            let session = state.sessions.get(&id).filter(|session| session.is_open(at))?;
            let user = state.users.get(&session.opened.user_id).filter(|user| user.is_active)?;
            Some(SessionState {
                session_id: id,
                user_id: user.id,
                username: user.username.as_str().to_owned(),
                role: user.role,
                customer_id: user.customer_id,
                technician_id: state.technician_of(user.id),
                language: user.language,
                must_change_password: user.must_change_password,
                mfa_active: user.mfa_active,
                generation: session.generation,
                acked_generation: session.acked_generation,
            })
        }))
    }

    async fn find_credentials(&self, name: &SignInName) -> Stored<Option<Credentials>> {
        Ok(self.read(|state| {
            let user = state.users.values().find(|user| match name {
                SignInName::Username(username) => user.username == *username,
                SignInName::Email(email) => user.email.normalized() == email.normalized(),
            })?;
            Some(Credentials { user_id: user.id, password_hash: user.password_hash.clone(), is_active: user.is_active })
        }))
    }
}

/// Single rows of a [`MemoryStore`], and what a use case asks about one of them. There is no third search engine: a list
/// obeys its scope, ignores filter, order and position, and gives the first rows by identifier without a total; of the
/// technicians only those who take work. A list of machines is `Unavailable`. Lists are tested on the databases.
#[derive(Debug, Clone)]
pub struct NoQueries(pub MemoryStore);

/// The beginning of a list.
fn first_rows<S, T>(page: &PageRequest<S>, rows: impl Iterator<Item = T>) -> Page<T> {
    Page { items: rows.take(usize::from(page.limit)).collect(), next: None, total: None }
}

#[async_trait]
impl Queries for NoQueries {
    async fn find_user(&self, id: UserId, scope: UserScope) -> Stored<Option<UserView>> {
        let user = self.0.read(|state| state.users.get(&id).cloned());
        Ok(user.filter(|_| scope.admits(id)).map(UserView::from))
    }

    async fn find_wanted_email(&self, user: UserId, at: Instant) -> Stored<Option<EmailAddress>> {
        let wanted = self.0.read(|state| state.wanted_emails.get(&user).cloned());
        Ok(wanted.filter(|wanted| wanted.expires_at > at).map(|wanted| wanted.email))
    }

    async fn list_users(
        &self,
        _scope: UserScope,
        _filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Stored<Page<UserView>> {
        Ok(self.0.read(|state| first_rows(page, state.users.values().cloned().map(UserView::from))))
    }

    async fn list_sessions(&self, user: UserId, at: Instant) -> Stored<Vec<SessionView>> {
        let mut sessions: Vec<_> = self.0.read(|state| {
            let own =
                state.sessions.iter().filter(|(_, session)| session.opened.user_id == user && session.is_open(at));
            own.map(|(id, session)| SessionView {
                id: *id,
                device: session.opened.client.device().to_owned(),
                ip: session.opened.client.ip.clone(),
                user_agent: session.opened.client.user_agent.clone().map(String::from),
                created_at: session.opened.created_at,
                last_used_at: session.last_used_at,
                expires_at: session.opened.expires_at,
            })
            .collect()
        });
        sessions.sort_by_key(|session| std::cmp::Reverse((session.created_at, session.id)));
        Ok(sessions)
    }

    async fn find_equipment(&self, id: EquipmentId, scope: EquipmentScope) -> Stored<Option<Equipment>> {
        let equipment = self.0.read(|state| state.equipment.get(&id).cloned());
        Ok(equipment.filter(|equipment| scope.admits(equipment)))
    }

    async fn list_equipment(
        &self,
        _scope: EquipmentScope,
        _filter: &EquipmentFilter,
        _page: &PageRequest<EquipmentSort>,
    ) -> Stored<Page<Equipment>> {
        Err(RepositoryError::Unavailable("there are no lists in memory".to_owned()))
    }
}
