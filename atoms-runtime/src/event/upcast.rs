//! Reading frames of older versions of an event as the newest one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Envelope, Event, EventKind};
use crate::caught::panic_text;

/// Why a frame could not be read as an event of one version.
#[derive(Debug)]
pub struct Unread {
    pub(crate) why: Why,
    /// The sensitive fields of the struct that was read, which may be an old one.
    pub(crate) sensitive: &'static [&'static str],
}

#[derive(Debug)]
pub(crate) enum Why {
    Refused(serde_json::Error),
    Panicked(String),
}

/// Reads, and catches a panic of the user's code in it. `hides` says whether that may be about a sensitive
/// value.
pub(crate) fn caught<T>(hides: bool, read: impl FnOnce() -> Result<T, Unread>) -> Result<T, Unread> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let message = panic_text(panic, hides);
        Err(Unread { why: Why::Panicked(message), sensitive: &[] })
    })
}

/// Reads a frame of an older version, or of the event's own.
pub type Read<E> = fn(u32, &str) -> Result<Envelope<E>, Unread>;

/// Reads a frame of the event's own version.
pub fn read_own<E: Event>(frame: &str) -> Result<Envelope<E>, Unread> {
    serde_json::from_str(frame).map_err(|error| Unread { why: Why::Refused(error), sensitive: E::SENSITIVE })
}

/// An event of a new version that an event of the old one can be made into.
#[diagnostic::on_unimplemented(
    message = "`{Self}` upcasts `{Old}`, but cannot be made from it",
    label = "needs `From<{Old}>`",
    note = "write `impl From<{Old}> for {Self}`"
)]
pub trait Upcasts<Old> {
    /// Makes the new one.
    fn upcast(old: Old) -> Self;
}

#[diagnostic::do_not_recommend]
impl<Old, New: From<Old>> Upcasts<Old> for New {
    fn upcast(old: Old) -> Self {
        old.into()
    }
}

/// How frames of `New` are read, which upcasts `Old`.
///
/// Fails to compile with one of the messages if `Old` is a request, of another type, or not of the version
/// below.
/// An event that did not compile is of version 0, and of no other mistake.
#[track_caller]
pub const fn upcast<New: Event + Upcasts<Old>, Old: Event>(
    a_request: &'static str,
    other_type: &'static str,
    other_version: &'static str,
) -> Read<New> {
    if Old::VERSION > 0 {
        if Old::Kind::IS_REQUEST {
            panic!("{}", a_request);
        }
        if !is_same(Old::TYPE, New::TYPE) {
            panic!("{}", other_type);
        }
        if Old::VERSION != New::VERSION - 1 {
            panic!("{}", other_version);
        }
    }
    |version, frame| {
        if version == New::VERSION {
            return read_own(frame);
        }
        let hides = !(Old::SENSITIVE.is_empty() && New::SENSITIVE.is_empty());
        caught(hides, || Old::__read(version, frame).map(|old| old.map(New::upcast)))
    }
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_the_same_if_all_of_them_is() {
        assert!(is_same("a.b", "a.b") && is_same("", ""));
        for (one, other) in [("a.b", "a.c"), ("a.b", "a.bc"), ("a.bc", "a.b"), ("", "a")] {
            assert!(!is_same(one, other), "{one} {other}");
        }
    }
}
