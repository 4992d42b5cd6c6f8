//! Letting go what was held, one by one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Gate, Held, Turn, Verdict};

/// How long one that is let go may take to begin, before the next one is let go as well: nobody may poll it.
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

    pub(super) async fn run(mut self) {
        while let Some(held) = self.next() {
            let (turn, begun) = oneshot::channel();
            if held.tell.send(Verdict::Go(Turn(turn))).is_ok() {
                let _in_time = timeout(TURN, begun).await;
            }
        }
    }

    /// Without a runtime, nobody can wait for each to begin.
    pub(super) fn run_at_once(mut self) {
        while let Some(held) = self.next() {
            let _ = held.tell.send(Verdict::Go(Turn(oneshot::channel().0)));
        }
    }
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
