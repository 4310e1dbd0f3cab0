//! Users.

use async_trait::async_trait;
use mif_domain::customers::CustomerId;
use mif_domain::repository::Stored;
use mif_domain::users::{EmailAddress, NewUser, PasswordHash, Role, User, UserId, UserRepository, Username};
use mif_domain::{Constraint, Instant, RepositoryError};

use super::Unit;

pub(super) struct Users<'a>(pub(super) &'a mut Unit);

impl Users<'_> {
    fn check(
        &mut self,
        id: Option<UserId>,
        username: &Username,
        email: &EmailAddress,
        customer: Option<CustomerId>,
    ) -> Stored<()> {
        let others = || self.0.state.users.values().filter(|other| Some(other.id) != id);
        let username_free = others().all(|other| other.username != *username);
        let email_free = others().all(|other| other.email.normalized() != email.normalized());
        let customer_known = customer.is_none_or(|customer| self.0.state.customers.contains_key(&customer));
        self.0.keep(username_free, Constraint::UsernameTaken)?;
        self.0.keep(email_free, Constraint::EmailTaken)?;
        self.0.keep(customer_known, Constraint::UnknownCustomer)
    }
}

#[async_trait]
impl UserRepository for Users<'_> {
    async fn insert(&mut self, new: NewUser, at: Instant) -> Stored<User> {
        self.check(None, &new.username, &new.email, new.customer_id)?;
        let user = User {
            id: UserId(self.0.state.next_id()),
            username: new.username,
            email: new.email,
            full_name: new.full_name,
            role: new.role,
            is_active: true,
            customer_id: new.customer_id,
            language: new.language,
            password_hash: new.password_hash,
            password_changed_at: at,
            must_change_password: new.must_change_password,
            mfa_active: false,
            last_login_at: None,
            created_at: at,
            updated_at: at,
            version: 1,
        };
        self.0.state.users.insert(user.id, user.clone());
        Ok(user)
    }

    async fn find_for_update(&mut self, id: UserId) -> Stored<Option<User>> {
        Ok(self.0.state.users.get(&id).cloned())
    }

    async fn update(&mut self, user: &User, at: Instant) -> Stored<User> {
        let Some(stored) = self.0.state.users.get(&user.id).filter(|stored| stored.version == user.version).cloned()
        else {
            return self.0.refuse(RepositoryError::Stale);
        };
        self.check(Some(user.id), &user.username, &user.email, user.customer_id)?;
        let updated = User {
            last_login_at: stored.last_login_at,
            created_at: stored.created_at,
            updated_at: at,
            version: stored.version + 1,
            ..user.clone()
        };
        self.0.state.users.insert(updated.id, updated.clone());
        Ok(updated)
    }

    async fn record_login(&mut self, id: UserId, at: Instant) -> Stored<()> {
        if let Some(user) = self.0.state.users.get_mut(&id) {
            user.last_login_at = Some(at);
        }
        Ok(())
    }

    async fn replace_password_hash(&mut self, id: UserId, old: &PasswordHash, new: &PasswordHash) -> Stored<bool> {
        let user = self.0.state.users.get_mut(&id).filter(|user| user.password_hash == *old);
        Ok(user.map(|user| user.password_hash = new.clone()).is_some())
    }

    async fn remember_password(&mut self, id: UserId, replaced: &PasswordHash, _at: Instant) -> Stored<()> {
        let known = self.0.state.users.contains_key(&id);
        self.0.keep(known, Constraint::Other)?;
        let former = self.0.state.former_passwords.entry(id).or_default();
        former.insert(0, replaced.clone());
        former.truncate(User::FORMER_PASSWORDS);
        Ok(())
    }

    async fn list_former_passwords(&mut self, id: UserId) -> Stored<Vec<PasswordHash>> {
        Ok(self.0.state.former_passwords.get(&id).cloned().unwrap_or_default())
    }

    async fn username_exists(&mut self, username: &Username) -> Stored<bool> {
        Ok(self.0.state.users.values().any(|user| user.username == *username))
    }

    async fn email_exists(&mut self, email: &EmailAddress, except: UserId) -> Stored<bool> {
        let taken = |user: &User| user.id != except && user.email.normalized() == email.normalized();
        Ok(self.0.state.users.values().any(taken))
    }

    async fn count_active_admins(&mut self) -> Stored<u64> {
        let admins = self.0.state.users.values().filter(|user| user.is_active && user.role == Role::Admin);
        Ok(admins.count() as u64)
    }

    async fn list_active(&mut self, role: Role, customer: Option<CustomerId>) -> Stored<Vec<UserId>> {
        let concerned = self.0.state.users.values().filter(|user| {
            user.is_active && user.role == role && customer.is_none_or(|customer| user.customer_id == Some(customer))
        });
        Ok(concerned.map(|user| user.id).take(500).collect())
    }

    async fn insert_first(&mut self, user: NewUser, at: Instant) -> Stored<Option<UserId>> {
        if !self.0.state.users.is_empty() {
            return Ok(None);
        }
        self.insert(user, at).await.map(|user| Some(user.id))
    }
}
