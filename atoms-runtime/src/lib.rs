//! The runtime of [`atoms`](https://docs.rs/atoms-rs): events, wire, registry, dispatch and bus.
//!
//! Programs depend on `atoms`, which has all of this; crates that build on the runtime alone name it
//! in the macros, as in `#[event(type = "shop.order.created", crate = atoms_runtime)]`.

// The expansions of the macros name this crate by the path that they are given.
extern crate self as atoms_runtime;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod bus;
mod catalog;
mod caught;
mod engine;
mod event;
mod handler;
mod layers;
mod letters;
mod linker_macros;
mod log_limit;
mod macros;
mod queue;
mod set_macros;
#[cfg(all(test, shuttle))]
mod shuttle_tests;
mod store;
mod subscribe;
mod sync;
pub mod testing;
mod text;
mod wire;

pub use atoms_macros::{Event, event, event_set, handler, request};
pub use bus::{
    BusBuilder, Busy, Context, DeadLetters, DelayedPosts, Dispatch, Emit, Emittable, Extension, ReceiveError,
    RequestError, ShutdownError, WeakBus,
};
pub use catalog::{
    CircleEdge, Entry, EntryInfo, Registry, StartCheck, StartError, StartProblem, StartWarning,
};
pub use caught::{Guarded, panic_message};
pub use engine::{
    Around, Bus, Duplicate, EmitError, EmitLayer, Failure, Handled, HandlerCall, Layer, LostEvents, Next,
    NextEmit, NotDone, NotHandled, Outcome, PostCheck, PostLayer, Receipt, ReceiveWindow, Route, Routed,
    Subscription, SyncLayer, SyncNext, Unfinished,
};
pub use event::EventShape;
pub use event::erased::lent::Lent;
pub use event::{
    AllEmitted, AnyEvent, Asked, Cancellation, Carried, CarriedType, Carrying, Cause, DeliveryFailed,
    Emitted, Envelope, Event, EventId, EventIdError, EventInvalid, EventKey, EventKind, EventType,
    EventTypes, Flow, InSession, IntoEnvelope, IntoRequest, IsAsked, IsEmitted, KeyField, Metadata, One,
    RawEvent, Request, Stored, Timestamp, TimestampError, memory_size,
};
pub use handler::{
    AnsweredBy, AsyncHandler, Backoff, Declares, Delivery, DetachError, Emissions, EmitOutcome, Emitter,
    Emitting, EventSet, ExtractError, FailureKind, FromDelivery, FromSyncDelivery, Handler, HandlerError,
    HandlerInfo, HandlerOptions, Input, MissingState, NotInSet, Outlet, Output, Params, PrepareError,
    Recipient, Refusal, Retry, Retryable, Returned, Returns, Shared, StartContext, State, SyncDelivery,
    SyncHandler, SyncParams, Veto,
};
pub use layers::intercept::Interceptor;
pub use letters::{
    Attempt, AttemptKind, DeadLetter, DeadLetterCause, LetterRecipient, LetterStore, MemoryLetters,
    RedeliverError,
};
pub use log_limit::LogLimit;
pub use queue::{
    Acknowledgement, Backlog, BacklogRoom, Clock, DelayName, Delayed, DelayedEvent, DelayedFilter,
    DelayedPost, DelayedPosting, MemoryBacklog, NewPost, Post, PostError, PostRefusal, PostWithReceipt,
    Posting, PostingWithReceipt, Priority, QueueDepth, QueueDepths, Taken, Ticket,
};
#[doc(no_inline)]
pub use serde;
pub use store::{StoreError, StoreErrorKind, StoreFuture, StoredEvents};
pub use subscribe::{EventStream, ExpectError, Expectation, Lagged};
pub use text::Shown;
pub use wire::{
    Codec, DecodeError, DecodeErrorKind, DynamicError, DynamicEvent, EncodeError, EncodeErrorKind, JsonCodec,
    Place,
};
