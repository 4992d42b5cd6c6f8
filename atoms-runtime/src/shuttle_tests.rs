//! What is done without a lock, in many of the orders in which threads may do it.

use std::future::Ready;
use std::panic::Location;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use shuttle::{check_random, future, thread};

use crate::engine::subscribers::Subscribers;
use crate::engine::under_way::UnderWay;
use crate::event::EventType;
use crate::wire::flat_json;

/// How many orders are tried.
const ORDERS: usize = 20_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Happened {}

crate::__event!(Happened, "shuttle.happened", deny_unknown_fields: false, sensitive: []);

fn event_type() -> &'static EventType {
    Box::leak(Box::new(EventType::new::<Happened>(
        "shuttle::Happened",
        file!(),
        line!(),
        flat_json::<Happened>(),
    )))
}

#[test]
fn an_event_type_has_one_index_whoever_asks_first() {
    check_random(
        || {
            let (one, other) = (event_type(), event_type());
            let asking = [one, other, one, other].map(|asked| thread::spawn(move || asked.index()));
            let [a, b, c, d] = asking.map(|asking| asking.join().unwrap());
            assert_eq!((a, b), (c, d));
            assert_ne!(a, b);
        },
        ORDERS,
    );
}

#[test]
fn who_is_subscribed_is_seen_and_the_count_is_right_in_the_end() {
    check_random(
        || {
            let (subscribers, event_type) = (Arc::new(Subscribers::default()), event_type());
            let add = |subscribers: &Subscribers| {
                subscribers.add(Some(event_type), Location::caller(), |_| Arc::new(|_| {}))
            };
            let stays = add(&subscribers);
            let coming: Vec<_> = (0..2)
                .map(|_| {
                    let subscribers = Arc::clone(&subscribers);
                    thread::spawn(move || subscribers.remove(add(&subscribers)))
                })
                .collect();
            let looking = thread::spawn({
                let subscribers = Arc::clone(&subscribers);
                move || subscribers.snapshot(Some(event_type)).map_or(0, |seen| seen.iter().count())
            });
            assert!((1..=3).contains(&looking.join().unwrap()));
            coming.into_iter().for_each(|coming| coming.join().unwrap());
            assert!(!subscribers.is_empty());
            subscribers.remove(stays);
            assert!(subscribers.is_empty());
        },
        ORDERS,
    );
}

#[test]
fn who_waits_until_nothing_is_under_way_is_woken() {
    check_random(
        || {
            let under_way = Arc::new(UnderWay::default());
            let working: Vec<_> = (0..3)
                .map(|_| {
                    let counted = under_way.enter();
                    thread::spawn(move || drop(counted))
                })
                .collect();
            let waiting = thread::spawn({
                let under_way = Arc::clone(&under_way);
                move || future::block_on(under_way.idle(false, || None::<Ready<()>>))
            });
            future::block_on(under_way.idle(false, || None::<Ready<()>>));
            working.into_iter().for_each(|working| working.join().unwrap());
            waiting.join().unwrap();
        },
        ORDERS,
    );
}
