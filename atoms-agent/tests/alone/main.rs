//! Graphs that run without a session.

mod layers;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms_agent::events::{
    AgentError, ConversationType, Init, LlmRequest, Log, Object, ResponseChunk, ResponseEnd, ResponseStart,
    Role, Severity, Speak, SystemInterrupt, TranscriptUpdate, UserJoined, UserStartedSpeaking,
    UserStoppedSpeaking,
};
use atoms_agent::{Conversation, Graph, GraphOutput, RunningGraph, Session, graph, node};
use atoms_runtime::{AnyEvent, Bus, Emitter, Event, State, event};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{sleep, timeout};

/// What the nodes of a test have done.
#[derive(Default)]
struct Seen {
    stopped: AtomicUsize,
    texts: Mutex<Vec<String>>,
}

fn run(graph: Graph) -> (RunningGraph, GraphOutput, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let bus = Bus::builder().state(Arc::clone(&seen)).start().unwrap();
    let (running, output) = graph.run_alone(&bus, Init::new(ConversationType::Chat)).unwrap();
    (running, output, seen)
}

async fn next(output: &mut GraphOutput) -> AnyEvent {
    timeout(Duration::from_secs(10), output.next()).await.expect("nothing comes out").expect("it has stopped")
}

async fn next_as<E: Event>(output: &mut GraphOutput) -> E {
    let event = next(output).await;
    let found = event.downcast_ref::<E>().map(|envelope| envelope.event().clone());
    found.unwrap_or_else(|| panic!("{} and not {}", event.event_type(), E::TYPE))
}

/// All that comes out until the nodes stop.
async fn rest(mut output: GraphOutput) -> Vec<&'static str> {
    let mut types = Vec::new();
    while let Some(event) = output.next().await {
        types.push(event.known_type().unwrap().name());
    }
    types
}

fn said(content: &str) -> TranscriptUpdate {
    TranscriptUpdate { role: Role::User, content: content.into() }
}

#[event(type = "test.alone.noted", crate = atoms_runtime)]
struct Noted {
    text: String,
}

#[derive(Default)]
struct Notes;

#[node(crate = atoms_agent)]
impl Notes {
    #[handler]
    fn note(&mut self, said: TranscriptUpdate, session: Option<Session>) -> Noted {
        assert!(session.is_none());
        Noted { text: said.content }
    }
}

#[derive(Default)]
struct Shouts;

#[node(crate = atoms_agent)]
impl Shouts {
    #[handler]
    fn shout(&mut self, noted: &Noted) -> Speak {
        Speak { text: noted.text.to_uppercase() }
    }
}

#[tokio::test]
async fn events_go_through_a_chain_and_come_out_in_order() {
    let (running, mut output, _) = run(Graph::builder().edge::<Notes, Shouts>().build().unwrap());
    for text in ["one", "two"] {
        running.send(said(text)).await.unwrap();
    }
    for text in ["one", "two"] {
        // What declares no way to a client comes out, too.
        assert_eq!(next_as::<Noted>(&mut output).await.text, text);
        assert_eq!(next_as::<Speak>(&mut output).await.text, text.to_uppercase());
    }
    // What was sent in does not come out again.
    running.send(UserJoined).await.unwrap();
    running.idle().await;
    running.stop().await.unwrap();
    assert_eq!(rest(output).await, [""; 0]);
}

/// Logs what it sees by its number.
macro_rules! logs {
    ($($name:ident)*) => {
        $(
            #[derive(Default)]
            struct $name;

            #[node(crate = atoms_agent)]
            impl $name {
                #[handler]
                fn see(&mut self, noted: &Noted, seen: State<Arc<Seen>>) {
                    seen.texts.lock().unwrap().push(format!("{} {}", stringify!($name), noted.text));
                }
            }
        )*
    };
}

logs! { Left Right Joined }

graph! {
    #[graph(crate = atoms_agent)]
    struct Diamond {
        Notes -> Left -> Joined,
        Notes -> Right -> Joined,
    }
}

#[tokio::test]
async fn an_event_goes_all_ways_and_comes_once_where_they_meet() {
    let (running, output, seen) = run(Diamond::graph());
    running.send(said("x")).await.unwrap();
    running.idle().await;
    let mut texts = seen.texts.lock().unwrap().clone();
    texts.sort();
    assert_eq!(texts, ["Joined x", "Left x", "Right x"]);
    running.stop().await.unwrap();
    assert_eq!(rest(output).await, ["test.alone.noted"]);
}

/// Speaks at once, answers without end, and says when it stops.
#[derive(Default)]
struct Talker;

#[node(output, crate = atoms_agent)]
impl Talker {
    #[respond]
    fn talk(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
        let last = said.last_user_text().unwrap_or_default().to_owned();
        stream::repeat(last).then(async |text| {
            sleep(Duration::from_millis(100)).await;
            text
        })
    }

    #[handler]
    async fn many(&mut self, _: &UserJoined, out: Emitter<Speak>) {
        for word in 0..10 {
            out.emit(Speak { text: word.to_string() }).await;
        }
    }

    #[handler]
    fn interrupted(&mut self, _: &SystemInterrupt) -> Log {
        Log { name: "interrupted".into(), payload: Object::new() }
    }

    #[stopped]
    fn stopped(&mut self, seen: State<Arc<Seen>>) {
        seen.stopped.fetch_add(1, Ordering::Relaxed);
    }
}

fn request() -> LlmRequest {
    LlmRequest { messages: None, extra_params: Object::new() }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_stops_a_response_and_drops_what_waits() {
    let (running, mut output, _) = run(Graph::builder().node::<Talker>().build().unwrap());
    running.send(UserJoined).await.unwrap();
    running.idle().await;
    running.send(SystemInterrupt).await.unwrap();
    // What was said before is not read any more.
    assert_eq!(next_as::<Log>(&mut output).await.name, "interrupted");

    running.send(said("so")).await.unwrap();
    running.send(request()).await.unwrap();
    next_as::<ResponseStart>(&mut output).await;
    assert_eq!(next_as::<ResponseChunk>(&mut output).await.text, "so");
    running.send(SystemInterrupt).await.unwrap();
    assert!(next_as::<ResponseEnd>(&mut output).await.interrupted);
    next_as::<Log>(&mut output).await;
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_holds_the_sender_back_and_loses_nothing() {
    const EVENTS: usize = 500;
    let (running, mut output, _) = run(Graph::builder().edge::<Notes, Shouts>().build().unwrap());
    let sent = AtomicUsize::new(0);
    let sending = async {
        for number in 0..EVENTS {
            running.send(said(&number.to_string())).await.unwrap();
            sent.fetch_add(1, Ordering::Relaxed);
        }
    };
    let reading = async {
        sleep(Duration::from_secs(60)).await;
        // Up to 64 events wait in each of three mailboxes; each event in the first becomes two in the last.
        let held_at = sent.load(Ordering::Relaxed);
        assert!((64..=200).contains(&held_at), "{held_at}");
        for number in 0..EVENTS {
            let mut text = String::new();
            while text.is_empty() {
                let event = next(&mut output).await;
                text = event.downcast_ref::<Speak>().map(|it| it.event().text.clone()).unwrap_or_default();
            }
            assert_eq!(text, number.to_string());
        }
    };
    tokio::join!(sending, reading);
    running.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_send_that_is_dropped_while_it_waits_has_sent_nothing() {
    let (running, mut output, _) = run(Graph::builder().edge::<Notes, Shouts>().build().unwrap());
    let mut sent = 0;
    while timeout(Duration::from_secs(1), running.send(said("x"))).await.is_ok() {
        sent += 1;
    }
    // An interrupt does not wait. What it does not drop is all there.
    timeout(Duration::from_secs(1), running.send(SystemInterrupt)).await.unwrap().unwrap();
    for _ in 0..sent {
        next_as::<Noted>(&mut output).await;
    }
    running.idle().await;
    running.stop().await.unwrap();
    assert_eq!(rest(output).await, [""; 0]);
}

/// Fails, in each way.
#[derive(Default)]
struct Fails;

#[node(expose_errors, crate = atoms_agent)]
impl Fails {
    #[handler]
    fn fail(&mut self, _: &UserStartedSpeaking) -> Result<(), String> {
        Err("no".into())
    }

    #[handler]
    fn panic(&mut self, _: &UserStoppedSpeaking) {
        panic!("never")
    }

    #[handler]
    fn note(&mut self, said: &TranscriptUpdate) -> Speak {
        Speak { text: said.content.clone() }
    }
}

#[tokio::test]
async fn a_node_that_fails_goes_on() {
    let (running, mut output, _) = run(Graph::builder().node::<Fails>().build().unwrap());
    running.send(UserStartedSpeaking).await.unwrap();
    let failed = next_as::<AgentError>(&mut output).await;
    assert!(failed.message.starts_with("a node failed: no (error "), "{}", failed.message);
    assert_eq!(failed.severity, Severity::Warning);
    running.send(UserStoppedSpeaking).await.unwrap();
    assert!(next_as::<AgentError>(&mut output).await.message.starts_with("a node failed (error "));
    running.send(said("on")).await.unwrap();
    assert_eq!(next_as::<Speak>(&mut output).await.text, "on");
    running.stop().await.unwrap();
}

#[derive(Default)]
struct NeverStarts;

#[node(expose_errors, crate = atoms_agent)]
impl NeverStarts {
    #[started]
    fn started(&mut self) -> Result<(), String> {
        Err("no memory".into())
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined) {}
}

#[tokio::test]
async fn a_node_that_cannot_start_stops_the_others_and_is_told_of() {
    let (running, mut output, seen) = run(Graph::builder().edge::<Talker, NeverStarts>().build().unwrap());
    assert!(output.next().await.is_none());
    let refused = running.send(UserJoined).await.unwrap_err();
    assert!(refused.failure().unwrap().starts_with("a node could not start: no memory (error "), "{refused}");
    assert_eq!(running.stop().await.unwrap_err(), refused);
    assert_eq!(format!("{refused:?}"), refused.to_string());
    assert_eq!(seen.stopped.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_nodes_that_cannot_start_is_woken() {
    let (running, _output, _) = run(Graph::builder().edge::<Talker, NeverStarts>().build().unwrap());
    timeout(Duration::from_secs(10), running.idle()).await.unwrap();
    assert!(running.stop().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn nodes_are_stopped_while_they_wait() {
    // For the next text, and for room in the output.
    let (running, mut output, seen) = run(Graph::builder().node::<Talker>().build().unwrap());
    running.send(request()).await.unwrap();
    next_as::<ResponseStart>(&mut output).await;
    running.stop().await.unwrap();
    assert_eq!(seen.stopped.load(Ordering::Relaxed), 1);
    assert_eq!(rest(output).await, [""; 0]);

    let (running, output, seen) = run(Graph::builder().node::<Talker>().build().unwrap());
    for _ in 0..10 {
        running.send(UserJoined).await.unwrap();
    }
    timeout(Duration::from_secs(1), running.idle()).await.unwrap_err();
    running.stop().await.unwrap();
    assert_eq!(seen.stopped.load(Ordering::Relaxed), 1);
    // What has come out by then is still there.
    assert_eq!(rest(output).await.len(), 64);
}

#[tokio::test(start_paused = true)]
async fn either_half_may_be_dropped() {
    let (running, output, _) = run(Graph::builder().node::<Talker>().build().unwrap());
    drop(output);
    for _ in 0..100 {
        running.send(UserJoined).await.unwrap();
    }
    running.idle().await;
    running.stop().await.unwrap();

    let (running, mut output, seen) = run(Graph::builder().node::<Talker>().build().unwrap());
    running.send(request()).await.unwrap();
    next_as::<ResponseStart>(&mut output).await;
    drop(running);
    assert!(output.next().await.is_none());
    assert_eq!(seen.stopped.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_the_bus_lacks_is_told_before_a_node_runs() {
    let error =
        Diamond::graph().run_alone(&Bus::start().unwrap(), Init::new(ConversationType::Chat)).unwrap_err();
    assert!(error.to_string().contains("Seen>`"), "{error}");
}
