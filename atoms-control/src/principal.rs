//! Principals: who somebody is, and which roles they have.

use std::fmt;

use atoms_runtime::{
    Carried, Delivery, ExtractError, FromDelivery, PrepareError, Shown, StartContext, Stored,
};
use serde::{Deserialize, Serialize};

/// Somebody who does something, with the roles that say what they may do.
///
/// The program's own code makes principals, for example a server after it has checked a token. A principal is never
/// read from a frame or a request of a client.
///
/// ```
/// use atoms::control::Principal;
///
/// let ada = Principal::new("ada").role("manager");
/// assert!(ada.has_role("manager") && !ada.has_role("director"));
/// ```
///
/// An event can [carry](Carried) one in this process and in the stores of this program, and a handler may take it as a
/// parameter.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    name: String,
    roles: Vec<String>,
}

impl Principal {
    /// Creates a principal without roles.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), roles: Vec::new() }
    }

    /// Adds a role.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        let role = role.into();
        if !self.has_role(&role) {
            self.roles.push(role);
        }
        self
    }

    /// Adds roles.
    #[must_use]
    pub fn with_roles<R: Into<String>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        roles.into_iter().fold(self, Self::role)
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the roles, in the order in which they were added.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Returns whether they have this role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

/// The name, as a log line can show it.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.name).fmt(f)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal").field("name", &self.name).field("roles", &self.roles).finish()
    }
}

impl Carried for Principal {
    const STORED: Option<Stored<Self>> = Some(Stored::json("atoms.principal"));
}

#[diagnostic::do_not_recommend]
impl FromDelivery for Principal {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        delivery.carried().cloned().ok_or_else(|| ExtractError::missing("the event carries no principal"))
    }
}
