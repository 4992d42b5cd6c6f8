//! The callers that wait for the end of a call that a person has to approve.

use std::any::Any;
use std::collections::HashMap;
use std::sync::PoisonError;
#[cfg(not(shuttle))]
use std::sync::{Mutex, MutexGuard};

use atoms_runtime::EventId;
#[cfg(shuttle)]
use shuttle::sync::{Mutex, MutexGuard};
use tokio::sync::oneshot;

use crate::call::ToolError;

/// The outcome of a call. Its output is of the tool's type.
type End = Result<Box<dyn Any + Send>, ToolError>;

/// Who waits, by call. There is one for each caller at most.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<Table>);

#[derive(Default)]
struct Table {
    slots: HashMap<EventId, oneshot::Sender<End>>,
    is_closed: bool,
}

/// One who waits, until this is dropped.
pub(crate) struct Waiter<'a> {
    waiters: &'a Waiters,
    call: EventId,
    told: oneshot::Receiver<End>,
}

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait for the end of a call. Fails if the bus is shut down.
    pub(crate) fn enter(&self, call: &EventId) -> Result<Waiter<'_>, ToolError> {
        let (tell, told) = oneshot::channel();
        let mut table = self.lock();
        if table.is_closed {
            return Err(ToolError::Closed);
        }
        table.slots.insert(call.clone(), tell);
        Ok(Waiter { waiters: self, call: call.clone(), told })
    }

    /// Tells the caller that waits for this call its outcome. Returns the error of a call for which nobody waits any more.
    pub(crate) fn tell<O: Send + 'static>(
        &self,
        call: &EventId,
        end: Result<O, ToolError>,
    ) -> Result<(), ToolError> {
        let slot = self.lock().slots.remove(call);
        let end = end.map(|output| Box::new(output) as _);
        let untold = match slot {
            Some(tell) => tell.send(end).err(),
            None => Some(end),
        };
        untold.map_or(Ok(()), |end| end.map(drop))
    }

    /// Tells all who wait that no outcome will come.
    pub(crate) fn close(&self) {
        let mut table = self.lock();
        table.is_closed = true;
        let slots = std::mem::take(&mut table.slots);
        drop(table);
        drop(slots);
    }
}

#[cfg(all(test, shuttle))]
impl Waiters {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.lock().slots.len()
    }
}

impl Waiter<'_> {
    /// The call that is waited for.
    pub(crate) fn call(&self) -> &EventId {
        &self.call
    }

    /// Waits for the end of the call.
    pub(crate) async fn end<O: 'static>(&mut self) -> Result<O, ToolError> {
        let end = (&mut self.told).await.unwrap_or(Err(ToolError::Closed));
        end?.downcast().map(|output| *output).map_err(|_| ToolError::Closed)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.waiters.lock().slots.remove(&self.call);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_is_told_once_and_is_not_kept() {
        let waiters = Waiters::default();
        let (one, other) = (EventId::generate(), EventId::generate());
        let mut waiter = waiters.enter(&one).unwrap();
        drop(waiters.enter(&other).unwrap());
        waiters.tell(&other, Ok(1_u8)).unwrap();
        waiters.tell(&one, Ok(2_u8)).unwrap();
        waiters.tell(&one, Ok(3_u8)).unwrap();
        assert_eq!(waiter.end::<u8>().await.unwrap(), 2);
        assert!(waiters.lock().slots.is_empty());
    }

    #[tokio::test]
    async fn nobody_waits_for_what_is_closed() {
        let waiters = Waiters::default();
        let mut waiter = waiters.enter(&EventId::generate()).unwrap();
        waiters.close();
        assert!(matches!(waiter.end::<u8>().await, Err(ToolError::Closed)));
        assert!(matches!(waiters.enter(&EventId::generate()), Err(ToolError::Closed)));
    }
}
