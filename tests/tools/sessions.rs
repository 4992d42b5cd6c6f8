//! Tools that a node calls in a session.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use atoms::agent::events::{Init, Speak, TranscriptUpdate};
use atoms::agent::{Graph, Outgoing, Session, SessionEnd, Sessions, node};
use atoms::prelude::*;
use futures_util::{StreamExt, sink, stream};
use serde_json::Value;

use crate::log::Log;
use crate::{ada, asked, bus, until};

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
            "refund" => refund::call(bus, RefundArgs { cents: 5 }).await.map(|cents| cents.to_string()),
            "as ada" => note::call(bus, NoteArgs { text }).sender("desk").principal(&ada()).await,
            _ => note::call(bus, NoteArgs { text }).await,
        };
        Speak { text: done.unwrap().replace(session.id(), "its own session") }
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
    const INIT: &str = r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;
    let graph = Graph::builder().node::<Desk>().build().unwrap();
    let sessions = Sessions::builder(graph).start(bus).unwrap();
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
    tokio::spawn(async move {
        sessions.run(Box::pin(stream::iter(frames).chain(stream::pending())), Box::pin(outgoing)).await
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
    let builder = builder.tool::<note>().tool::<refund>().tool_hook::<who>().handler::<noted>();
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
