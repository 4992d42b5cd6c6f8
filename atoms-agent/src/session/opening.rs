//! The beginning of a session.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use atoms_runtime::{DecodeError, Envelope, Event, Shown};
use futures_core::Stream;
use futures_util::{Sink, SinkExt, StreamExt};
use tokio::time::timeout;

use super::broken::end_of_unread;
use super::connection::{Outgoing, error};
use super::parting::part;
use super::{SessionEnd, Sessions};
use crate::events::{Init, Severity};

impl Sessions {
    /// Waits for the first frame, which is the client's [`Init`].
    pub(super) async fn handshake<I, B>(&self, incoming: &mut I) -> Result<Arc<Envelope<Init>>, SessionEnd>
    where
        I: Stream<Item = Result<B, SessionEnd>> + Unpin,
        B: AsRef<[u8]>,
    {
        let seconds = self.0.options.handshake;
        let first = tokio::select! {
            biased;
            () = self.0.closing.cancelled() => return Err(SessionEnd::Shutdown),
            first = timeout(seconds, incoming.next()) => first,
        };
        let Ok(first) = first else {
            return Err(SessionEnd::NotBegun(format!("no `{}` within {seconds:?}", Init::TYPE)));
        };
        let frame = first.ok_or(SessionEnd::ByClient)??;
        self.0.counters.frames_in.fetch_add(1, Ordering::Relaxed);
        self.read_init(frame.as_ref())
    }

    /// The [`Init`] that a client has sent as its first frame.
    fn read_init(&self, frame: &[u8]) -> Result<Arc<Envelope<Init>>, SessionEnd> {
        let event = self.bus().decode(frame).map_err(|error| {
            end_of_unread(None, &error).unwrap_or_else(|| SessionEnd::NotBegun(why_unread(&error)))
        })?;
        let (size, limit) = (event.size(), self.0.options.init_bytes);
        if size > limit {
            let why = format!("the first event takes {size} bytes of memory, and the limit is {limit}");
            return Err(SessionEnd::NotBegun(why));
        }
        event.downcast::<Init>().map_err(|other| {
            let found = other.event_type();
            SessionEnd::NotBegun(format!("the first event must be `{}`, and not `{found}`", Init::TYPE))
        })
    }

    /// Tells a client why its session did not begin.
    pub(super) async fn turn_away<I, B, O>(&self, end: &SessionEnd, incoming: &mut I, outgoing: &mut O)
    where
        I: Stream<Item = Result<B, SessionEnd>> + Unpin,
        O: Sink<Outgoing> + Unpin,
    {
        if !end.is_by_absence() {
            let told = error(end.to_string(), Severity::Fatal);
            let frame = self.bus().encode(&Envelope::new(told).into()).unwrap_or_default();
            // A client that is gone need not be told.
            let _ = outgoing.feed(Outgoing::Frame(frame)).await;
        }
        part(end, incoming, outgoing).await;
    }
}

/// The reason that the first frame cannot be read. It begins with the problem, since a close frame is short.
fn why_unread(error: &DecodeError) -> String {
    let is_init = error.event_type() == Some(Init::TYPE);
    if !is_init {
        return format!("the first event must be `{}`: {error}", Init::TYPE);
    }
    let kind = Shown(error.kind());
    match error.path() {
        "" => format!("bad `{}`: {kind}", Init::TYPE),
        path => format!("bad `{}`: {kind}, at `{}`", Init::TYPE, Shown(path)),
    }
}
