//! The beginning of a session.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use atoms_runtime::{Bus, Carrying, DecodeError, Envelope, Event, Shown};
use futures_core::Stream;
use futures_util::{Sink, SinkExt, StreamExt};
use tokio::time::timeout;

use super::broken::end_of_unread;
use super::connection::{Outgoing, error};
use super::identity::AnyIdentity;
use super::parting::part;
use super::{SessionEnd, Sessions};
use crate::events::{Init, Severity};

/// What is known of a session before its nodes are made: what the client says, and who it is. It is cheap to clone.
///
/// The fields of the client's [`Init`] are its fields, too. They are the client's word: whoever may connect can write
/// anything there. Who the client really is says the [`identity`](Self::identity).
#[derive(Clone)]
pub struct Opening {
    pub(super) id: Arc<str>,
    pub(super) init: Arc<Envelope<Init>>,
    pub(super) identity: Option<AnyIdentity>,
    pub(super) bus: Bus,
}

impl Opening {
    /// Returns the id of the session.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the event with which the client begins the session.
    pub fn init(&self) -> &Init {
        self.init.event()
    }

    /// Returns who the client is, if that is known and of this type: see [`Identity`](super::Identity).
    pub fn identity<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.identity.as_ref()?.get()
    }

    /// Returns the bus that sees the events of the session.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Adds who the client is to what the events of the session carry.
    pub(super) fn identified(&self, carrying: Carrying) -> Carrying {
        self.identity.as_ref().map_or(carrying.clone(), |identity| identity.carried_by(carrying))
    }
}

impl Deref for Opening {
    type Target = Init;

    fn deref(&self) -> &Init {
        self.init()
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening")
            .field("id", &self.id)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

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
