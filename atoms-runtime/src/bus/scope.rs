//! Which event's handler runs on this thread, so that what it emits is known as its consequence.

use crate::event::Head;

scoped_tls::scoped_thread_local! {
    static CURRENT: Head
}

/// Runs a handler of the event with this envelope.
#[inline]
pub(super) fn enter<R>(head: &Head, handler: impl FnOnce() -> R) -> R {
    CURRENT.set(head, handler)
}

/// Makes an event a consequence of the one whose handler runs on this thread, if one does.
#[inline]
pub(super) fn follow_current(head: &mut Head) {
    if CURRENT.is_set() {
        CURRENT.with(|parent| head.follow(parent));
    }
}

/// How far an event that is emitted here lies from the one that its chain began with, if a handler
/// runs on this thread.
pub(super) fn next_hops() -> Option<u32> {
    CURRENT.is_set().then(|| CURRENT.with(Head::hops) + 1)
}
