//! Letting go what was held, one by one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
#[cfg(not(shuttle))]
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Gate, Held, Turn, Verdict};

/// How long one that is let go may take to begin, before the next one is let go as well: nobody may poll it.
#[cfg(not(shuttle))]
const TURN: Duration = Duration::from_secs(1);

/// Somebody lets go those whose turn it is, until this is dropped.
pub(super) struct Pump {
    gate: Arc<Gate>,
    is_done: bool,
}

impl Pump {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        Self { gate, is_done: false }
    }

    fn next(&mut self) -> Option<Held> {
        let mut state = self.gate.state.lock();
        match state.leaving.pop_first() {
            Some((_, held)) => {
                state.bytes -= held.bytes;
                Some(held)
            }
            None => {
                (state.has_pump, self.is_done) = (false, true);
                self.gate.is_open.store(state.is_open(), Ordering::SeqCst);
                None
            }
        }
    }

    /// Lets all go, in a task where there can be one.
    #[cfg(not(shuttle))]
    pub(super) fn begin(self) {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(self.run())),
            Err(_) => self.run_at_once(),
        }
    }

    #[cfg(shuttle)]
    pub(super) fn begin(self) {
        drop(shuttle::future::spawn(self.run()));
    }

    async fn run(mut self) {
        while let Some(held) = self.next() {
            let (turn, begun) = oneshot::channel();
            if held.tell.send(Verdict::Go(Turn(turn))).is_ok() {
                in_time(begun).await;
            }
        }
    }

    /// Without a runtime, nobody can wait for each to begin.
    #[cfg(not(shuttle))]
    fn run_at_once(mut self) {
        while let Some(held) = self.next() {
            let _ = held.tell.send(Verdict::Go(Turn(oneshot::channel().0)));
        }
    }
}

#[cfg(not(shuttle))]
async fn in_time(begun: oneshot::Receiver<()>) {
    let _in_time = tokio::time::timeout(TURN, begun).await;
}

/// There is no time.
#[cfg(shuttle)]
async fn in_time(begun: oneshot::Receiver<()>) {
    let _begun = begun.await;
}

impl Drop for Pump {
    /// The runtime may end before all are let go: then the others go without order.
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        while let Some(held) = self.next() {
            let _ = held.tell.send(Verdict::Go(Turn(oneshot::channel().0)));
        }
    }
}
