//! Turns of sessions, which are runs on a bus that can be paused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::agent::events::{Init, LlmRequest, Log, Object, SystemInterrupt, TranscriptUpdate};
use atoms::agent::{AnyIdentity, Graph};
use atoms::control::{Principal, RunCancelled, RunCompleted, RunFailed, RunId, RunStarted, Steering};
use atoms::prelude::*;
use atoms::testing::Recording;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::client::Client;
use crate::until;

#[event(type = "runs.desk.noted")]
struct Noted;

/// What happened, and in which run.
pub(crate) type Runs = Mutex<Vec<(String, Option<RunId>)>>;

/// Lets handlers go on that wait.
#[derive(Default)]
pub(crate) struct Gates {
    pub(crate) go_on: Notify,
}

/// Pays money back.
#[tool(approve = "manager")]
fn refund(order: String) -> String {
    order
}

/// Says in which run it is called.
#[tool]
fn which(#[extract] run: Run) -> String {
    run.id().to_string()
}

#[handler]
fn note(_: &Noted, run: Option<Run>, runs: State<Runs>) {
    runs.lock().unwrap().push(("on the bus".into(), run.map(|run| run.id())));
}

/// Does what it hears.
#[derive(Default)]
pub(crate) struct Clerk;

#[node(output)]
impl Clerk {
    #[handler]
    async fn hear(
        &mut self,
        said: &TranscriptUpdate,
        run: Option<Run>,
        context: Context,
        runs: State<Runs>,
        gates: State<Gates>,
        out: Emitter<Log>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (bus, text) = (context.bus(), said.content.as_str());
        runs.lock().unwrap().push((text.to_owned(), run.as_ref().map(Run::id)));
        match text {
            "fail" => return Err("out of paper".into()),
            "wait" => gates.go_on.notified().await,
            "for ever" => std::future::pending().await,
            "block" => tokio::task::block_in_place(|| std::thread::sleep(Duration::from_millis(400))),
            "until cancelled" => context.cancelled().await,
            "refund" => drop(refund::call(bus, RefundArgs { order: "o-1".into() }).await?),
            "ask" => {
                let run = run.expect("it is in one");
                match run.checkpoint(Checkpoint::new("plan-review")).await? {
                    Decision::Approved { .. } => {}
                    Decision::Rejected { .. } => return Ok(()),
                }
            }
            "do all" => {
                bus.emit(Noted).await.into_result()?;
                let by_tool = which::call(bus, WhichArgs {}).await?.parse()?;
                runs.lock().unwrap().push(("in a tool".into(), Some(by_tool)));
                let part = bus.runs().start("part", async |run: Run| Ok(run.parent().map(Run::id)));
                let parent = part.await?;
                runs.lock().unwrap().push(("in a run".into(), parent));
            }
            "begin" => {
                let until_done = async |run: Run| {
                    run.cancelled().await;
                    Ok(())
                };
                bus.runs().start("import", until_done).detach()?;
            }
            _ => {}
        }
        let is_cancelled = if context.is_cancelled() { ", cancelled" } else { "" };
        out.emit(Log { name: format!("{text}{is_cancelled}"), payload: Object::new() }).await;
        Ok(())
    }

    #[respond]
    fn answer(&mut self, _: &LlmRequest) -> BoxStream<'static, String> {
        let numbers = stream::iter(0..).then(async |number: u32| {
            sleep(Duration::from_millis(5)).await;
            format!("{number} ")
        });
        numbers.boxed()
    }

    #[handler]
    fn interrupted(&mut self, _: &SystemInterrupt) -> Log {
        Log { name: "interrupted".into(), payload: Object::new() }
    }
}

/// Hears what the clerk logs.
#[derive(Default)]
struct Scribe;

#[node]
impl Scribe {
    #[handler]
    fn write(&mut self, log: &Log, run: Option<Run>, runs: State<Runs>) {
        runs.lock().unwrap().push((format!("behind: {}", log.name), run.map(|run| run.id())));
    }
}

pub(crate) fn desk() -> Graph {
    Graph::builder().edge::<Clerk, Scribe>().build().unwrap()
}

pub(crate) fn builder() -> (atoms::BusBuilder, Arc<Runs>, Arc<Gates>) {
    let (runs, gates) = (Arc::<Runs>::default(), Arc::<Gates>::default());
    let bus = Bus::builder().without_discovery().shared_state(runs.clone()).shared_state(gates.clone());
    let bus = bus.handler::<note>().tool::<refund>().tool::<which>();
    let bus = bus.event::<Init>().event::<TranscriptUpdate>().event::<LlmRequest>().event::<Log>();
    (bus.event::<SystemInterrupt>(), runs, gates)
}

pub(crate) fn steered() -> (Bus, Arc<Runs>, Arc<Gates>) {
    let (bus, runs, gates) = builder();
    (bus.steering(Steering::new()).start().unwrap(), runs, gates)
}

/// Waits until the turn that an utterance begins is listed, and its handler runs.
pub(crate) async fn turn(bus: &Bus, runs: &Runs, said: &str) -> Run {
    let find = || runs.lock().unwrap().iter().rev().find(|(what, _)| what == said).and_then(|(_, id)| *id);
    until(async || find().is_some()).await;
    bus.runs().get(find().unwrap()).expect("it goes on")
}

#[tokio::test]
async fn a_turn_is_a_run_that_is_listed_until_nothing_of_it_is_under_way() {
    let (bus, runs, gates) = steered();
    let seen = Recording::of(&bus);
    let mut client = Client::begin(&bus, desk()).await;
    until(async || bus.runs().list().is_empty()).await;
    client.say("wait");
    let run = turn(&bus, &runs, "wait").await;
    assert_eq!(run.name(), "agent.transcript.update");
    assert_eq!(run.session(), Some(client.session().id()));
    assert_eq!((run.parent(), bus.runs().list()), (None, vec![run.clone()]));
    // What comes meanwhile belongs to it.
    client.say("hello");
    gates.go_on.notify_one();
    assert_eq!((client.heard().await, client.heard().await), ("wait".to_owned(), "hello".to_owned()));
    until(async || run.has_ended()).await;
    bus.idle().await;
    let of: Vec<_> = runs.lock().unwrap().iter().map(|(_, run)| *run).collect();
    assert_eq!(of, [Some(run.id()); 4], "{runs:?}");
    let (started, completed) =
        (seen.emitted::<RunStarted>().payloads(), seen.emitted::<RunCompleted>().payloads());
    let names: Vec<_> = started.iter().map(|started| started.name.as_str()).collect();
    assert_eq!(names, ["system.init", "agent.transcript.update"]);
    assert!(completed.iter().any(|completed| completed.run == Some(run.id())));
    client.say("again");
    client.heard().await;
    assert_ne!(runs.lock().unwrap().last().unwrap().1, Some(run.id()), "the next one is another turn");
}

#[tokio::test]
async fn what_a_node_emits_calls_and_starts_belongs_to_its_turn() {
    let (bus, runs, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.say("do all");
    client.heard().await;
    until(async || runs.lock().unwrap().len() == 5).await;
    let runs = runs.lock().unwrap();
    let what: Vec<_> = runs.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(what, ["do all", "on the bus", "in a tool", "in a run", "behind: do all"]);
    assert!(runs[0].1.is_some() && runs.iter().all(|(_, run)| *run == runs[0].1), "{runs:?}");
}

#[tokio::test]
async fn a_turn_goes_on_as_long_as_a_run_that_it_has_started() {
    let (bus, runs, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.say("begin");
    client.heard().await;
    let own = runs.lock().unwrap()[0].1.unwrap();
    sleep(Duration::from_millis(20)).await;
    let run = bus.runs().get(own).expect("it goes on");
    let part = run.parts().pop().unwrap();
    assert_eq!((part.name(), part.session()), ("import", run.session()));
    // The next turn is another one all the same.
    client.say("hello");
    client.heard().await;
    assert_ne!(runs.lock().unwrap().last().unwrap().1, Some(own));
    bus.runs().cancel(&part).await;
    until(async || run.has_ended()).await;
    assert!(!run.is_cancelled());
}

#[tokio::test]
async fn a_node_that_fails_fails_its_turn() {
    let (bus, _, _) = steered();
    let seen = Recording::of(&bus);
    let mut client = Client::begin(&bus, desk()).await;
    client.say("fail");
    let told = client.next_of("agent.error").await;
    let failed = seen.expect::<RunFailed>().await;
    assert_eq!(failed.name, "agent.transcript.update");
    assert_eq!(told["message"], failed.error, "nobody is told more than the client");
}

#[tokio::test]
async fn an_interrupt_ends_the_turn_as_cancelled_and_what_survives_it_is_in_the_next_one() {
    let (bus, runs, _) = steered();
    let seen = Recording::of(&bus);
    let mut client = Client::begin(&bus, desk()).await;
    client.ask();
    client.next_of("agent.llm.response.chunk").await;
    let run = bus.runs().list().into_iter().find(|run| run.name() == "system.llm.request").unwrap();
    client.say("hello");
    client.interrupt();
    assert_eq!(client.next_of("agent.llm.response.end").await["interrupted"], true);
    assert_eq!(client.heard().await, "hello");
    until(async || run.has_ended()).await;
    assert!(run.is_cancelled());
    assert_eq!(seen.expect::<RunCancelled>().await.reason.as_deref(), Some("it was interrupted"));
    assert!(
        seen.emitted::<RunCompleted>().payloads().iter().all(|completed| completed.run != Some(run.id()))
    );
    let heard = runs.lock().unwrap().iter().find(|(what, _)| what == "hello").unwrap().1.unwrap();
    assert_ne!(heard, run.id());
}

#[tokio::test]
async fn an_interrupt_stops_no_handler_that_is_not_interruptible() {
    let (bus, runs, gates) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.say("wait");
    let run = turn(&bus, &runs, "wait").await;
    client.interrupt();
    run.cancelled().await;
    // Longer than a cancelled run is left alone.
    sleep(Duration::from_millis(1_300)).await;
    assert!(!run.has_ended());
    gates.go_on.notify_one();
    assert_eq!(client.heard().await, "wait, cancelled");
    until(async || run.has_ended()).await;
}

#[tokio::test]
async fn an_interrupt_cancels_the_open_questions_of_its_turn() {
    let (bus, _, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.say("refund");
    until(async || bus.questions().count().await.unwrap() == 1).await;
    client.session().interrupt();
    let told = client.next_of("agent.error").await;
    assert!(told["message"].as_str().unwrap().starts_with("a node failed"), "{told}");
    assert_eq!(bus.questions().count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_in_a_turn_fails_it() {
    let (bus, runs, _) = steered();
    let seen = Recording::of(&bus);
    let client = Client::begin(&bus, desk()).await;
    client.say("for ever");
    let run = turn(&bus, &runs, "for ever").await;
    client.leave().await;
    until(async || run.has_ended() && !seen.emitted::<RunFailed>().payloads().is_empty()).await;
    let failed = seen.emitted::<RunFailed>().once();
    assert_eq!(
        (failed.run, &*failed.error),
        (Some(run.id()), "the session has ended before its turn was over")
    );
}

#[tokio::test]
async fn on_a_bus_that_cannot_be_paused_no_turn_is_a_run() {
    let (bus, runs, _) = builder();
    let bus = bus.start().unwrap();
    let mut client = Client::begin(&bus, desk()).await;
    client.say("until told");
    client.heard().await;
    until(async || runs.lock().unwrap().len() == 2).await;
    assert!(runs.lock().unwrap().iter().all(|(_, run)| run.is_none()));
    assert!(bus.runs().list().is_empty());
}

#[tokio::test]
async fn a_session_that_ends_in_a_turn_fails_it_and_leaves_its_approval_open() {
    let (bus, runs, _) = steered();
    let seen = Recording::of(&bus);
    let client = Client::begin(&bus, desk()).await;
    client.say("refund");
    until(async || bus.questions().count().await.unwrap() == 1).await;
    let run = turn(&bus, &runs, "refund").await;
    client.leave().await;
    until(async || run.has_ended()).await;
    assert!(!run.is_cancelled());
    until(async || seen.emitted::<RunFailed>().payloads().iter().any(|failed| failed.run == Some(run.id())))
        .await;
    sleep(Duration::from_millis(20)).await;
    assert_eq!(bus.questions().count().await.unwrap(), 1, "a caller that merely goes leaves it open");
}

#[tokio::test]
async fn a_turn_runs_for_the_principal_that_is_the_identity_of_its_session() {
    let ada = || Principal::new("ada");
    for (who, is_hers) in [(AnyIdentity::new(ada()), true), (AnyIdentity::new("ada"), false)] {
        let (bus, runs, gates) = steered();
        let client = Client::begin_as(who, &bus, desk()).await;
        client.say("wait");
        assert_eq!(turn(&bus, &runs, "wait").await.is_for(&ada()), is_hers);
        gates.go_on.notify_one();
        client.leave().await;
    }
}
