//! What sessions write to the log. A test binary of its own, since limits of the log are those of the process.

#[path = "../client/mod.rs"]
mod client;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms_agent::events::{
    ConversationType, Init, LlmRequest, Log, Object, TranscriptUpdate, UserJoined, UserStartedSpeaking,
};
use atoms_agent::{Graph, SessionEnd, SessionState, Sessions, node};
use atoms_runtime::{Emitter, HandlerError, handler};
use client::{Client, bus};
use futures_util::{Stream, stream};
use tracing_subscriber::util::SubscriberInitExt;

/// What this thread writes to the log.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// Keeps it until the guard is dropped.
    fn keep() -> (Self, impl Drop) {
        let written = Self::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
        (written, subscriber.set_default())
    }

    /// The lines with this text.
    fn lines(&self, text: &str) -> Vec<String> {
        let written = self.0.lock().unwrap();
        let lines = str::from_utf8(&written).unwrap().lines();
        lines.filter(|line| line.contains(text)).map(Into::into).collect()
    }

    /// Waits for lines with this text, and returns the last.
    async fn wait_for(&self, text: &str) -> String {
        loop {
            if let Some(line) = self.lines(text).pop() {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl io::Write for Written {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An error whose cause is text of the client's.
#[derive(Debug, thiserror::Error)]
#[error("it is not understood")]
struct Nested(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Fails in each way, and says a secret.
#[derive(Default)]
struct Leaky;

const SECRET: &str = "db://user:secret@host";

#[node(output, crate = atoms_agent)]
impl Leaky {
    #[handler]
    fn fail(&mut self, _: &UserJoined) -> Result<(), &'static str> {
        Err(SECRET)
    }

    #[handler]
    fn repeat(&mut self, said: &TranscriptUpdate) -> Result<(), Nested> {
        Err(Nested(said.content.clone().into()))
    }

    #[handler]
    fn panic(&mut self, _: &UserStartedSpeaking) {
        panic!("{SECRET}")
    }

    #[respond]
    fn respond(&mut self, _: &LlmRequest) -> impl Stream<Item = Result<String, &'static str>> + use<> {
        stream::iter([Err(SECRET)])
    }
}

#[tokio::test]
async fn an_event_of_an_unknown_type_is_counted_and_named_with_the_nearest() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG);
    let _guard = subscriber.with_ansi(false).with_writer(move || writer.clone()).set_default();
    let mut client = Client::of(Graph::builder().node::<Leaky>().build().unwrap()).await;
    for unknown in ["system.user.joyned", "somebody.elses"] {
        client.send(&serde_json::json!({ "type": unknown }).to_string()).await;
    }
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["type"], "agent.error");
    assert_eq!(client.sessions.counts().unknown, 2);
    let lines = written.lines("a client has sent an event of an unknown type");
    assert_eq!(lines.len(), 2, "{lines:?}");
    let near = r#"type=system.user.joyned nearest="system.user.joined""#;
    assert!(lines[0].contains(near) && lines[0].contains("DEBUG"), "{}", lines[0]);
    assert!(lines[1].contains("type=somebody.elses") && !lines[1].contains("nearest"), "{}", lines[1]);
}

#[tokio::test]
async fn the_log_has_what_the_client_is_not_told() {
    let (written, _guard) = Written::keep();
    let mut client = Client::of(Graph::builder().node::<Leaky>().build().unwrap()).await;
    let session = format!("session=\"{}\"", client.sessions.list()[0].id());
    for event in ["system.user.joined", "system.user.started_speaking", "system.llm.request"] {
        client.send(&serde_json::json!({ "type": event }).to_string()).await;
        let mut told = client.next().await;
        if told["type"] == "agent.llm.response.start" {
            told = client.next().await;
        }
        assert!(!told.to_string().contains("secret"), "{told}");
        let message = told["message"].as_str().unwrap();
        let (_, id) = message.strip_suffix(')').unwrap().split_once(" (error ").unwrap();
        let line = written.lines(id).concat();
        for part in ["WARN", SECRET, "Leaky", event, &session] {
            assert!(line.contains(part), "`{part}` is not in {line}");
        }
    }
}

#[tokio::test]
async fn the_log_names_no_session_where_there_is_none() {
    let (written, _guard) = Written::keep();
    let graph = Graph::builder().node::<Leaky>().build().unwrap();
    let (running, _output) = graph.run_alone(&bus(), Init::new(ConversationType::Chat)).unwrap();
    running.send(UserJoined).await.unwrap();
    running.idle().await;
    let line = written.lines("a node failed").concat();
    assert!(line.contains(SECRET) && !line.contains("session"), "{line}");
}

#[tokio::test]
async fn a_client_cannot_forge_lines_of_the_log() {
    let (written, _guard) = Written::keep();
    let mut client = Client::of(Graph::builder().node::<Leaky>().build().unwrap()).await;
    let content = format!("x\n ERROR forged\u{1b}[31m {}", "y".repeat(100_000));
    let said = serde_json::json!({"type": "agent.transcript.update", "role": "user", "content": content});
    client.send(&said.to_string()).await;
    client.next().await;
    let line = written.lines("forged").concat();
    assert!(line.contains("a node failed") && line.contains("it is not understood: x\\n"), "{line}");
    assert!(!line.contains('\u{1b}') && line.len() < 3_000, "{line}");
}

/// An error that cannot be shown.
#[derive(Debug)]
struct Unshowable;

impl std::fmt::Display for Unshowable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("it was told to")
    }
}

impl std::error::Error for Unshowable {}

#[derive(Default)]
struct Odd;

#[node(expose_errors, crate = atoms_agent)]
impl Odd {
    #[handler]
    fn fail(&mut self, _: &UserJoined) -> Result<(), Unshowable> {
        Err(Unshowable)
    }
}

#[tokio::test]
async fn a_session_goes_on_after_an_error_that_panics_when_it_is_shown() {
    let (written, _guard) = Written::keep();
    let mut client = Client::of(Graph::builder().node::<Odd>().build().unwrap()).await;
    for _ in 0..2 {
        client.send(r#"{"type":"system.user.joined"}"#).await;
        let told = client.next().await;
        let message = told["message"].as_str().unwrap();
        assert!(message.starts_with("a node failed: (panicked when it was shown: "), "{message}");
    }
    assert_eq!(written.lines("(panicked when it was shown: it was told to)").len(), 2);
}

/// Emits without waiting for room.
#[derive(Default)]
struct Flood;

const FLOOD: usize = 300_000;

#[node(crate = atoms_agent)]
impl Flood {
    #[handler]
    fn joined(&mut self, _: &UserJoined, out: Emitter<Log>) {
        for _ in 0..FLOOD {
            drop(out.emit(Log { name: "drop".into(), payload: Object::new() }));
        }
    }
}

#[tokio::test]
async fn events_that_are_lost_are_counted_once_a_second() {
    let (written, _guard) = Written::keep();
    let mut client = Client::of(Graph::builder().node::<Flood>().build().unwrap()).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    let line = written.wait_for("more events for nodes or clients were lost").await;
    assert!(line.contains("ERROR") && line.contains("count="), "{line}");
    let count = written.lines("lost").len();
    // The first, and a count for each second, of which a slow machine may need some.
    assert!(count < 60, "{count} lines");
}

#[tokio::test]
async fn an_end_that_is_the_clients_fault_is_in_the_log() {
    let (written, _guard) = Written::keep();
    let mut client = Client::of(Graph::builder().node::<Odd>().build().unwrap()).await;
    client.fail(SessionEnd::Protocol("odd\n ERROR forged".into())).await;
    let end = client.leave_last().await;
    assert_eq!(end.close_code(), 1002);
    let line = written.lines("a session has ended").concat();
    for part in ["INFO", "session=", "the client broke the protocol: odd\\n ERROR forged"] {
        assert!(line.contains(part), "`{part}` is not in {line}");
    }
    let client = Client::of(Graph::builder().node::<Odd>().build().unwrap()).await;
    client.leave_last().await;
    assert_eq!(written.lines("a session has ended").len(), 1, "a normal end is at DEBUG");
}

#[tokio::test]
async fn clients_that_break_the_protocol_do_not_fill_the_log() {
    let (written, _guard) = Written::keep();
    let sessions = Sessions::builder(Graph::builder().node::<Odd>().build().unwrap()).start(&bus()).unwrap();
    for _ in 0..300 {
        let mut client = Client::connect(&sessions);
        client.fail(SessionEnd::Protocol("again".into())).await;
        client.leave().await;
    }
    // A hundred in a second, and this may take several.
    let lines = written.lines("the client broke the protocol: again").len();
    assert!((1..300).contains(&lines), "{lines} lines");
}

#[handler(crate = atoms_runtime)]
fn takes(_: &UserJoined) {}

#[tokio::test]
async fn an_event_of_a_session_that_the_bus_refuses_is_in_the_log() {
    let (written, _guard) = Written::keep();
    let bus = bus();
    let sessions = Sessions::builder(Graph::builder().node::<Odd>().build().unwrap()).start(&bus).unwrap();
    let mut client = Client::begin(&sessions).await;
    bus.shutdown(Duration::from_secs(10)).await.unwrap();
    client.send(r#"{"type":"system.user.joined"}"#).await;
    let line = written.wait_for("an event of a session is not seen on the bus");
    let line = tokio::time::timeout(Duration::from_secs(10), line).await.unwrap();
    for part in ["ERROR", sessions.list()[0].id(), "system.user.joined", "the bus is shut down"] {
        assert!(line.contains(part), "`{part}` is not in {line}");
    }
}

#[test]
fn a_state_that_is_not_saved_before_its_runtime_ends_is_in_the_log() {
    let (written, _guard) = Written::keep();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let builder = Sessions::builder(Graph::builder().node::<Odd>().build().unwrap());
    let builder = builder.session_state(async |_| Ok::<_, HandlerError>(0_u8));
    let builder = builder.save_session_state(async |_, _: SessionState<u8>| Ok::<_, HandlerError>(()));
    let (client, id) = runtime.block_on(async {
        let client = Client::with(builder).await;
        let id = client.sessions.list()[0].id().to_owned();
        (client, id)
    });
    drop(runtime);
    let line = written.lines("the state of the session could not be saved").concat();
    for part in ["ERROR", &id, "its runtime has ended"] {
        assert!(line.contains(part), "`{part}` is not in {line}");
    }
    drop(client);
}
