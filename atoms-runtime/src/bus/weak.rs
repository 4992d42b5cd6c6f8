//! A reference that does not keep a bus alive.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::engine::{Bus, Engine};

/// A reference to a [`Bus`] that does not keep it alive: for an [`Extension`](crate::Extension) and its tasks, which
/// the bus owns.
///
/// ```
/// # fn main() -> Result<(), atoms::StartError> {
/// let bus = atoms::Bus::start()?;
/// let weak = bus.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(bus);
/// assert!(weak.upgrade().is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WeakBus(Weak<Engine>);

impl Bus {
    /// Returns a reference to the bus that does not keep it alive.
    pub fn downgrade(&self) -> WeakBus {
        WeakBus(Arc::downgrade(&self.0))
    }
}

impl WeakBus {
    /// Returns the bus, if a clone of it still exists.
    pub fn upgrade(&self) -> Option<Bus> {
        self.0.upgrade().map(Bus)
    }
}

impl fmt::Debug for WeakBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakBus")
    }
}
