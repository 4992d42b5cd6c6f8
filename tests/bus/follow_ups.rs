//! Events that handlers return or emit.

use std::sync::Arc;

use atoms::prelude::*;
use tokio::sync::Notify;

use crate::{Log, bus};

#[event(type = "follow.root")]
struct Root {}

#[event(type = "follow.child")]
struct Child {
    name: String,
}

#[event(type = "follow.grandchild")]
struct Grandchild {
    name: String,
}

fn child(name: &str) -> Child {
    Child { name: name.into() }
}

#[handler(order = 1)]
fn emit_sync(_: &Root, out: Emitter<Child>, log: State<Log>) -> Child {
    drop(out.emit(child("emitted first")));
    log.add("emit_sync");
    child("returned")
}

#[handler(order = 2)]
fn last_sync(_: &Root, log: State<Log>) {
    log.add("last_sync");
}

#[handler]
async fn pending(_: &Root, log: State<Log>, children: State<Notify>) {
    log.add("pending starts");
    children.notified().await;
    log.add("pending ends");
}

#[handler]
fn receive(child: &Child, log: State<Log>) -> Grandchild {
    log.add(&child.name);
    Grandchild { name: format!("of {}", child.name) }
}

#[handler]
async fn receive_grandchild(grandchild: Grandchild, log: State<Log>, children: State<Notify>) {
    log.add(grandchild.name);
    children.notify_one();
}

#[tokio::test]
async fn they_start_after_the_sync_handlers_beside_pending_async_ones() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).state(Notify::new());
    let builder = builder.handler::<emit_sync>().handler::<last_sync>().handler::<pending>();
    let bus = builder.handler::<receive>().handler::<receive_grandchild>().start().unwrap();
    let receipt = bus.emit(Root {}).await;
    let expected = ["emit_sync", "last_sync", "pending starts", "emitted first", "returned"];
    let then = ["of emitted first", "of returned", "pending ends"];
    assert_eq!(log.take(), [&expected[..], &then].concat());
    receipt.into_result().unwrap();
}

#[tokio::test]
async fn the_receipt_is_a_tree_of_them() {
    let builder = bus().state(Log::default()).state(Notify::new());
    let builder = builder.handler::<emit_sync>().handler::<receive>().handler::<receive_grandchild>();
    let receipt = builder.start().unwrap().emit(Root {}).await;
    let [first, second] = receipt.follow_ups() else { panic!("{receipt}") };
    for child in [first, second] {
        assert_eq!(child.event_type(), "follow.child");
        let [grandchild] = child.follow_ups() else { panic!("{receipt}") };
        assert_eq!(grandchild.event_type(), "follow.grandchild");
        assert_eq!(grandchild.deliveries().count(), 1);
    }
    let shown = receipt.to_string();
    let lines: Vec<_> = shown.lines().map(|line| line.split(" (").next().unwrap()).collect();
    let family = [
        "  follow.child",
        "  - bus::follow_ups::receive",
        "    follow.grandchild",
        "    - bus::follow_ups::receive_grandchild",
    ];
    let root = ["follow.root", "- bus::follow_ups::emit_sync"];
    assert_eq!(lines, [&root[..], &family, &family].concat(), "{shown}");
    assert!(shown.lines().nth(1).unwrap().ends_with("): ok"), "{shown}");
}

#[handler]
async fn emit_5_000(_: &Root, out: Emitter<Child>) {
    for number in 0..5_000 {
        out.emit(child(&number.to_string())).await;
    }
}

#[handler]
async fn take_turns(child: &Child, log: State<Log>) {
    tokio::task::yield_now().await;
    log.add(&child.name);
}

#[tokio::test]
async fn an_emitter_that_waits_for_room_never_waits_for_itself() {
    let log = Arc::new(Log::default());
    let builder = bus().shared_state(log.clone()).handler::<emit_5_000>().handler::<take_turns>();
    let bus = builder.start().unwrap();
    let receipt = bus.emit(Root {}).await;
    assert_eq!(receipt.follow_ups().len(), 5_000);
    assert_eq!(log.take(), (0..5_000).map(|number| number.to_string()).collect::<Vec<_>>());
    receipt.into_result().unwrap();
}

#[handler]
fn spread(_: &Root) -> Vec<Child> {
    (0..40).map(|_| child("")).collect()
}

#[handler]
async fn spread_further(_: &Child, out: Emitter<Grandchild>) {
    for _ in 0..200 {
        out.emit(Grandchild { name: String::new() }).await;
    }
}

#[tokio::test]
async fn many_emitters_that_wait_for_room_all_get_it() {
    let bus = bus().handler::<spread>().handler::<spread_further>().start().unwrap();
    let receipt = bus.emit(Root {}).await;
    assert!(receipt.follow_ups().iter().all(|child| child.follow_ups().len() == 200));
    receipt.into_result().unwrap();
}

#[handler]
async fn delegate(_: &Root, out: Emitter<Child>) {
    let task = tokio::spawn(async move {
        for name in ["a", "b", "c"] {
            tokio::task::yield_now().await;
            out.emit(child(name)).await;
        }
    });
    task.await.unwrap();
}

#[tokio::test]
async fn an_emitter_may_go_to_another_task() {
    let log = Arc::new(Log::default());
    let bus = bus().shared_state(log.clone()).handler::<delegate>().handler::<take_turns>().start().unwrap();
    assert_eq!(bus.emit(Root {}).await.follow_ups().len(), 3);
    assert_eq!(log.take(), ["a", "b", "c"]);
}
