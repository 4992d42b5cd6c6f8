//! Turns of sessions that are paused, resumed and cancelled.

use std::time::Duration;

use atoms::agent::SessionEnd;
use atoms::control::{RunCancelled, Scope};
use atoms::prelude::*;
use atoms::testing::Recording;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::turns::{desk, steered, turn};
use crate::{SOON, ada, until};

fn session(client: &Client) -> Scope {
    Scope::Session(client.session().id().to_owned())
}

/// What was heard, and not written behind it.
fn heard(runs: &crate::turns::Runs) -> Vec<String> {
    let runs = runs.lock().unwrap();
    runs.iter().map(|(what, _)| what.clone()).filter(|what| !what.starts_with("behind")).collect()
}

#[tokio::test]
async fn a_cancelled_turn_that_waits_for_an_approval_leaves_no_open_question() {
    let (bus, runs, _) = steered();
    let seen = Recording::of(&bus);
    let mut client = Client::begin(&bus, desk()).await;
    client.say("refund");
    until(async || bus.questions().count().await.unwrap() == 1).await;
    let run = turn(&bus, &runs, "refund").await;
    let cancelled = bus.runs().cancel(&run).reason("no time").await;
    assert_eq!((cancelled.runs, cancelled.questions.len()), (vec![run.id()], 1));
    assert!(cancelled.still_running.is_empty());
    assert_eq!(bus.questions().count().await.unwrap(), 0);
    assert!(run.has_ended());
    assert_eq!(seen.expect::<RunCancelled>().await.run, Some(run.id()));
    client.say("hello");
    assert_eq!(client.heard().await, "hello", "the client is told of no failure, and the session goes on");
}

#[tokio::test]
async fn a_turn_that_asks_goes_on_with_the_answer_and_stops_if_it_is_rejected_or_cancelled() {
    let (bus, runs, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    let asked = || async { bus.questions().get("plan-review").await.unwrap().is_some() };
    client.say("ask");
    until(asked).await;
    bus.questions().approve("plan-review").by(&ada()).await.unwrap();
    assert_eq!(client.heard().await, "ask");

    until(async || bus.runs().list().is_empty()).await;
    client.say("ask");
    until(asked).await;
    bus.questions().reject("plan-review").by(&ada()).await.unwrap();
    client.say("rejected");
    assert_eq!(client.heard().await, "rejected");

    until(async || bus.runs().list().is_empty()).await;
    client.say("ask");
    until(asked).await;
    let run = turn(&bus, &runs, "ask").await;
    let cancelled = bus.runs().cancel(&run).await;
    assert_eq!((cancelled.questions.len(), cancelled.still_running.len()), (1, 0));
    client.say("cancelled");
    assert_eq!(client.heard().await, "cancelled");
    assert!(run.is_cancelled() && run.has_ended());
}

#[tokio::test]
async fn a_cancelled_turn_cuts_its_response_and_lists_what_is_dropped() {
    let (bus, runs, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.ask();
    client.next_of("agent.llm.response.chunk").await;
    for text in ["one", "two"] {
        client.say(text);
    }
    client.ask();
    client.all_read().await;
    let run = bus.runs().list().into_iter().find(|run| run.name() == "system.llm.request").unwrap();
    let cancelled = bus.runs().cancel(&run).await;
    let types = cancelled.dropped.iter().map(|event| event.event_type.as_str());
    // What is said may be on its way.
    let types: Vec<_> = types.filter(|name| *name != "agent.llm.response.chunk").collect();
    let expected = ["agent.transcript.update", "agent.transcript.update", "system.llm.request"];
    assert_eq!(types, expected);
    assert!(run.has_ended());
    assert_eq!(client.next_of("agent.llm.response.end").await["interrupted"], true);
    client.say("three");
    assert_eq!(client.heard().await, "three");
    assert_eq!(heard(&runs), ["three"]);
    client.ask();
    assert_eq!(client.next_of("agent.llm.response.chunk").await["text"], "0 ");
}

#[tokio::test]
async fn a_cancelled_turn_stops_its_handlers_after_the_grace() {
    let (bus, runs, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.say("for ever");
    let run = turn(&bus, &runs, "for ever").await;
    let cancelled = bus.runs().cancel(&run).grace(Duration::from_millis(20)).await;
    assert!(cancelled.still_running.is_empty(), "{cancelled:?}");
    assert!(run.has_ended());
    client.say("until cancelled");
    let run = turn(&bus, &runs, "until cancelled").await;
    let begun = Instant::now();
    bus.runs().cancel(&run).await;
    assert!(begun.elapsed() < Duration::from_millis(900), "it has seen that it was cancelled");
    assert_eq!(client.heard().await, "until cancelled, cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_blocks_is_named_as_still_running() {
    let (bus, runs, _) = steered();
    let client = Client::begin(&bus, desk()).await;
    client.say("block");
    let run = turn(&bus, &runs, "block").await;
    let cancelled = bus.runs().cancel(&run).grace(Duration::from_millis(10)).await;
    assert_eq!(cancelled.still_running, ["runs::turns::Clerk::hear"]);
}

#[tokio::test]
async fn a_session_that_is_paused_in_the_middle_of_a_streamed_answer_finishes_what_runs_and_holds_the_rest() {
    let (bus, runs, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.ask();
    client.next_of("agent.llm.response.chunk").await;
    bus.runs().pause(session(&client)).await.unwrap();
    for number in 0..100 {
        client.say(&number.to_string());
    }
    for _ in 0..5 {
        client.next_of("agent.llm.response.chunk").await;
    }
    // An interrupt passes, and so does what its node does.
    client.interrupt();
    assert_eq!(client.next_of("agent.llm.response.end").await["interrupted"], true);
    // Each node holds one, and the others wait in its mailbox: the second node that the interrupt was handled.
    until(async || bus.runs().held().events == 2).await;
    sleep(Duration::from_millis(30)).await;
    assert!(heard(&runs).is_empty());
    assert_eq!(bus.runs().resume(session(&client)).await, Some(2));
    for number in 0..100 {
        assert_eq!(client.heard().await, number.to_string());
    }
    assert!(heard(&runs).into_iter().eq((0..100).map(|number| number.to_string())));
}

#[tokio::test]
async fn an_interrupt_is_handled_while_its_session_is_paused() {
    let (bus, _, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    bus.runs().pause(session(&client)).await.unwrap();
    client.interrupt();
    assert_eq!(client.next_of("agent.log").await["name"], "interrupted");
}

#[tokio::test]
async fn a_paused_session_holds_no_other_one() {
    let (bus, _, _) = steered();
    let one = Client::begin(&bus, desk()).await;
    let mut other = Client::begin(&bus, desk()).await;
    bus.runs().pause(session(&one)).await.unwrap();
    one.say("held");
    until(async || bus.runs().held().events == 1).await;
    other.say("hello");
    assert_eq!(other.heard().await, "hello");
}

#[tokio::test]
async fn a_paused_turn_holds_what_the_nodes_get_and_what_the_bus_gets_of_it() {
    let (bus, runs, gates) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.say("wait");
    let run = turn(&bus, &runs, "wait").await;
    bus.runs().pause(&run).await.unwrap();
    for text in ["one", "two"] {
        client.say(text);
    }
    gates.go_on.notify_one();
    // What runs goes on, and what it says passes the node behind, which gets it later.
    assert_eq!(client.heard().await, "wait");
    until(async || bus.runs().held().events == 2).await;
    assert_eq!(heard(&runs), ["wait"]);
    bus.runs().resume(&run).await;
    assert_eq!((client.heard().await, client.heard().await), ("one".to_owned(), "two".to_owned()));
    until(async || run.has_ended()).await;
    assert!(!run.is_cancelled());
}

#[tokio::test]
async fn answers_pass_while_a_session_is_paused() {
    let (bus, runs, _) = steered();
    let mut client = Client::begin(&bus, desk()).await;
    client.say("refund");
    until(async || bus.questions().count().await.unwrap() == 1).await;
    let run = turn(&bus, &runs, "refund").await;
    bus.runs().pause(session(&client)).await.unwrap();
    let question = bus.questions().list().await.unwrap().remove(0);
    bus.questions().approve(question.id).by(&ada()).await.unwrap();
    bus.runs().resume(session(&client)).await;
    assert_eq!(client.heard().await, "refund");
    until(async || run.has_ended()).await;
}

#[tokio::test]
async fn a_session_that_is_ended_while_it_is_paused_finishes_what_is_held() {
    let (bus, runs, _) = steered();
    let client = Client::begin(&bus, desk()).await;
    let scope = session(&client);
    bus.runs().pause(scope.clone()).await.unwrap();
    client.say("hello");
    until(async || bus.runs().held().events == 1).await;
    let begun = Instant::now();
    client.session().end();
    assert_eq!(client.ended().await, SessionEnd::ByAgent);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(heard(&runs), ["hello"]);
    assert!(!bus.runs().is_paused(scope), "a pause ends with what is paused");
}

#[tokio::test]
async fn a_client_that_leaves_a_paused_session_takes_with_it_what_is_held() {
    let (bus, runs, _) = steered();
    let client = Client::begin(&bus, desk()).await;
    let scope = session(&client);
    bus.runs().pause(scope.clone()).await.unwrap();
    client.say("hello");
    until(async || bus.runs().held().events == 1).await;
    client.leave().await;
    until(async || !bus.runs().is_paused(scope.clone()) && bus.runs().held().events == 0).await;
    assert!(heard(&runs).is_empty());
    until(async || bus.runs().list().is_empty()).await;
}

#[tokio::test]
async fn after_the_whole_bus_was_cancelled_later_turns_are_as_ever() {
    let (bus, runs, _) = steered();
    let mut one = Client::begin(&bus, desk()).await;
    let mut other = Client::begin(&bus, desk()).await;
    one.ask();
    one.next_of("agent.llm.response.chunk").await;
    other.say("refund");
    until(async || bus.questions().count().await.unwrap() == 1).await;
    let before = bus.runs().list();
    bus.runs().pause(Scope::Bus).await.unwrap();
    other.say("held");
    other.all_read().await;
    let cancelled = timeout(SOON, bus.runs().cancel(Scope::Bus).into_future()).await.unwrap();
    assert_eq!((cancelled.runs.len(), cancelled.questions.len()), (2, 1), "{cancelled:?}");
    assert!(cancelled.still_running.is_empty());
    assert!(before.iter().all(|run| run.has_ended() && run.is_cancelled()));
    assert_eq!(bus.questions().count().await.unwrap(), 0);
    for client in [&mut one, &mut other] {
        client.say("wait and see");
        assert_eq!(client.heard().await, "wait and see");
    }
    assert!(!heard(&runs).contains(&"held".to_owned()));
    let last = runs.lock().unwrap().iter().rev().find(|(what, _)| what == "wait and see").unwrap().1;
    assert!(last.is_some_and(|last| before.iter().all(|run| run.id() != last)));
}
