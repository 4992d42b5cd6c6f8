//! [`Session`] as a parameter of handlers.

use std::any::Any;
use std::sync::Weak;

use atoms_runtime::{Carried, Delivery, ExtractError, FromDelivery, PrepareError, StartContext, Stored};

use super::{Core, Session};
use crate::instance::Host;
use crate::instance::outlet::NodeOutlet;

/// The session that its events, and those that follow from them, carry. It is a weak reference.
pub(super) struct OfSession(pub(super) Weak<Core>);

impl Carried for OfSession {
    // Sessions end with their process.
    const STORED: Option<Stored<Self>> = None;
}

impl OfSession {
    /// Returns the session, if it still runs.
    pub(super) fn session(&self) -> Option<Session> {
        self.0.upgrade().map(|core| Session(core, None)).filter(|session| !session.instance().is_over())
    }
}

impl Session {
    /// Returns the session that runs an instance, if a session runs it.
    fn of(host: &dyn Host) -> Option<Self> {
        let host: &dyn Any = host;
        host.downcast_ref().cloned()
    }
}

#[diagnostic::do_not_recommend]
impl FromDelivery for Session {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        if let Some(outlet) = NodeOutlet::of(delivery)
            && let Some(session) = Self::of(&*outlet.host)
        {
            return Ok(Self(session.0, outlet.request()));
        }
        let Some(of) = delivery.carried::<OfSession>() else {
            return Err(ExtractError::missing("the event belongs to no session"));
        };
        of.session().ok_or_else(|| ExtractError::missing("the session of the event has ended"))
    }
}
