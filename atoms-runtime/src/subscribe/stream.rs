//! The events of a running bus as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::engine::limits::{Limits, Load};
use crate::engine::subscribers::Subscription;
use crate::event::{AnyEvent, Envelope, Event};

/// How many places for events an idle stream keeps.
const IDLE_PLACES: usize = 16;

/// The events `E` of a bus, from the call of [`Bus::stream`](crate::Bus::stream) on.
///
/// Cancel-safe: an event that was not returned yet is there at the next poll.
#[derive(Debug)]
pub struct EventStream<E> {
    buffer: Arc<Buffer>,
    subscription: Subscription,
    event: PhantomData<fn() -> E>,
}

/// An [`EventStream`] was not read in time, and lost this many events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream was not read in time, and lost {0} events")]
pub struct Lagged(pub u64);

impl<E: Event> EventStream<E> {
    pub(crate) fn new(buffer: Arc<Buffer>, subscription: Subscription) -> Self {
        Self { buffer, subscription, event: PhantomData }
    }

    /// Returns the next event, or `None` when the bus is shut down. Returns [`Lagged`] once after events were lost,
    /// and then goes on with those that are left.
    pub async fn next(&mut self) -> Option<Result<Arc<Envelope<E>>, Lagged>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Ends the stream, as dropping it does.
    pub fn unsubscribe(self) {
        self.subscription.unsubscribe();
    }
}

impl<E: Event> Stream for EventStream<E> {
    type Item = Result<Arc<Envelope<E>>, Lagged>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.buffer.poll_next(cx).map(|next| match next? {
            Ok(event) => event.downcast::<E>().ok().map(Ok),
            Err(lagged) => Some(Err(lagged)),
        })
    }
}

/// What came and was not read yet: the newest events, within the limits. It grows with what is in it.
pub(crate) struct Buffer {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Each with its size.
    events: VecDeque<(AnyEvent, usize)>,
    load: Load,
    /// How many were lost since the last time that this was told.
    lost: u64,
    closed: bool,
    reader: Option<Waker>,
}

/// Puts events in. When it is dropped, the stream ends with what is in it.
pub(crate) struct Writer(Arc<Buffer>);

impl Buffer {
    pub(crate) fn new(limits: Limits) -> (Arc<Self>, Writer) {
        let buffer = Arc::new(Self { limits, state: Mutex::default() });
        (Arc::clone(&buffer), Writer(buffer))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Result<AnyEvent, Lagged>>> {
        let mut state = self.lock();
        if state.lost > 0 {
            return Poll::Ready(Some(Err(Lagged(std::mem::take(&mut state.lost)))));
        }
        if let Some(event) = state.pop() {
            return Poll::Ready(Some(Ok(event)));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        if !state.reader.as_ref().is_some_and(|reader| reader.will_wake(cx.waker())) {
            state.reader = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl State {
    fn pop(&mut self) -> Option<AnyEvent> {
        let (event, size) = self.events.pop_front()?;
        self.load.remove(size);
        if self.events.is_empty() {
            self.events.shrink_to(IDLE_PLACES);
        }
        Some(event)
    }

    /// Whether there is more than may be kept. An event that is larger than the limit is kept alone.
    fn is_over(&self, limits: Limits) -> bool {
        self.load.events > limits.events || self.load.bytes > limits.bytes && self.load.events > 1
    }
}

impl Writer {
    pub(crate) fn put(&self, event: AnyEvent, size: usize) {
        let mut state = self.0.lock();
        state.events.push_back((event, size));
        state.load.add(size);
        // They may be the last of their kind, and are dropped when the lock is let go.
        let mut lost = Vec::new();
        while state.is_over(self.0.limits) {
            lost.extend(state.pop());
            state.lost += 1;
        }
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Buffer").field("load", &state.load).field("lost", &state.lost).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[crate::event(type = "stream.ticked", crate = atoms_runtime)]
    struct Ticked {}

    #[test]
    fn a_stream_takes_memory_for_what_is_in_it_only() {
        let (buffer, writer) = Buffer::new(Limits { events: 1_000_000, bytes: usize::MAX });
        assert_eq!(buffer.lock().events.capacity(), 0);
        for _ in 0..1_000 {
            writer.put(Envelope::new(Ticked {}).into(), 1);
        }
        let cx = Context::from_waker(Waker::noop());
        for _ in 0..1_000 {
            assert!(buffer.poll_next(&cx).is_ready());
        }
        assert!(buffer.poll_next(&cx).is_pending());
        assert!(buffer.lock().events.capacity() <= IDLE_PLACES);
    }
}
