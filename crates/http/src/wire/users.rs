//! Accounts, as clients see them.

use mif_application::Change;
use mif_application::access::ExpectedVersion;
use mif_application::users::{CreateUser, OwnAccount, UpdateProfile, UserChanges};
use mif_domain::customers::CustomerId;
use mif_domain::queries::{UserFilter, UserSort, UserView};
use mif_domain::users::{
    EmailAddress, EmailError, FullName, Language, PlainPassword, PlainPasswordError, Role, Username, UsernameError,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::moment::Moment;
use super::paging::{PagingParams, SortField, SortKind};
use super::patch::{Patch, as_is};
use super::wire_words;
use crate::problem::{ApiError, FieldErrors, FieldProblem};

wire_words! {
    /// What a user may do.
    RoleUtilisateur for Role {
        Admin = "admin" => Admin,
        Responsable = "responsable" => Manager,
        Technicien = "technicien" => Technician,
        Client = "client" => Customer,
    }
}

wire_words! {
    /// A language.
    Langue for Language {
        Francais = "fr" => French,
        Anglais = "en" => English,
    }
}

impl From<UsernameError> for FieldProblem {
    fn from(error: UsernameError) -> Self {
        match error {
            UsernameError::Length => Self::Format("doit avoir de 3 à 50 caractères", "must have 3 to 50 characters"),
            UsernameError::Character => Self::Format(
                "n'accepte que des lettres sans accent, des chiffres, '.', '_' et '-'",
                "takes letters without accents, digits, '.', '_' and '-' only",
            ),
        }
    }
}

impl From<EmailError> for FieldProblem {
    fn from(error: EmailError) -> Self {
        match error {
            EmailError::TooLong => Self::TooLong(254),
            EmailError::Form => Self::Format("doit être de la forme nom@domaine", "must be of the form name@domain"),
        }
    }
}

impl From<PlainPasswordError> for FieldProblem {
    fn from(_: PlainPasswordError) -> Self {
        Self::Format("doit avoir de 1 à 128 caractères", "must have 1 to 128 characters")
    }
}

/// Parses a password on its way in.
pub(crate) fn password(errors: &mut FieldErrors, name: &str, typed: String) -> Option<PlainPassword> {
    errors.check(name, PlainPassword::parse(typed))
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = Utilisateur, example = json!({
    "id": 12, "username": "f.zahra", "email": "f.zahra@exemple.ma", "full_name": "Fatima Zahra", "role": "technicien",
    "is_active": true, "client_id": null, "langue": "fr", "last_login": "2026-11-20T08:00:00Z",
    "password_changed_at": "2026-10-01T08:00:00Z", "must_change_password": false, "mfa_active": false,
    "created_at": "2026-10-01T08:00:00Z", "updated_at": "2026-10-01T08:00:00Z", "version": 1
}))]
pub(crate) struct UserRead<'a> {
    id: i64,
    username: &'a str,
    email: &'a str,
    /// The address that one asked for and has not confirmed yet. Shown to oneself only, and only while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_en_attente: Option<&'a str>,
    full_name: Option<&'a str>,
    role: RoleUtilisateur,
    /// A deactivated user cannot sign in.
    is_active: bool,
    /// Whose machines a `client` sees.
    client_id: Option<i64>,
    langue: Langue,
    last_login: Option<Moment>,
    password_changed_at: Moment,
    /// The password is temporary: the session may only change it.
    must_change_password: bool,
    /// A sign-in needs a second factor.
    mfa_active: bool,
    created_at: Moment,
    updated_at: Moment,
    /// What `If-Match` compares.
    version: i64,
}

impl<'a> From<&'a UserView> for UserRead<'a> {
    fn from(user: &'a UserView) -> Self {
        Self {
            id: user.id.0,
            username: user.username.as_str(),
            email: user.email.as_str(),
            email_en_attente: None,
            full_name: user.full_name.as_ref().map(FullName::as_str),
            role: user.role.into(),
            is_active: user.is_active,
            client_id: user.customer_id.map(|id| id.0),
            langue: user.language.into(),
            last_login: user.last_login_at.map(Moment::from),
            password_changed_at: user.password_changed_at.into(),
            must_change_password: user.must_change_password,
            mfa_active: user.mfa_active,
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
            version: user.version,
        }
    }
}

impl<'a> From<&'a OwnAccount> for UserRead<'a> {
    fn from(account: &'a OwnAccount) -> Self {
        let email_en_attente = account.wanted_email.as_ref().map(EmailAddress::as_str);
        Self { email_en_attente, ..Self::from(&account.user) }
    }
}

/// A new user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NouvelUtilisateur, example = json!({"email": "f.zahra@exemple.ma", "password": "Bielle-Huile-77!", "role": "technicien"}))]
pub(crate) struct UserNew {
    /// Made from the e-mail address when absent.
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$")]
    username: Option<String>,
    #[schema(format = Email, max_length = 254)]
    email: String,
    /// Needed without `invitation`.
    #[schema(format = Password, max_length = 128)]
    password: Option<String>,
    /// Instead of a password: a letter with which the user chooses it.
    invitation: Option<bool>,
    #[schema(max_length = 150)]
    full_name: Option<String>,
    /// `client` when absent.
    role: Option<RoleUtilisateur>,
    client_id: Option<i64>,
    /// `fr` when absent.
    langue: Option<Langue>,
    /// Whether the user must change this password at the first sign-in. `true` when absent, because somebody else chose it.
    must_change_password: Option<bool>,
}

impl UserNew {
    pub(crate) fn parse(self) -> Result<CreateUser, ApiError> {
        let mut errors = FieldErrors::default();
        let username = self.username.map(|name| errors.check("username", Username::parse(&name)));
        let email = errors.check("email", EmailAddress::parse(&self.email));
        let invited = self.invitation.unwrap_or(false);
        let password = match (invited, self.password) {
            (true, None) => None,
            (true, Some(_)) => {
                let why = FieldProblem::Format("ne va pas avec invitation", "does not go with invitation");
                return Err(ApiError::field("password", why));
            }
            (false, None) => return Err(ApiError::field("password", FieldProblem::Missing)),
            (false, Some(typed)) => password(&mut errors, "password", typed),
        };
        let full_name = self.full_name.map(|name| errors.check("full_name", FullName::parse(&name)));
        let email = errors.finish_with(email)?;
        Ok(CreateUser {
            username: username.flatten(),
            email,
            password,
            must_change_password: self.must_change_password.unwrap_or(true),
            full_name: full_name.flatten(),
            role: self.role.map_or(Role::Customer, Role::from),
            customer_id: self.client_id.map(CustomerId),
            language: self.langue.map_or(Language::French, Language::from),
        })
    }
}

/// What changes about a user. What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModificationUtilisateur, example = json!({"role": "responsable", "full_name": null}))]
pub(crate) struct UserPatch {
    #[serde(default)]
    #[schema(value_type = String, min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$")]
    username: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 150)]
    full_name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = RoleUtilisateur)]
    role: Patch<RoleUtilisateur>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    client_id: Patch<i64>,
    #[serde(default)]
    #[schema(value_type = Langue)]
    langue: Patch<Langue>,
    #[serde(default)]
    #[schema(value_type = bool)]
    is_active: Patch<bool>,
}

impl UserPatch {
    pub(crate) fn parse(self) -> Result<UserChanges, ApiError> {
        let mut errors = FieldErrors::default();
        let errs = &mut errors;
        let changes = UserChanges {
            username: self.username.required(errs, "username", |name| Username::parse(&name)),
            email: self.email.required(errs, "email", |email| EmailAddress::parse(&email)),
            full_name: self.full_name.optional(errs, "full_name", |name| FullName::parse(&name)),
            role: self.role.required(errs, "role", as_is),
            customer_id: self.client_id.optional(errs, "client_id", |id| Ok::<_, FieldProblem>(CustomerId(id))),
            language: self.langue.required(errs, "langue", as_is),
            is_active: self.is_active.required(errs, "is_active", as_is),
        };
        errors.finish()?;
        Ok(changes)
    }
}

/// What one changes about oneself. What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ModificationProfil, example = json!({"full_name": "Fatima Zahra", "langue": "fr"}))]
pub(crate) struct ProfilePut {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 150)]
    full_name: Patch<String>,
    /// A new address needs `current_password`, and counts once it is confirmed with the letter that is sent to it.
    #[serde(default)]
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Langue)]
    langue: Patch<Langue>,
    /// A new password needs `current_password`.
    #[schema(format = Password, max_length = 128)]
    password: Option<String>,
    #[schema(format = Password, max_length = 128)]
    current_password: Option<String>,
}

impl ProfilePut {
    pub(crate) fn parse(self, expected_version: ExpectedVersion) -> Result<UpdateProfile, ApiError> {
        let mut errors = FieldErrors::default();
        let errs = &mut errors;
        let full_name = self.full_name.optional(errs, "full_name", |name| FullName::parse(&name));
        let email = self.email.required(errs, "email", |email| EmailAddress::parse(&email));
        let language: Change<Language> = self.langue.required(errs, "langue", as_is);
        let new_password = self.password.and_then(|typed| password(errs, "password", typed));
        let current_password = self.current_password.and_then(|typed| password(errs, "current_password", typed));
        errors.finish()?;
        Ok(UpdateProfile { expected_version, full_name, email, language, current_password, new_password })
    }
}

/// A temporary password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MotDePasseTemporaire, example = json!({"password": "Courroie-Verte-42?"}))]
pub(crate) struct PasswordSet {
    #[schema(format = Password, max_length = 128)]
    pub(crate) password: String,
}

impl SortField for UserSort {
    const NAMES: &'static [(Self, &'static str, SortKind)] = &[
        (Self::Id, "id", SortKind::Number),
        (Self::Username, "username", SortKind::Text),
        (Self::Email, "email", SortKind::Text),
        (Self::Role, "role", SortKind::Text),
        (Self::LastLogin, "last_login", SortKind::Instant),
        (Self::CreatedAt, "created_at", SortKind::Instant),
    ];
    const DEFAULT: Self = Self::Id;
}

/// Which users, in which order, which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserListParams {
    /// Part of the username, name or e-mail address, without case or accents.
    q: Option<String>,
    /// Only this role.
    #[param(inline)]
    role: Option<RoleUtilisateur>,
    /// Only the active, or only the others.
    is_active: Option<bool>,
    /// Only those of this customer.
    client_id: Option<i64>,
    /// Rows of the page, 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// Rows to skip, for existing clients; `cursor` is better.
    #[param(maximum = 10000)]
    offset: Option<u32>,
    /// From the `Link` of the page before.
    cursor: Option<String>,
    /// `id`, `username`, `email`, `role`, `last_login` or `created_at`; with `-` in front from large to small.
    #[param(pattern = "^-?(id|username|email|role|last_login|created_at)$")]
    tri: Option<String>,
    /// Whether to count all rows into `X-Total-Count`.
    total: Option<bool>,
}

impl UserListParams {
    pub(crate) fn filter(&self) -> Result<UserFilter, ApiError> {
        Ok(UserFilter {
            text: super::equipment::search_term(self.q.as_deref())?,
            role: self.role.map(Role::from),
            is_active: self.is_active,
            customer_id: self.client_id.map(CustomerId),
        })
    }

    pub(crate) fn paging(&self) -> PagingParams<'_> {
        PagingParams {
            limit: self.limit,
            offset: self.offset,
            cursor: self.cursor.as_deref(),
            tri: self.tri.as_deref(),
            total: self.total,
        }
    }
}
