//! The bus: runs handlers for events.

mod builder;
mod context;
mod dead_letters;
mod delayed;
mod dispatch;
mod dynamic;
mod emit;
mod extensions;
mod post;
mod received;
mod request;
pub(crate) mod shutdown;
mod stand_in;
mod subscribe;
mod tasks;
mod weak;

use std::fmt;
use std::pin::Pin;

pub use builder::BusBuilder;
pub use context::Context;
pub use dead_letters::DeadLetters;
pub use delayed::DelayedPosts;
pub use dispatch::Dispatch;
pub use emit::{Emit, Emittable};
pub use extensions::Extension;
pub use received::ReceiveError;
pub use request::RequestError;
pub use shutdown::ShutdownError;
pub use tasks::Busy;
pub use weak::WeakBus;

use crate::catalog::{Registry, StartError, StartWarning};
use crate::engine::received::ReceivedIds;
use crate::engine::{Bus, Receipt};
use crate::event::{AnyEvent, Event, EventInvalid, EventType};
use crate::handler::StartContext;
use crate::store::StoredEvents;
use crate::wire::{self, DecodeError, DecodeErrorKind, EncodeError};

/// What a frame is written into at first, as serde_json does it; it grows.
const FRAME_ROOM: usize = 128;

impl Bus {
    /// Starts a bus with every `#[handler]` that is linked into the program, and checks it.
    ///
    /// In edition 2024 the doc tests of a crate are one program: mark one that starts a bus as
    /// `standalone_crate`, or it finds the handlers of the others.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Returns a builder that sets the states, limits and handlers of a bus.
    pub fn builder() -> BusBuilder {
        BusBuilder::new()
    }

    /// Reads a frame, and delivers the event in it as [`emit_any`](Self::emit_any) does.
    ///
    /// The caller is trusted: the frame may be any event. An event of an unknown type goes to the handlers of every
    /// event. A [`Request`](crate::Request) goes to its handler, and its reply is dropped, since nobody waits for it
    /// here.
    ///
    /// A frame that is received again is delivered again, unless the bus [receives once](BusBuilder::receive_once).
    /// [`receive_posted`](Self::receive_posted) posts the event instead.
    ///
    /// If the frame cannot be read, [`EventInvalid`] is emitted, if anything takes it.
    pub async fn receive(&self, frame: &[u8]) -> Result<Receipt, DecodeError> {
        match self.decode(frame) {
            Ok(event) => Ok(match &self.0.received {
                None => self.emit_any(&event).await,
                Some(received) => self.emit_once(&event, received).await,
            }),
            Err(error) => {
                self.tell_of(&error).await;
                Err(error)
            }
        }
    }

    /// Emits an event, unless one with its id was received before.
    #[cold]
    fn emit_once<'a>(
        &'a self,
        event: &'a AnyEvent,
        received: &'a ReceivedIds,
    ) -> Pin<Box<dyn Future<Output = Receipt> + Send + 'a>> {
        Box::pin(async move {
            let begun = event.head().known_id().map(|id| received.begin(id)).transpose();
            let begun = match begun {
                Ok(begun) => begun,
                Err(duplicate) => {
                    let outline = self.0.tables.of(event.known_type()).outline;
                    return Receipt::new(&event.event_ref(), outline).of_duplicate(duplicate);
                }
            };
            let receipt = self.emit_any(event).await;
            if let Some(begun) = begun.filter(|_| receipt.is_ok()) {
                begun.handled();
            }
            receipt
        })
    }

    /// Emits that something could not be read, if anybody takes that.
    pub(crate) async fn tell_of(&self, error: &DecodeError) {
        if self.0.is_taken(Some(EventInvalid::event_type())) {
            // What fails there is among the dead letters.
            let _receipt = self.emit(EventInvalid::from(error)).await;
        }
    }

    /// Reads a frame with the codec and the frame limit of the bus, without delivering the event.
    pub fn decode(&self, frame: &[u8]) -> Result<AnyEvent, DecodeError> {
        let (size, limit) = (frame.len(), self.0.frame_limit);
        if size > limit {
            return Err(DecodeError::new(DecodeErrorKind::TooLarge { size, limit }));
        }
        wire::decode(&*self.0.codec, frame, &self.0.registry)
    }

    /// Writes an event as a frame with the bus's codec.
    pub fn encode(&self, event: &AnyEvent) -> Result<Vec<u8>, EncodeError> {
        let mut frame = Vec::with_capacity(FRAME_ROOM);
        wire::encode(&*self.0.codec, event, &mut frame, &self.0.registry)?;
        Ok(frame)
    }

    /// Returns the events that this bus can decode, and the handlers that it runs.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Returns what is probably a mistake, as the bus logged it when it started: patterns that select nothing, and states
    /// that nothing takes or that were replaced.
    ///
    /// ```
    /// use atoms::{Bus, StartWarning};
    ///
    /// let bus = Bus::builder().without_discovery().state("nobody takes this").start()?;
    /// assert!(matches!(bus.start_warnings(), [StartWarning::UnusedState { type_name: "&str" }]));
    /// # Ok::<(), atoms::StartError>(())
    /// ```
    pub fn start_warnings(&self) -> &[StartWarning] {
        self.0.warnings.get().map_or(&[], Vec::as_slice)
    }

    /// Returns what the parameters of handlers are prepared with, for code that calls handlers itself.
    pub fn start_context(&self) -> StartContext<'_> {
        StartContext::new(&self.0.states)
    }

    /// Returns what a store writes and reads the events of this bus with.
    pub fn stored_events(&self) -> StoredEvents {
        self.0.stored_events()
    }

    /// Returns whether a handler or a subscriber on this bus takes events of this type; with `None`, those of unknown
    /// types.
    #[inline]
    pub fn takes(&self, event_type: Option<&'static EventType>) -> bool {
        self.0.is_taken(event_type)
    }

    /// Returns whether [`shutdown`](Self::shutdown) was called.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("events", &self.0.registry.events().len())
            .field("handlers", &self.0.registry.handlers().len())
            .field("subscribers", &self.0.subscribers)
            .field("codec", &self.0.codec)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
