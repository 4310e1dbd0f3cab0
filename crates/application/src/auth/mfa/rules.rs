//! Who needs a second factor.

use mif_domain::users::Role;

use crate::access::Actor;

/// For which roles a second factor is no choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MfaRules {
    /// Users of these roles need one.
    pub required_roles: Vec<Role>,
}

impl MfaRules {
    /// Whether users of a role need one.
    pub fn require(&self, role: Role) -> bool {
        self.required_roles.contains(&role)
    }

    /// Whether somebody must set one up before anything else.
    pub fn must_enrol(&self, actor: &Actor) -> bool {
        !actor.mfa_active() && self.require(actor.role())
    }
}
