//! What a session keeps is bounded in bytes as well as in number.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use atoms_agent::events::{LlmRequest, Log, Object, Speak, TranscriptUpdate, UserJoined};
use atoms_agent::{Conversation, Graph, Node, Outgoing, SessionError, Sessions, SessionsBuilder, node};
use atoms_runtime::{Bus, DeadLetterCause, EmitOutcome, Emitter, Refusal, State, event, handler};
use futures_util::Sink;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::sync::Semaphore;

use crate::client::{Client, INIT, bus, text};

const KIB: usize = 1_024;

fn said(role: &str, content: &str) -> String {
    serde_json::json!({"type": "agent.transcript.update", "role": role, "content": content}).to_string()
}

fn builder<N: Node>() -> SessionsBuilder {
    Sessions::builder(Graph::builder().node::<N>().build().unwrap())
}

#[tokio::test]
async fn what_a_client_says_first_is_bounded_since_its_session_keeps_it() {
    let init = |length: usize| {
        let context =
            serde_json::json!({"initial_variables": {"x": "x".repeat(length)}, "conversation_type": "chat"});
        serde_json::json!({"type": "system.init", "version": "1", "session_context": context}).to_string()
    };
    let sessions = builder::<Deaf>().init_bytes(20 * KIB).start(&bus()).unwrap();
    let mut client = Client::connect(&sessions);
    client.send(&init(10 * KIB)).await;
    assert_eq!(client.next().await["type"], "agent.ready");
    let mut client = Client::connect(&sessions);
    client.send(&init(20 * KIB)).await;
    let message = client.next().await["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("bytes of memory, and the limit is 20480"), "{message}");
    let Some(Outgoing::Close(end)) = client.next_outgoing().await else { panic!("no close") };
    assert_eq!((end.close_code(), client.leave().await), (1008, end));
}

/// Opens for as many as it has permits.
type Gate = Arc<Semaphore>;

/// Waits at the gate with each event, and tells how long it was.
#[derive(Default)]
struct Gated;

#[node(crate = atoms_agent)]
impl Gated {
    #[handler]
    async fn hear(&mut self, said: &TranscriptUpdate, gate: State<Gate>) -> Log {
        gate.acquire().await.unwrap().forget();
        Log { name: "heard".into(), payload: Object::new().with("length", said.content.len()) }
    }
}

/// Sends until no more is taken, and returns how many frames were.
async fn fill(client: &mut Client, frame: &str) -> usize {
    let mut sent = 0;
    while client.try_send(frame).await {
        sent += 1;
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_node_is_bounded_in_bytes_and_none_of_it_is_lost() {
    let gate = Gate::new(Semaphore::new(0));
    let bus = Bus::builder().state(Arc::clone(&gate)).start().unwrap();
    let sessions = builder::<Gated>().mailbox_bytes(64 * KIB).read_ahead_bytes(32 * KIB);
    let mut client = Client::begin(&sessions.start(&bus).unwrap()).await;
    let sent = fill(&mut client, &said("user", &"x".repeat(8 * KIB))).await;
    // One is handled, 8 wait for that, 4 are read ahead, and the channel of the test has room for 17.
    assert!((20..=32).contains(&sent), "{sent}");
    gate.add_permits(sent);
    for _ in 0..sent {
        assert_eq!(client.next().await["payload"]["length"], 8 * KIB);
    }
    assert_eq!(fill(&mut client, &said("user", "x")).await.min(100), 100, "there is room again");
}

#[tokio::test(start_paused = true)]
async fn one_event_that_is_larger_than_the_limit_is_taken() {
    let gate = Gate::new(Semaphore::new(2));
    let bus = Bus::builder().state(Arc::clone(&gate)).start().unwrap();
    let sessions = builder::<Gated>().mailbox_bytes(1).read_ahead_bytes(1);
    let mut client = Client::begin(&sessions.start(&bus).unwrap()).await;
    for _ in 0..2 {
        client.send(&said("user", &"x".repeat(8 * KIB))).await;
        assert_eq!(client.next().await["payload"]["length"], 8 * KIB);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_from_outside_is_refused_when_too_many_bytes_wait() {
    let gate = Gate::new(Semaphore::new(0));
    let bus = Bus::builder().state(Arc::clone(&gate)).start().unwrap();
    let sessions = builder::<Gated>().mailbox_bytes(10 * KIB).start(&bus).unwrap();
    let mut client = Client::begin(&sessions).await;
    client.send(&said("user", "wait")).await;
    tokio::task::yield_now().await;
    let session = sessions.list().remove(0);
    let speak = || session.emit(Speak { text: "x".repeat(KIB) });
    let taken = (0..1_000).take_while(|_| speak().is_ok()).count();
    // Four times the limit, of which each takes a little more than its text.
    assert!((30..40).contains(&taken), "{taken}");
    assert_eq!(speak(), Err(SessionError::Full));
}

/// Emits large events without waiting for room.
#[derive(Default)]
struct Flood;

#[node(crate = atoms_agent)]
impl Flood {
    #[handler]
    fn joined(&mut self, _: &UserJoined, out: Emitter<Speak>) {
        for _ in 0..1_000 {
            drop(out.emit(Speak { text: "x".repeat(KIB) }));
        }
    }
}

#[tokio::test]
async fn a_node_that_does_not_wait_for_room_does_not_fill_the_memory() {
    let mut client = Client::with(builder::<Flood>().mailbox_bytes(KIB)).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    let mut came = 0;
    client.next().await;
    client.send(r#"{"type":"agent.ready"}"#).await;
    while client.next().await["type"] == "agent.speak" {
        came += 1;
    }
    // 64 times the limit, of which each takes a little more than its text.
    assert!((50..64).contains(&came), "{came}");
}

/// Emits large events without waiting for room, and says what became of them.
#[derive(Default)]
struct Told;

#[node(crate = atoms_agent)]
impl Told {
    #[handler]
    fn joined(
        &mut self,
        _: &UserJoined,
        out: Emitter<Speak>,
        outcomes: State<mpsc::Sender<Vec<EmitOutcome>>>,
    ) {
        let emit = || out.emit(Speak { text: "x".repeat(KIB) }).outcome().clone();
        outcomes.send((0..1_000).map(|_| emit()).collect()).unwrap();
    }
}

#[tokio::test]
async fn a_node_is_told_of_the_events_that_find_no_room_and_the_first_are_dead_letters() {
    let (outcomes, told) = mpsc::channel::<Vec<EmitOutcome>>();
    let bus = Bus::builder().state(outcomes).start().unwrap();
    let sessions = builder::<Told>().mailbox_bytes(KIB).start(&bus).unwrap();
    let mut client = Client::begin(&sessions).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    client.next().await;
    let refused = told.recv().unwrap().into_iter().filter_map(|outcome| outcome.into_result().err());
    let refused: Vec<_> = refused.collect();
    // 64 times the limit is taken.
    assert!((936..950).contains(&refused.len()), "{}", refused.len());
    assert!(refused.iter().all(|refusal| *refusal == Refusal::MailboxFull));
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters.len(), 64, "so that they do not push out all others");
    let session = sessions.list().remove(0);
    for letter in letters {
        assert_eq!(letter.event().event_type(), "agent.speak");
        assert_eq!(letter.event().metadata().session_id(), Some(session.id()));
        assert!(matches!(letter.cause(), DeadLetterCause::Refused(Refusal::MailboxFull)), "{letter}");
    }
}

/// What the bus takes slowly.
#[event(type = "test.bounds.seen", from(client), crate = atoms_runtime)]
struct Seen {
    text: String,
}

static BUS: Semaphore = Semaphore::const_new(0);

#[handler(crate = atoms_runtime)]
async fn slow(seen: &Seen) {
    assert_eq!(seen.text.len(), 8 * KIB);
    BUS.acquire().await.unwrap().forget();
}

#[derive(Default)]
struct Deaf;

#[node(crate = atoms_agent)]
impl Deaf {
    #[handler]
    fn joined(&mut self, _: &UserJoined) -> Log {
        Log { name: "joined".into(), payload: Object::new() }
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_bus_is_bounded_in_bytes() {
    let bus = Bus::builder().queue_capacity(1).start().unwrap();
    let sessions = builder::<Deaf>().read_ahead_bytes(32 * KIB).start(&bus).unwrap();
    let mut client = Client::begin(&sessions).await;
    let seen = serde_json::json!({"type": "test.bounds.seen", "text": "x".repeat(8 * KIB)});
    let sent = fill(&mut client, &seen.to_string()).await;
    // One is handled or waits in the queue, 4 are read ahead, and the channel of the test has room for 17.
    assert!((18..=25).contains(&sent), "{sent}");
    BUS.add_permits(sent);
    while BUS.available_permits() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Says what it knows of the conversation.
#[derive(Default)]
struct Remembers;

#[node(output, crate = atoms_agent)]
impl Remembers {
    #[respond]
    fn respond(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
        stream::iter([what_is_known(&said)])
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined, said: Conversation) -> Speak {
        Speak { text: what_is_known(&said) }
    }
}

fn what_is_known(said: &Conversation) -> String {
    let first = said.messages().first().map_or(String::new(), |first| first.content[..3].to_owned());
    format!("{} {} {first}", said.messages().len(), said.forgotten())
}

/// What the node knows after these messages.
async fn known(client: &mut Client, messages: impl IntoIterator<Item = String>) -> String {
    for message in messages {
        client.send(&said("assistant", &message)).await;
    }
    client.send(r#"{"type":"system.user.joined"}"#).await;
    text(&[client.next().await])
}

#[tokio::test]
async fn a_conversation_forgets_the_oldest_messages_and_says_how_many() {
    let mut client = Client::with(builder::<Remembers>().conversation_limit(3, 10 * KIB)).await;
    assert_eq!(known(&mut client, ["m-1", "m-2", "m-3"].map(Into::into)).await, "3 0 m-1");
    assert_eq!(known(&mut client, ["m-4", "m-5"].map(Into::into)).await, "3 2 m-3");
    // Larger than the limit, but the last.
    assert_eq!(known(&mut client, [format!("m-6{}", "x".repeat(20 * KIB))]).await, "1 5 m-6");
    assert_eq!(known(&mut client, ["m-7".into()]).await, "1 6 m-7");
    let half = |name: &str| format!("{name}{}", "x".repeat(5 * KIB - 200));
    assert_eq!(known(&mut client, [half("m-8"), half("m-9")]).await, "3 6 m-7");
    assert_eq!(known(&mut client, [half("m10")]).await, "2 8 m-9");
}

#[tokio::test]
async fn a_conversation_is_bounded_by_default() {
    let mut client = Client::begin(&builder::<Remembers>().start(&bus()).unwrap()).await;
    let small = (0..1_010).map(|number| format!("{number:03}"));
    assert_eq!(known(&mut client, small).await, "1000 10 010");
    let large = (0..5).map(|number| format!("{number:03}{}", "x".repeat(300 * KIB)));
    assert_eq!(known(&mut client, large).await, "3 1012 002");
}

#[tokio::test]
async fn a_request_with_messages_brings_its_own_conversation() {
    let mut client = Client::with(builder::<Remembers>()).await;
    assert_eq!(known(&mut client, ["m-1".into()]).await, "1 0 m-1");
    let messages = serde_json::json!([
        {"role": "user", "content": "own"}, {"role": "user", "content": ["no text"]}, {"role": "assistant", "content": "too"}
    ]);
    client.send(&serde_json::json!({"type": "system.llm.request", "messages": messages}).to_string()).await;
    assert_eq!(text(&client.response().await), "2 0 own");
    // The answer is what the node has said itself.
    assert_eq!(known(&mut client, []).await, "2 0 m-1");
}

/// Says more than its client reads, and counts that.
#[derive(Default)]
struct Speaks;

type Count = Arc<AtomicUsize>;

const MANY: usize = 1_000;

#[node(output, crate = atoms_agent)]
impl Speaks {
    #[handler]
    async fn joined(&mut self, _: &UserJoined, out: Emitter<Speak>, count: State<Count>) {
        for number in 0..MANY {
            out.emit(Speak { text: number.to_string() }).await;
            count.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[respond]
    fn respond(&mut self, _: &LlmRequest, count: State<Count>) -> impl Stream<Item = String> + use<> {
        stream::iter(0..MANY).map(move |number| {
            count.fetch_add(1, Ordering::SeqCst);
            number.to_string()
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_emitter_and_a_response_wait_for_a_client_that_does_not_read() {
    let count = Count::default();
    let bus = Bus::builder().state(Arc::clone(&count)).start().unwrap();
    let mut client = Client::begin(&builder::<Speaks>().start(&bus).unwrap()).await;
    for event in ["system.user.joined", "system.llm.request"] {
        client.send(&serde_json::json!({ "type": event }).to_string()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        // 64 wait in the mailbox, and the channel of the test has room for 17.
        let made = count.swap(0, Ordering::SeqCst);
        assert!((64..=100).contains(&made), "{made} of `{event}`");
        let mut number = 0;
        while number < MANY {
            let came = client.next().await;
            if came["type"] != "agent.llm.response.start" {
                assert_eq!(came["text"], number.to_string(), "nothing is lost");
                number += 1;
            }
        }
        assert_eq!(made + count.swap(0, Ordering::SeqCst), MANY);
    }
}

#[test]
fn settings_of_zero_do_not_start() {
    let sessions = Sessions::builder(Graph::builder().node::<Gated>().build().unwrap());
    let sessions = sessions.init_bytes(0).frames_per_second(0).read_ahead_bytes(0).mailbox_bytes(0);
    let zero = Duration::ZERO;
    let sessions = sessions.handshake_timeout(zero).idle_timeout(zero).blocking_limit(zero);
    let bus = Bus::builder().state(Gate::new(Semaphore::new(0))).start().unwrap();
    for (messages, bytes) in [(0, 1), (1, 0)] {
        let error = sessions.clone().conversation_limit(messages, bytes).start(&bus).unwrap_err();
        assert_eq!(error.problems().len(), 8, "{error}");
        for part in [
            "`mailbox_bytes(0)` leaves no room for anything: give it 1 or more",
            "`idle_timeout(0)` leaves no time for anything: give it more than zero",
        ] {
            assert!(error.to_string().contains(part), "`{part}` is not in {error}");
        }
    }
    let sessions = builder::<Gated>().grace(zero).client_metadata_bytes(0);
    sessions.start(&bus).unwrap();
}

/// Says many things at once.
#[derive(Default)]
struct Chatty;

const SAID: usize = 300;

#[node(crate = atoms_agent)]
impl Chatty {
    #[handler]
    fn joined(&mut self, _: &UserJoined) -> Vec<Speak> {
        (0..SAID).map(|number| Speak { text: number.to_string() }).collect()
    }
}

/// How many frames a client was written between two flushes.
#[derive(Clone, Default)]
struct Flushes(Arc<Mutex<Vec<usize>>>);

impl Sink<Outgoing> for Flushes {
    type Error = ();

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, _: Outgoing) -> Result<(), ()> {
        *self.0.lock().unwrap().last_mut().unwrap() += 1;
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        self.0.lock().unwrap().push(0);
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        self.poll_flush(cx)
    }
}

#[tokio::test]
async fn frames_that_wait_together_are_flushed_together_up_to_a_limit() {
    let sessions =
        Sessions::builder(Graph::builder().node::<Chatty>().build().unwrap()).start(&bus()).unwrap();
    let flushes = Flushes(Arc::new(Mutex::new(vec![0])));
    let frames = [INIT, r#"{"type":"system.user.joined"}"#].map(|frame| Ok(frame.as_bytes().to_vec()));
    let incoming = stream::iter(frames).chain(stream::pending());
    let running = tokio::spawn({
        let (sessions, flushes) = (sessions.clone(), flushes.clone());
        async move { sessions.run(Box::pin(incoming), flushes).await }
    });
    let written = || flushes.0.lock().unwrap().clone();
    while written().iter().sum::<usize>() < 1 + SAID {
        tokio::task::yield_now().await;
    }
    running.abort();
    assert_eq!(written().into_iter().max(), Some(64), "{:?}", written());
}
