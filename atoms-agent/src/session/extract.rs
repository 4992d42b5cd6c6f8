//! [`Session`] as a parameter of handlers.

use std::any::Any;

use atoms_runtime::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};

use super::Session;
use super::routing::Router;
use crate::instance::outlet::NodeOutlet;
use crate::instance::{Host, with_host};

impl Session {
    /// The session whose handler runs on this thread, if one does.
    pub(super) fn current() -> Option<Self> {
        with_host(Self::of).flatten()
    }

    /// The session that runs an instance, if it is one that does.
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
        if let Some(session) = NodeOutlet::of(delivery).and_then(|outlet| Self::of(&*outlet.host)) {
            return Ok(session);
        }
        let Some(id) = delivery.metadata().session_id() else {
            return Err(ExtractError::missing("the event belongs to no session"));
        };
        let bus = delivery.bus();
        let found = bus.attached::<Router>().and_then(|router| router.session(id));
        found.ok_or_else(|| ExtractError::missing(format!("the session `{id}` has ended")))
    }
}
