//! Tools that a node calls in a session.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use atoms::agent::events::{Init, Speak, TranscriptUpdate};
use atoms::agent::{AnyIdentity, Graph, Identity, Outgoing, Session, SessionEnd, Sessions, node};
use atoms::prelude::*;
use futures_util::{StreamExt, sink, stream};
use serde_json::Value;

use crate::log::Log;
use crate::{SOON, ada, asked, bus, until};

#[event(type = "test.tools.noted", from(bus), to(client))]
struct Noted {
    text: String,
}

/// Says in which session it is called.
#[tool]
async fn note(text: String, session: Session, out: Emitter<Noted>) -> String {
    out.emit(Noted { text }).await;
    session.id().into()
}

#[tool(approve = "manager")]
fn refund(cents: u64) -> u64 {
    cents
}

/// Says who the client of the session is.
#[tool]
fn whoami(#[extract] client: Option<Identity<Principal>>) -> String {
    client.map_or_else(|| "nobody".into(), |client| client.to_string())
}

#[hook(before)]
fn who(call: &mut ToolCall, log: State<Log>) -> Verdict {
    let (sender, principal) =
        (call.sender().map(ToString::to_string), call.principal().map(ToString::to_string));
    log.add(format!("{sender:?} {principal:?} {}", call.session().is_some()));
    Verdict::Allow
}

#[handler]
fn noted(noted: &Envelope<Noted>, log: State<Log>) {
    log.add(format!("{} on the bus, {}", noted.text, noted.metadata().session_id().is_some()));
}

#[derive(Default)]
struct Desk;

#[node]
impl Desk {
    #[handler]
    async fn hear(&mut self, said: &TranscriptUpdate, session: Session, context: Context) -> Speak {
        let (bus, text) = (context.bus(), said.content.clone());
        let done = match &*text {
            "how much" => {
                let asked = bus.questions().ask(Input::<u64>::new("cents")).await;
                return Speak { text: asked.unwrap_err().to_string() };
            }
            "refund" => refund::call(bus, RefundArgs { cents: 5 }).await.map(|cents| cents.to_string()),
            "who am I" => whoami::call(bus, WhoamiArgs {}).await,
            "as ada" => note::call(bus, NoteArgs { text }).sender("desk").principal(&ada()).await,
            _ => note::call(bus, NoteArgs { text }).await,
        };
        let text = done.unwrap_or_else(|error| error.to_string());
        Speak { text: text.replace(session.id(), "its own session") }
    }

    #[handler]
    fn noted(&mut self, noted: &Noted) -> Speak {
        Speak { text: format!("{} in the session", noted.text) }
    }
}

/// What a client is sent.
type Sent = Arc<Mutex<Vec<Value>>>;

/// A session whose client says these frames, and then listens.
fn converse(bus: &Bus, frames: &[&str]) -> Sent {
    converse_in(&sessions(bus), frames)
}

fn sessions(bus: &Bus) -> Sessions {
    let graph = Graph::builder().node::<Desk>().build().unwrap();
    Sessions::builder(graph).start(bus).unwrap()
}

fn converse_in(sessions: &Sessions, frames: &[&str]) -> Sent {
    converse_as(None, sessions, frames)
}

/// The same, with a client whom the server knows.
fn converse_as(who: Option<AnyIdentity>, sessions: &Sessions, frames: &[&str]) -> Sent {
    const INIT: &str = r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;
    let sessions = sessions.clone();
    let sent = Sent::default();
    let log = |sent: Sent, outgoing| async move {
        if let Outgoing::Frame(frame) = outgoing {
            sent.lock().unwrap().push(serde_json::from_slice(&frame).unwrap());
        }
        Ok::<_, Infallible>(sent)
    };
    let frames: Vec<_> =
        [INIT].iter().chain(frames).map(|frame| Ok::<_, SessionEnd>(frame.as_bytes().to_vec())).collect();
    let outgoing = sink::unfold(Arc::clone(&sent), log);
    let incoming = Box::pin(stream::iter(frames).chain(stream::pending()));
    tokio::spawn(async move {
        match who {
            Some(who) => sessions.run_as(who, incoming, Box::pin(outgoing)).await,
            None => sessions.run(incoming, Box::pin(outgoing)).await,
        }
    });
    sent
}

fn texts(sent: &Sent) -> Vec<String> {
    let sent = sent.lock().unwrap();
    sent.iter().filter_map(|event| Some(event["text"].as_str()?.to_owned())).collect()
}

/// What a client says, who would like to be somebody else, somewhere else.
fn said(text: &str) -> String {
    format!(
        r#"{{"type":"agent.transcript.update","role":"user","content":"{text}","sender":"admin","principal":{{"name":"eve"}},"metadata":{{"session_id":"s-2","sender":"admin","atoms.sender":"admin"}}}}"#
    )
}

fn started() -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    let builder =
        builder.tool::<note>().tool::<refund>().tool::<whoami>().tool_hook::<who>().handler::<noted>();
    let builder = builder.event::<Init>().event::<TranscriptUpdate>().event::<Speak>();
    (builder.start().unwrap(), log)
}

#[tokio::test]
async fn a_tool_belongs_to_the_session_of_the_node_that_calls_it() {
    let (bus, log) = started();
    let sent = converse(&bus, &[&said("hello")]);
    until(|| texts(&sent).len() == 3).await;
    let mut texts = texts(&sent);
    texts.sort();
    assert_eq!(texts, ["hello", "hello in the session", "its own session"]);
    assert_eq!(log.take(), ["None None true", "hello on the bus, true"]);
}

#[tokio::test]
async fn who_calls_is_what_the_node_says_and_not_what_the_client_says() {
    let (bus, log) = started();
    let sent = converse(&bus, &[&said("as ada")]);
    until(|| texts(&sent).len() == 3).await;
    assert_eq!(log.take()[0], r#"Some("desk") Some("ada") true"#);
}

#[tokio::test]
async fn the_principal_that_is_the_identity_of_a_session_calls_its_tools() {
    let (bus, log) = started();
    let sent = converse_as(Some(AnyIdentity::new(ada())), &sessions(&bus), &[&said("hello")]);
    until(|| texts(&sent).len() == 3).await;
    assert_eq!(log.take()[0], r#"None Some("ada") true"#);
}

#[tokio::test]
async fn a_tool_extracts_the_identity_of_the_client_in_whose_session_it_is_called() {
    for (client, name) in [(Some(AnyIdentity::new(ada())), "ada"), (None, "nobody")] {
        let (bus, _log) = started();
        let sent = converse_as(client, &sessions(&bus), &[&said("who am I")]);
        until(|| texts(&sent) == [name]).await;
    }
}

#[tokio::test]
async fn a_question_about_a_call_in_a_session_is_of_that_session() {
    let (bus, log) = started();
    let sent = converse(&bus, &[&said("refund")]);
    let question = asked(&bus).await;
    let session = question.session.clone().expect("it is of none");
    assert_ne!(session, "s-2");
    assert_eq!(bus.questions().list().session(&session).await.unwrap().len(), 1);
    bus.questions().approve(question.id).by(&ada()).await.unwrap();
    until(|| texts(&sent) == ["5"]).await;
    assert_eq!(log.take(), ["None None true"; 2]);
}

#[tokio::test]
async fn a_session_that_ends_does_not_wait_for_a_person() {
    for (said_text, told) in [
        ("refund", "the session has ended before the call of the tool `refund` was approved"),
        ("how much", "the session has ended, and the question `cents` is still open"),
    ] {
        let (bus, log) = started();
        let sessions = sessions(&bus);
        let sent = converse_in(&sessions, &[&said(said_text)]);
        let question = asked(&bus).await;
        let start = Instant::now();
        assert_eq!(sessions.shutdown(SOON).await, 0);
        assert!(start.elapsed() < SOON / 2, "it took {:?}", start.elapsed());
        assert!(texts(&sent).iter().any(|text| text.starts_with(told)), "{:?}", texts(&sent));

        // As for any caller that goes, the question is open, and the call is made.
        if said_text == "refund" {
            log.take();
            bus.questions().approve(question.id).by(&ada()).await.unwrap();
            bus.idle().await;
            assert_eq!(log.take(), ["None None true"]);
        } else {
            assert_eq!(bus.questions().count().await.unwrap(), 1);
        }
    }
}

#[event(type = "test.tools.wanted")]
struct Wanted {}

#[handler]
async fn pays(_: &Wanted, context: Context, log: State<Log>) {
    let paid = refund::call(context.bus(), RefundArgs { cents: 7 }).await;
    log.add(format!("{paid:?}"));
}

#[derive(Default)]
struct Posting;

#[node]
impl Posting {
    #[handler]
    async fn hear(&mut self, _: &TranscriptUpdate, context: Context) {
        context.bus().post(Wanted {}).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_node_has_posted_waits_on_when_its_session_has_ended() {
    let (builder, log) = bus();
    let builder = builder.tool::<refund>().handler::<pays>().event::<Init>().event::<TranscriptUpdate>();
    let bus = builder.start().unwrap();
    let graph = Graph::builder().node::<Posting>().build().unwrap();
    let sessions = Sessions::builder(graph).start(&bus).unwrap();
    let _sent = converse_in(&sessions, &[&said("hello")]);
    let question = asked(&bus).await;
    assert_eq!(sessions.shutdown(SOON).await, 0);
    assert!(log.take().is_empty());
    bus.questions().approve(question.id).by(&ada()).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["Ok(7)"]);
}
