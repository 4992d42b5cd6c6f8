//! Types of events, as what a signature says of them is known at compile time.

use std::fmt;

use super::{Event, EventType, Flow};

/// Types of events that are known at compile time: those that a handler takes or emits.
///
/// ```
/// use atoms::{EventTypes, event};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// const EMITS: EventTypes = EventTypes::of::<OrderCreated>();
/// assert_eq!(EMITS.to_vec()[0].name(), "shop.order.created");
/// ```
///
/// A check at compile time walks through it, as that of `graph!` does:
///
/// ```
/// use atoms::EventTypes;
///
/// const fn count(types: &EventTypes) -> usize {
///     match types {
///         EventTypes::One(_) => 1,
///         EventTypes::All(lists) => {
///             let (mut sum, mut list) = (0, 0);
///             while list < lists.len() {
///                 sum += count(lists[list]);
///                 list += 1;
///             }
///             sum
///         }
///     }
/// }
///
/// const _: () = assert!(count(&EventTypes::NONE) == 0);
/// ```
#[derive(Clone, Copy)]
pub enum EventTypes {
    /// One type of events.
    One(EventShape),
    /// Those of several lists. Consts of a length that depends on types cannot be one array.
    All(&'static [&'static EventTypes]),
}

/// What is known of an event at compile time.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EventShape {
    /// The type string.
    pub name: &'static str,
    /// Where the event may go in a conversation.
    pub flow: Flow,
    /// A hash of the type string, since comparing strings takes rustc long. It is not the same in all versions.
    pub hash: u64,
    event_type: fn() -> &'static EventType,
}

impl EventTypes {
    /// No types.
    pub const NONE: Self = Self::All(&[]);

    /// Returns the type of the event `E`.
    pub const fn of<E: Event>() -> Self {
        Self::One(EventShape { name: E::TYPE, flow: E::FLOW, hash: hash(E::TYPE), event_type: E::event_type })
    }

    /// Returns the types of several lists.
    pub const fn all(lists: &'static [&'static Self]) -> Self {
        Self::All(lists)
    }

    /// Returns whether the type is among them.
    pub fn contains(self, event_type: &'static EventType) -> bool {
        match self {
            Self::One(shape) => (shape.event_type)() == event_type,
            Self::All(lists) => lists.iter().any(|list| list.contains(event_type)),
        }
    }

    /// Returns each type, in the order in which they are named, and as often as it is named.
    pub fn to_vec(self) -> Vec<&'static EventType> {
        let mut types = Vec::new();
        self.add_to(&mut types);
        types
    }

    fn add_to(self, types: &mut Vec<&'static EventType>) {
        match self {
            Self::One(shape) => types.push((shape.event_type)()),
            Self::All(lists) => lists.iter().for_each(|list| list.add_to(types)),
        }
    }
}

/// [FNV-1a](http://www.isthe.com/chongo/tech/comp/fnv/) of eight bytes at a time. rustc does it for each event, and takes
/// some thousand instructions for each step.
const fn hash(name: &str) -> u64 {
    let (mut hash, mut rest) = (0xcbf2_9ce4_8422_2325, name.as_bytes());
    while let [a, b, c, d, e, f, g, h, others @ ..] = rest {
        hash = fnv(hash, u64::from_ne_bytes([*a, *b, *c, *d, *e, *f, *g, *h]));
        rest = others;
    }
    while let [byte, others @ ..] = rest {
        hash = fnv(hash, *byte as u64);
        rest = others;
    }
    // The length, since a byte may stand for itself or for eight of which seven are zero.
    fnv(hash, name.len() as u64)
}

const fn fnv(hash: u64, bytes: u64) -> u64 {
    let hash = (hash ^ bytes).wrapping_mul(0x0100_0000_01b3);
    hash ^ (hash >> 32)
}

/// The type strings.
impl fmt::Debug for EventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.to_vec().into_iter().map(EventType::name)).finish()
    }
}
