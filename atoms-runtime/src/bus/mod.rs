//! The bus: runs handlers for events.

mod builder;
mod context;
mod dead_letters;
mod dispatch;
mod dynamic;
mod emit;
mod extensions;
mod post;
mod request;
pub(crate) mod shutdown;
mod stand_in;
mod subscribe;
mod weak;

use std::fmt;

pub use builder::BusBuilder;
pub use context::Context;
pub use dead_letters::DeadLetters;
pub use dispatch::Dispatch;
pub use emit::{Emit, Emittable};
pub use extensions::Extension;
pub use request::RequestError;
pub use shutdown::ShutdownError;
pub use weak::WeakBus;

use crate::catalog::{Registry, StartError};
use crate::engine::{Bus, Receipt};
use crate::event::{AnyEvent, Event, EventInvalid, EventType};
use crate::handler::StartContext;
use crate::store::StoredEvents;
use crate::wire::{self, DecodeError, DecodeErrorKind, EncodeError};

/// What a frame is written into at first, as serde_json does it; it grows.
const FRAME_ROOM: usize = 128;

impl Bus {
    /// A bus with every `#[handler]` that is linked into the program, checked and ready.
    ///
    /// In edition 2024 the doc tests of a crate are one program: mark one that starts a bus as
    /// `standalone_crate`, or it finds the handlers of the others.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Makes a bus with states, limits, or handlers of one's choice.
    pub fn builder() -> BusBuilder {
        BusBuilder::new()
    }

    /// Reads a frame, and delivers the event in it as [`emit_any`](Self::emit_any) does.
    ///
    /// The caller is trusted: a frame may be any event. One of an unknown type goes to those who
    /// see every event. A [`Request`](crate::Request) goes to its handler, whose reply nobody waits for
    /// here, and is dropped.
    ///
    /// One that cannot be read becomes [`EventInvalid`] as well, if anybody takes that.
    pub async fn receive(&self, frame: &[u8]) -> Result<Receipt, DecodeError> {
        match self.decode(frame) {
            Ok(event) => Ok(self.emit_any(&event).await),
            Err(error) => {
                self.tell_of(&error).await;
                Err(error)
            }
        }
    }

    /// Emits that something could not be read, if anybody takes that.
    pub(crate) async fn tell_of(&self, error: &DecodeError) {
        if self.0.is_taken(Some(EventInvalid::event_type())) {
            // What fails there is among the dead letters.
            let _receipt = self.emit(EventInvalid::from(error)).await;
        }
    }

    /// Reads a frame with the bus's codec, within its limit, and delivers nothing.
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

    /// The events that this bus can decode, and the handlers that it runs.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What the parameters of a handler are prepared with, for those who call handlers that the bus does not.
    pub fn start_context(&self) -> StartContext<'_> {
        StartContext::new(&self.0.states)
    }

    /// Returns what a store writes the events of this bus with, and reads them back.
    pub fn stored_events(&self) -> StoredEvents {
        self.0.stored_events()
    }

    /// Returns whether a handler or a subscriber on this bus takes events of this type; with `None`, those of unknown
    /// types.
    pub fn takes(&self, event_type: Option<&'static EventType>) -> bool {
        self.0.is_taken(event_type)
    }

    /// Whether [`shutdown`](Self::shutdown) was called.
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
