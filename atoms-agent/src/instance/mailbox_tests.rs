//! Tests of what a mailbox holds, whom it wakes, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use atoms_runtime::{AnyEvent, Envelope};

use super::flight::Flight;
use super::mailbox::{Mailbox, NotPut};
use crate::events::{Speak, SystemInterrupt};
use crate::protocol::rules::Rules;

fn fly(event: AnyEvent) -> Flight {
    let rules = Rules::of(event.known_type());
    Flight::new(event, rules, 0, None, None, 0)
}

fn text(text: &str) -> Flight {
    let event = Envelope::new(Speak { text: text.into() });
    fly(event.into())
}

fn interrupt() -> Flight {
    fly(Envelope::new(SystemInterrupt).into())
}

fn said(flight: &Flight) -> Option<&str> {
    flight.event.downcast_ref::<Speak>().map(|speak| speak.text.as_str())
}

/// One with so many events in it, and room for their bytes.
fn with(count: usize) -> Mailbox {
    let mailbox = Mailbox::new(usize::MAX);
    for _ in 0..count {
        mailbox.put(text("x")).unwrap();
    }
    mailbox
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn waker() -> (Arc<Woken>, Waker) {
    let woken = Arc::<Woken>::default();
    (Arc::clone(&woken), woken.into())
}

impl Woken {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn take(mailbox: &Mailbox, cx: &Context<'_>) -> Poll<Option<Flight>> {
    mailbox.poll_take(cx, || {})
}

fn put(mailbox: &Mailbox, flight: Flight) -> Result<(), NotPut> {
    mailbox.put(flight).map_err(|(why, _)| why)
}

#[test]
fn interrupts_overtake_and_the_others_keep_their_order() {
    let mailbox = with(0);
    for flight in [text("1"), text("2"), interrupt()] {
        mailbox.put(flight).unwrap();
    }
    let taken: Vec<_> = std::iter::from_fn(|| mailbox.take()).collect();
    assert_eq!(taken.iter().map(said).collect::<Vec<_>>(), [None, Some("1"), Some("2")]);
}

#[test]
fn there_is_room_for_64_events_and_from_outside_for_1024() {
    for (count, has_room, is_overfull) in
        [(0, true, false), (63, true, false), (64, false, false), (1_023, false, false), (1_024, false, true)]
    {
        let mailbox = with(count);
        assert_eq!((mailbox.has_room(), mailbox.is_overfull()), (has_room, is_overfull), "{count}");
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(mailbox.poll_room(&cx).is_ready(), has_room, "{count}");
    }
}

#[test]
fn what_is_put_in_beyond_the_limit_is_refused_and_interrupts_have_a_limit_of_their_own() {
    let mailbox = with(65_536);
    assert_eq!(put(&mailbox, text("x")), Err(NotPut::Full));
    assert_eq!(put(&mailbox, interrupt()), Ok(()));
    mailbox.take();
    assert_eq!(put(&mailbox, text("x")), Err(NotPut::Full));
    mailbox.take();
    assert_eq!(put(&mailbox, text("x")), Ok(()));
}

#[test]
fn bytes_are_counted_as_long_as_they_wait() {
    let size = text("x").size;
    let mailbox = Mailbox::new(2 * size);
    for _ in 0..3 {
        mailbox.put(text("x")).unwrap();
        assert!(mailbox.has_room());
        mailbox.put(text("x")).unwrap();
        assert!(!mailbox.has_room() && mailbox.has_urgent_room());
        mailbox.take().unwrap();
        assert!(mailbox.has_room());
        mailbox.put(text("x")).unwrap();
        assert!(!mailbox.has_room());
        mailbox.take().unwrap();
        mailbox.take().unwrap();
        assert!(mailbox.has_room());
    }
}

#[test]
fn interrupts_need_room_too() {
    let mailbox = with(0);
    for _ in 0..64 {
        assert!(mailbox.has_urgent_room() && mailbox.has_room());
        mailbox.put(interrupt()).unwrap();
    }
    assert!(!mailbox.has_urgent_room() && !mailbox.has_room());
}

#[test]
fn who_waits_for_room_is_woken_once_when_there_is_some() {
    let mailbox = with(66);
    let [(first, first_waker), (second, second_waker)] = [waker(), waker()];
    for waker in [&first_waker, &first_waker, &second_waker] {
        assert!(mailbox.poll_room(&Context::from_waker(waker)).is_pending());
    }
    for woken in [0, 0, 1, 1] {
        mailbox.take().unwrap();
        assert_eq!([first.count(), second.count()], [woken; 2]);
    }
}

#[test]
fn who_takes_is_woken_by_what_is_put_in_and_by_a_nudge() {
    let mailbox = with(0);
    let (woken, waker) = waker();
    let cx = Context::from_waker(&waker);
    assert!(take(&mailbox, &cx).is_pending());
    mailbox.put(text("1")).unwrap();
    assert_eq!(woken.count(), 1);
    assert!(matches!(take(&mailbox, &cx), Poll::Ready(Some(flight)) if said(&flight) == Some("1")));
    assert!(take(&mailbox, &cx).is_pending());
    mailbox.nudge();
    mailbox.nudge();
    assert_eq!(woken.count(), 2);
}

#[test]
fn who_looks_for_interrupts_gets_no_other_event_and_is_woken_by_the_next() {
    let mailbox = with(1);
    let (woken, waker) = waker();
    let cx = Context::from_waker(&waker);
    assert!(mailbox.poll_urgent(&cx, true).is_none());
    mailbox.put(interrupt()).unwrap();
    assert_eq!(woken.count(), 1);
    assert!(mailbox.poll_urgent(&cx, false).is_none());
    assert!(mailbox.poll_urgent(&cx, true).is_some());
    assert!(mailbox.poll_urgent(&cx, true).is_none());
}

#[test]
fn a_mailbox_is_quiet_when_what_was_taken_out_is_done() {
    let mailbox = with(0);
    let cx = Context::from_waker(Waker::noop());
    let idle = AtomicUsize::new(0);
    let poll = || {
        mailbox
            .poll_take(&cx, || {
                idle.fetch_add(1, Ordering::SeqCst);
            })
            .is_pending()
    };
    assert!(mailbox.is_quiet() && poll());
    for flight in [text("x"), interrupt()] {
        mailbox.put(flight).unwrap();
        assert!(!mailbox.is_quiet());
        assert!(!poll() && !mailbox.is_quiet());
        assert!(poll() && mailbox.is_quiet());
    }
    assert_eq!(idle.load(Ordering::SeqCst), 2, "once after each event");
    mailbox.put(text("x")).unwrap();
    mailbox.close();
    assert!(mailbox.is_quiet(), "a closed mailbox forgets what is in it");
}

#[test]
fn a_closed_mailbox_wakes_all_and_takes_nothing_in() {
    let mailbox = with(64);
    let [(receiver, receiver_waker), (sender, sender_waker)] = [waker(), waker()];
    let (receives, sends) = (Context::from_waker(&receiver_waker), Context::from_waker(&sender_waker));
    assert!(mailbox.poll_closed(&receives).is_pending() && mailbox.poll_room(&sends).is_pending());
    mailbox.close();
    assert_eq!((receiver.count(), sender.count()), (1, 1));
    assert!(mailbox.poll_closed(&receives).is_ready() && mailbox.poll_room(&sends).is_ready());
    assert!(matches!(take(&mailbox, &receives), Poll::Ready(None)));
    assert_eq!(put(&mailbox, text("x")), Err(NotPut::Closed));
}

#[test]
fn what_waits_when_a_mailbox_is_finished_can_still_be_taken_and_nobody_waits_for_room() {
    let mailbox = with(64);
    let cx = Context::from_waker(Waker::noop());
    assert!(mailbox.poll_room(&cx).is_pending());
    mailbox.finish();
    assert!(mailbox.poll_room(&cx).is_ready());
    assert!(matches!(mailbox.put(text("late")), Err((NotPut::Closed, _))));
    for _ in 0..64 {
        assert!(matches!(mailbox.poll_take(&cx, || ()), Poll::Ready(Some(_))));
    }
    assert!(matches!(mailbox.poll_take(&cx, || ()), Poll::Ready(None)));
}

#[test]
fn a_background_node_misses_what_is_beyond_four_times_the_bytes() {
    let mailbox = Mailbox::beside(1);
    // The last event may exceed the limit.
    mailbox.put(text(&"x".repeat(4))).unwrap();
    assert!(mailbox.has_room(), "nobody waits");
    let (why, missed) = mailbox.put(text("missed")).unwrap_err();
    assert_eq!((why, said(&missed)), (NotPut::Full, Some("missed")));
}
