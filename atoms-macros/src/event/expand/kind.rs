//! Selects the trait of the runtime that the type of a field must implement.

use syn::Type;

use super::super::Form;
use super::super::model::{Event, Field};
use super::super::serde;
use crate::common::types;

/// What a type must be, which decides what rustc says if it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Written to the wire and read back.
    Written,
    /// The same, with a message that depends on how the type is spelled.
    Array,
    Channel,
    Clock,
    Counted,
    Dynamic,
    Lock,
    ThreadBound,
    /// Written to the wire and read back, and not shown.
    Secret,
    /// Written or read by a function of the user.
    Converted,
    /// Not read: it has its default value.
    Skipped,
    /// Shared between threads, and nothing else.
    Shared,
}

impl Kind {
    /// The function that checks it.
    pub(super) fn check(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Array => "array",
            Self::Channel => "channel",
            Self::Clock => "clock",
            Self::Counted => "counted",
            Self::Dynamic => "dynamic",
            Self::Lock => "lock",
            Self::ThreadBound => "thread_bound",
            Self::Secret => "secret",
            Self::Converted => "converted",
            Self::Skipped => "skipped",
            Self::Shared => "shared",
        }
    }
}

/// The kind that the attributes of the event and the field give, if it does not depend on the type.
pub(super) fn by_its_place(event: &Event<'_>, field: &Field<'_>) -> Option<Kind> {
    let (serde, sensitive) = (&field.serde, field.keys.sensitive);
    let has_default = event.serde.has_default || serde.default.is_some() || field.keys.default.is_some();
    if event.form == Form::Derive {
        Some(Kind::Shared)
    } else if serde.needs_both() {
        sensitive.then_some(Kind::Secret)
    } else if sensitive {
        Some(Kind::Shared)
    } else if serde.is_never_read() && !has_default && serde::conditional(&field.syntax.attrs).is_empty() {
        Some(Kind::Skipped)
    } else {
        Some(Kind::Converted)
    }
}

/// The kind that the spelling of the type gives.
pub(super) fn by_its_spelling(ty: &Type) -> Kind {
    let holds =
        |names: &[&str]| types::find(ty, &|ty| names.iter().any(|name| types::is_named(ty, name))).is_some();
    if types::find(ty, &|ty| matches!(ty, Type::TraitObject(_))).is_some() {
        Kind::Dynamic
    } else if holds(&["Rc"]) {
        Kind::ThreadBound
    } else if holds(&["Instant"]) {
        Kind::Clock
    } else if holds(&CHANNELS) {
        Kind::Channel
    } else if holds(&LOCKS) {
        Kind::Lock
    } else if holds(&["Arc"]) {
        Kind::Counted
    } else if matches!(ty, Type::Array(_)) {
        Kind::Array
    } else {
        Kind::Written
    }
}

const CHANNELS: [&str; 5] = ["Sender", "Receiver", "SyncSender", "UnboundedSender", "UnboundedReceiver"];

const LOCKS: [&str; 13] = [
    "Mutex",
    "RwLock",
    "AtomicBool",
    "AtomicU8",
    "AtomicU16",
    "AtomicU32",
    "AtomicU64",
    "AtomicUsize",
    "AtomicI8",
    "AtomicI16",
    "AtomicI32",
    "AtomicI64",
    "AtomicIsize",
];

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn what_is_said_depends_on_the_spelling() {
        for (ty, kind) in [
            (parse_quote!(Address), Kind::Written),
            (parse_quote!(std::time::Instant), Kind::Clock),
            (parse_quote!(oneshot::Sender<Arc<str>>), Kind::Channel),
            (parse_quote!(Box<dyn Fn(Rc<u8>)>), Kind::Dynamic),
            (parse_quote!(Rc<Arc<str>>), Kind::ThreadBound),
            (parse_quote!(Option<Arc<str>>), Kind::Counted),
            (parse_quote!(Arc<Mutex<u8>>), Kind::Lock),
            (parse_quote!([u8; 64]), Kind::Array),
            (parse_quote!(Box<str>), Kind::Written),
        ] {
            assert_eq!(by_its_spelling(&ty), kind);
        }
    }
}
