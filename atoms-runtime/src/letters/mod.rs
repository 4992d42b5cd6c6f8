//! Dead letters, kept until somebody looks after them.

mod json;
mod letter;
mod memory;
mod redelivery;
mod store;

pub(crate) use letter::MAX_ATTEMPTS;
pub use letter::{Attempt, AttemptKind, DeadLetter, DeadLetterCause, LetterRecipient};
pub use memory::MemoryLetters;
pub(crate) use redelivery::{Claim, Letters, Redelivery};
pub use store::LetterStore;

use crate::handler::Refusal;
use crate::store::StoreError;

/// Why a dead letter could not be redelivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedeliverError {
    /// There is no dead letter with this number.
    #[error("there is no dead letter {0}")]
    NotFound(u64),
    /// The handler that failed is not on this bus, or shares its path with another.
    #[error(
        "dead letter {letter} is of the handler `{handler}`, which is not on this bus, or shares its path with \
         another: if it was renamed or moved, write `#[handler(was = \"{handler}\")]` on it; if two share the path, \
         give each an `id`; otherwise discard the letter"
    )]
    NoHandler {
        /// The number of the letter.
        letter: u64,
        /// The identity of the handler.
        handler: String,
    },
    /// A subscriber failed, and a subscriber cannot be called on its own.
    #[error("dead letter {0} is a subscriber's, and only handlers can be called again")]
    Subscriber(u64),
    /// The handler does not take the event any more, as its `when` decides.
    #[error("the handler of dead letter {0} does not take the event any more, as its `when` decides")]
    Declined(u64),
    /// The store could not be read or written. If it was written, the handler has been called.
    #[error("it was not redelivered: {0}")]
    Store(#[from] StoreError),
    /// The bus was shut down, or the letter was redelivered too often by handlers of its own consequences.
    #[error("it was not redelivered: {0}")]
    Refused(Refusal),
}
