//! Runs and the nodes of graphs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atoms::agent::events::{ConversationType, Init, Log, Object, Role, Speak, TranscriptUpdate};
use atoms::control::{Scope, Steering};
use atoms::prelude::*;
use tokio::time::timeout;

use crate::{SOON, until};

/// How many handlers of each node wait.
static WAITING: AtomicUsize = AtomicUsize::new(0);
static SLEEPING: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct Clerk;

#[node]
impl Clerk {
    #[handler]
    async fn listen(&mut self, said: &TranscriptUpdate, run: Option<Run>, context: Context) -> Speak {
        if said.content == "wait" {
            WAITING.fetch_add(1, Ordering::SeqCst);
            context.cancelled().await;
        }
        Speak { text: run.map_or_else(|| "no run".to_owned(), |run| run.name().to_owned()) }
    }
}

/// Waits, whatever it is told.
#[derive(Default)]
struct Sleeper;

#[node]
impl Sleeper {
    #[handler]
    async fn sleep(&mut self, said: &TranscriptUpdate) -> Log {
        if said.content == "sleep" {
            SLEEPING.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        Log { name: "awake".into(), payload: Object::new() }
    }
}

graph! {
    struct Desk {
        Clerk,
    }
}

graph! {
    struct Bed {
        Sleeper,
    }
}

fn said(content: &str) -> TranscriptUpdate {
    TranscriptUpdate { role: Role::User, content: content.into() }
}

fn steered() -> Bus {
    let bus = Bus::builder().without_discovery().event::<TranscriptUpdate>().event::<Init>();
    bus.steering(Steering::new()).start().unwrap()
}

fn init() -> Init {
    Init::new(ConversationType::Chat)
}

#[tokio::test]
async fn a_node_takes_the_run_of_its_event() {
    let bus = steered();
    let (desk, mut output) = Desk::graph().run_alone(&bus, init()).unwrap();
    let running = bus.runs().start("import", async |run: Run| {
        run.cancelled().await;
        Ok(())
    });
    desk.send(said("hello")).await.unwrap();
    let run = running.run().unwrap().clone();
    desk.send(Envelope::new(said("hello")).carry(run)).await.unwrap();
    for expected in ["no run", "import"] {
        let event = timeout(SOON, output.next()).await.unwrap().unwrap();
        assert_eq!(event.downcast_ref::<Speak>().unwrap().text, expected);
    }
}

#[tokio::test]
async fn a_paused_bus_holds_the_events_of_nodes() {
    let bus = steered();
    let (desk, mut output) = Desk::graph().run_alone(&bus, init()).unwrap();
    bus.runs().pause(Scope::Bus).await.unwrap();
    desk.send(said("hello")).await.unwrap();
    until(async || bus.runs().held().events == 1).await;
    assert!(timeout(Duration::from_millis(20), output.next()).await.is_err());
    bus.runs().resume(Scope::Bus).await;
    assert!(timeout(SOON, output.next()).await.unwrap().unwrap().is::<Speak>());
}

#[tokio::test]
async fn the_handler_of_a_node_sees_that_it_is_cancelled_or_is_dropped() {
    let bus = steered();
    let (desk, mut output) = Desk::graph().run_alone(&bus, init()).unwrap();
    desk.send(said("wait")).await.unwrap();
    until(async || WAITING.load(Ordering::SeqCst) == 1).await;
    bus.runs().cancel(Scope::Bus).await;
    assert!(timeout(SOON, output.next()).await.unwrap().unwrap().is::<Speak>());

    let (bed, mut output) = Bed::graph().run_alone(&bus, init()).unwrap();
    bed.send(said("sleep")).await.unwrap();
    until(async || SLEEPING.load(Ordering::SeqCst) == 1).await;
    let cancelled = bus.runs().cancel(Scope::Bus).grace(Duration::from_millis(10)).await;
    assert!(cancelled.still_running.is_empty(), "{cancelled:?}");
    bed.send(said("wake up")).await.unwrap();
    while !timeout(SOON, output.next()).await.unwrap().unwrap().is::<Log>() {}
}
