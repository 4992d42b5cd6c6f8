//! [`Session`] as a parameter of handlers.

use atoms_runtime::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};

use super::routing::Router;
use super::{CURRENT, Session};
use crate::instance::outlet::NodeOutlet;

impl Session {
    /// The session whose handler runs on this thread, if one does.
    pub(super) fn current() -> Option<Self> {
        CURRENT.is_set().then(|| CURRENT.with(Self::clone))
    }
}

#[diagnostic::do_not_recommend]
impl FromDelivery for Session {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        if let Some(outlet) = NodeOutlet::of(delivery) {
            return Ok(outlet.session.clone());
        }
        let Some(id) = delivery.metadata().session_id() else {
            return Err(ExtractError::missing("the event belongs to no session"));
        };
        let bus = delivery.bus();
        let found = bus.attached::<Router>().and_then(|router| router.session(id));
        found.ok_or_else(|| ExtractError::missing(format!("the session `{id}` has ended")))
    }
}
