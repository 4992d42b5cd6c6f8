//! The runtime of [`atoms`](https://docs.rs/atoms): events, wire, registry, dispatch and bus.
//!
//! Programs depend on `atoms`, which has all of this; crates that build on the runtime alone name it
//! in the macros, as in `#[event(type = "shop.order.created", crate = atoms_runtime)]`.

// The expansions of the macros name this crate by the path that they are given.
extern crate self as atoms_runtime;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod bus;
mod event;
mod handler;
mod macros;
mod registry;
pub mod testing;
mod wire;

pub use atoms_macros::{Event, event, handler};
pub use bus::{
    Attempt, Bus, BusBuilder, DeadLetter, DeadLetterCause, DeadLetters, Delayed, DelayedPost, DelayedPosting,
    Delivery, DetachError, EmitError, EventStream, ExpectError, Expectation, Failure, FailureKind,
    Interceptor, Lagged, Post, PostError, PostRefusal, Posting, Priority, Receipt, Recipient, RedeliverError,
    Refusal, Room, ShutdownError, StartContext, Subscription, Unfinished, Veto,
};
pub use event::{
    AnyEvent, DeliveryFailed, DynamicError, DynamicEvent, Envelope, Event, EventId, EventIdError,
    EventInvalid, EventType, IntoEnvelope, Metadata, RawEvent, Timestamp, TimestampError,
};
pub use handler::{
    AsyncHandler, Backoff, Context, Declares, Emissions, Emitter, EventSet, ExtractError, FromDelivery,
    Handler, HandlerError, HandlerInfo, Input, MissingState, Output, Params, PrepareError, Retry, Retryable,
    State, SyncHandler,
};
pub use registry::{Link, Registry, StartError, StartProblem};
pub use serde;
pub use wire::{Codec, DecodeError, DecodeErrorKind, EncodeError, JsonCodec, Place};
