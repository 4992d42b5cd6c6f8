//! The gate, in many of the orders in which threads may pause, resume, cancel and emit.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use atoms_runtime::{AnyEvent, Envelope};
use futures_util::future::join_all;
use shuttle::sync::Mutex;
use shuttle::{check_random, future, thread};

use super::{Gate, Limits};
use crate::events::Thinking;
use crate::runs::scope::{Place, Scope};

/// How many orders are tried.
const ORDERS: usize = 20_000;

fn gate() -> Arc<Gate> {
    Arc::new(Gate::new(Limits { events: 64, bytes: 1 << 20 }))
}

fn event() -> AnyEvent {
    Envelope::new(Thinking { run: None, source: String::new(), message: String::new() }).into()
}

fn place(session: &str) -> Place {
    Place { run: None, session: Some(session.into()) }
}

fn session(name: &str) -> Scope {
    Scope::Session(name.into())
}

/// Lets three events of a session pass, which come in this order; which of them did, in the order in which they began.
async fn pass_three(gate: &Gate, name: &str) -> Vec<u32> {
    let begun = Mutex::new(Vec::new());
    let passing = (0..3).map(async |number| {
        if let Ok(turn) = gate.pass(place(name), &event()).await {
            begun.lock().unwrap().push(number);
            drop(turn);
        }
    });
    join_all(passing).await;
    begun.into_inner().unwrap()
}

fn passing(gate: &Arc<Gate>, name: &'static str) -> thread::JoinHandle<Vec<u32>> {
    let gate = Arc::clone(gate);
    thread::spawn(move || future::block_on(pass_three(&gate, name)))
}

/// Waits until nobody lets anything go any more.
fn is_open_at_last(gate: &Gate) {
    while !gate.is_open() {
        thread::yield_now();
    }
    assert_eq!((gate.held().events, gate.held().bytes), (0, 0));
}

#[test]
fn what_is_held_goes_once_and_in_order() {
    check_random(
        || {
            let gate = gate();
            gate.pause(Scope::Bus).unwrap();
            let emitting = ["a", "b"].map(|name| passing(&gate, name));
            let steering = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || {
                    gate.pause(session("a")).unwrap();
                    gate.resume(&Scope::Bus);
                    gate.pause(Scope::Bus).unwrap();
                    gate.resume(&session("a"));
                })
            };
            gate.resume(&Scope::Bus);
            steering.join().unwrap();
            gate.resume(&Scope::Bus);
            for emitting in emitting {
                assert_eq!(emitting.join().unwrap(), [0, 1, 2]);
            }
            is_open_at_last(&gate);
        },
        ORDERS,
    );
}

#[test]
fn what_is_held_goes_or_is_dropped_and_never_both() {
    check_random(
        || {
            let gate = gate();
            gate.pause(session("a")).unwrap();
            gate.pause(session("b")).unwrap();
            let emitting = ["a", "b"].map(|name| passing(&gate, name));
            let resuming = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || {
                    gate.resume(&session("a"));
                    gate.resume(&session("b"));
                })
            };
            let dropped = gate.drop_held(&session("a"), "it was cancelled").len();
            resuming.join().unwrap();
            let [a, b] = emitting.map(|emitting| emitting.join().unwrap());
            assert_eq!((a.len() + dropped, b), (3, vec![0, 1, 2]));
            assert!(a.is_sorted());
            is_open_at_last(&gate);
        },
        ORDERS,
    );
}

#[test]
fn who_goes_while_it_is_held_holds_up_nobody() {
    check_random(
        || {
            let gate = gate();
            gate.pause(Scope::Bus).unwrap();
            let leaving = {
                let gate = Arc::clone(&gate);
                thread::spawn(move || {
                    future::block_on(async {
                        let event = event();
                        let mut passing = pin!(gate.pass(place("c"), &event));
                        poll_fn(|cx| Poll::Ready(drop(passing.as_mut().poll(cx)))).await;
                        thread::yield_now();
                    });
                })
            };
            let emitting = passing(&gate, "a");
            gate.resume(&Scope::Bus);
            leaving.join().unwrap();
            assert_eq!(emitting.join().unwrap(), [0, 1, 2]);
            is_open_at_last(&gate);
        },
        ORDERS,
    );
}
