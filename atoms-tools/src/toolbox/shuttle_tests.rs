//! Calls that end while somebody waits, in many of the orders in which threads may do it.

use std::sync::Arc;

use atoms_runtime::EventId;
use shuttle::{check_random, future, thread};

use super::waiters::Waiters;
use crate::call::ToolError;

/// How many orders are tried.
const ORDERS: usize = 20_000;

fn end(waiters: &Waiters, call: &EventId) -> Result<u8, ToolError> {
    future::block_on(async { waiters.enter(call)?.end().await })
}

/// Does something in a thread of its own.
fn meanwhile(waiters: &Arc<Waiters>, run: impl FnOnce(&Waiters) + Send + 'static) -> thread::JoinHandle<()> {
    let waiters = Arc::clone(waiters);
    thread::spawn(move || run(&waiters))
}

#[test]
fn who_waits_is_told_of_one_end_though_its_event_comes_twice() {
    check_random(
        || {
            let (waiters, call) = (Arc::new(Waiters::default()), EventId::generate());
            let mut waiter = waiters.enter(&call).unwrap();
            let telling = [1, 2].map(|end| {
                let call = call.clone();
                meanwhile(&waiters, move |waiters| waiters.tell(&call, Ok::<u8, _>(end)).unwrap())
            });
            // Others come and go.
            drop(waiters.enter(&EventId::generate()));
            assert!(matches!(future::block_on(waiter.end::<u8>()), Ok(1 | 2)));
            telling.into_iter().for_each(|telling| telling.join().unwrap());
            drop(waiter);
            assert_eq!(waiters.len(), 0);
        },
        ORDERS,
    );
}

#[test]
fn who_goes_takes_nobody_else_out_of_the_table() {
    check_random(
        || {
            let waiters = Arc::new(Waiters::default());
            let [one, other] = [(); 2].map(|()| EventId::generate());
            let waiting = meanwhile(&waiters, {
                let one = one.clone();
                move |waiters| drop(waiters.enter(&one))
            });
            let mut waiter = waiters.enter(&other).unwrap();
            let telling = meanwhile(&waiters, move |waiters| {
                waiters.tell(&one, Ok::<u8, _>(1)).unwrap();
                waiters.tell(&other, Ok::<u8, _>(2)).unwrap();
            });
            assert_eq!(future::block_on(waiter.end::<u8>()).unwrap(), 2);
            waiting.join().unwrap();
            telling.join().unwrap();
            assert_eq!(waiters.len(), 0);
        },
        ORDERS,
    );
}

#[test]
fn who_waits_when_the_bus_ends_is_told_so() {
    check_random(
        || {
            let waiters = Arc::new(Waiters::default());
            let calls = [(); 2].map(|()| EventId::generate());
            let waiting = calls.clone().map(|call| {
                let waiters = Arc::clone(&waiters);
                thread::spawn(move || end(&waiters, &call))
            });
            let telling = meanwhile(&waiters, move |waiters| waiters.tell(&calls[0], Ok::<u8, _>(1)));
            waiters.close();
            let [first, second] = waiting.map(|waiting| waiting.join().unwrap());
            assert!(matches!(first, Ok(1) | Err(ToolError::Closed)));
            assert!(matches!(second, Err(ToolError::Closed)));
            telling.join().unwrap();
            assert_eq!(waiters.len(), 0);
        },
        ORDERS,
    );
}
