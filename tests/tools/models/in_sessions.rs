//! A model that calls tools in a session.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use atoms::BusBuilder;
use atoms::agent::events::{Init, LlmRequest, Log as ClientLog, SystemInterrupt, TranscriptUpdate};
use atoms::agent::{Graph, LogCalls, Outgoing, SessionEnd, Sessions, node};
use atoms::control::{Scope, Steering};
use atoms::prelude::*;
use atoms::tools::{LoopError, ToolLoop, ToolSet};
use futures_util::{Stream, sink};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::endpoint::Endpoint;
use super::stub::{Reply, Stub};
use super::with_tools;
use crate::log::Log;
use crate::{ada, asked, bus, until};

/// Answers by the model.
#[derive(Default)]
struct Desk;

#[node(output)]
impl Desk {
    #[respond]
    fn answer(
        &mut self,
        _: &LlmRequest,
        conversation: Conversation,
        model: State<Endpoint>,
        context: Context,
        out: Emitter<ClientLog>,
    ) -> impl Stream<Item = Result<String, LoopError>> + use<> {
        let tools = ToolSet::for_agent("aiagents.Main").tools(context.bus(), ["*"]).unwrap();
        let answer = ToolLoop::new(context.bus(), Endpoint::clone(&model), tools);
        answer.answer(conversation.for_model().collect()).log_calls(out)
    }
}

struct Client {
    /// What it says. It goes when this is dropped.
    says: Option<mpsc::UnboundedSender<Value>>,
    sent: Arc<Mutex<Vec<Value>>>,
    ended: tokio::task::JoinHandle<()>,
}

impl Client {
    fn join(bus: &Bus) -> Self {
        let graph = Graph::builder().node::<Desk>().build().unwrap();
        let sessions = Sessions::builder(graph).start(bus).unwrap();
        let (says, said) = mpsc::unbounded_channel::<Value>();
        let incoming = futures_util::stream::unfold(said, async |mut said| {
            let frame = said.recv().await?.to_string().into_bytes();
            Some((Ok::<_, SessionEnd>(frame), said))
        });
        let sent = Arc::new(Mutex::new(Vec::new()));
        let outgoing = sink::unfold(Arc::clone(&sent), async |sent, outgoing| {
            if let Outgoing::Frame(frame) = outgoing {
                sent.lock().unwrap().push(serde_json::from_slice(&frame).unwrap());
            }
            Ok::<_, Infallible>(sent)
        });
        let ended = tokio::spawn(async move {
            sessions.run(Box::pin(incoming), Box::pin(outgoing)).await;
        });
        let client = Self { says: Some(says), sent, ended };
        let context = json!({"initial_variables": {}, "conversation_type": "chat"});
        client.say(json!({"type": "system.init", "version": "1", "session_context": context}));
        client
    }

    fn say(&self, frame: Value) {
        self.says.as_ref().unwrap().send(frame).unwrap();
    }

    fn ask(&self, text: &str) {
        self.say(json!({"type": "agent.transcript.update", "role": "user", "content": text}));
        self.say(json!({"type": "system.llm.request", "messages": null}));
    }

    fn of_type(&self, event_type: &str) -> Vec<Value> {
        self.sent.lock().unwrap().iter().filter(|event| event["type"] == event_type).cloned().collect()
    }

    async fn answered(&self) {
        until(|| !self.of_type("agent.llm.response.end").is_empty()).await;
    }

    async fn leave(mut self) {
        self.says = None;
        self.ended.await.unwrap();
    }
}

async fn started(replies: impl IntoIterator<Item = Reply>) -> (Bus, Arc<Log>, Stub) {
    let (builder, log, stub) = to_start(replies).await;
    (builder.start().unwrap(), log, stub)
}

async fn to_start(replies: impl IntoIterator<Item = Reply>) -> (BusBuilder, Arc<Log>, Stub) {
    let (builder, log) = bus();
    let stub = Stub::start(replies).await;
    let builder = with_tools(builder).state(stub.model());
    let builder = builder.event::<Init>().event::<TranscriptUpdate>().event::<LlmRequest>();
    (builder.event::<SystemInterrupt>(), log, stub)
}

#[tokio::test]
async fn the_client_is_told_of_the_calls_as_by_the_original_sdk() {
    let calls = [("add", r#"{"left": 1, "right": 2}"#), ("forbidden", "{}"), ("nothing", "{}")];
    let (bus, _log, _stub) = started([Reply::calls(&calls), Reply::text(&["It is ", "3."])]).await;
    let client = Client::join(&bus);
    client.ask("1 + 2?");
    client.answered().await;

    let logs = client.of_type("agent.log");
    let of = |tool: &str| -> Vec<_> {
        let ours = logs.iter().filter(|log| log["payload"]["function_name"] == tool);
        ours.map(|log| (log["name"].as_str().unwrap(), log["payload"].clone())).collect()
    };
    let [("tool_call_start", start), ("tool_call_end", end)] = &*of("add") else { panic!("{logs:?}") };
    let arguments = json!({"left": 1, "right": 2});
    let head = json!({
        "turn_id": "", "tool_call_id": "c0", "function_name": "add", "context": {"arguments": arguments},
    });
    assert_eq!(*start, head);
    let mut expected = head;
    expected["context"]["response"] = json!(3);
    expected["success"] = true.into();
    expected["latency"] = end["latency"].clone();
    assert!(end["latency"].is_u64() && *end == expected, "{end}");

    let [("tool_call_start", _), ("tool_call_error", denied)] = &*of("forbidden") else { panic!("{logs:?}") };
    assert_eq!(denied["success"], false);
    assert_eq!(denied["error"], "the call of the tool `forbidden` was denied: not today");
    let [("tool_call_error", unknown)] = &*of("nothing") else { panic!("{logs:?}") };
    assert_eq!(unknown["context"], json!({"arguments": {}}));

    // They come within the response, which is as without calls.
    let types: Vec<_> =
        client.sent.lock().unwrap().iter().map(|it| it["type"].as_str().unwrap().to_owned()).collect();
    let starts = types.iter().position(|it| it == "agent.llm.response.start").unwrap();
    let first_chunk = types.iter().position(|it| it == "agent.llm.response.chunk").unwrap();
    let log_places: Vec<_> = (0..types.len()).filter(|place| types[*place] == "agent.log").collect();
    assert!(log_places.iter().all(|place| (starts..first_chunk).contains(place)), "{types:?}");
    let chunks: Vec<_> =
        client.of_type("agent.llm.response.chunk").iter().map(|it| it["text"].clone()).collect();
    assert_eq!(chunks, ["It is ", "3."]);
    client.leave().await;
}

#[tokio::test]
async fn an_approval_comes_after_the_client_has_gone() {
    for is_steered in [false, true] {
        let replies =
            [Reply::calls(&[("refund", r#"{"cents": 5}"#)]), Reply::text(&["A manager looks at it."])];
        let (builder, log, _stub) = to_start(replies).await;
        let builder = if is_steered { builder.steering(Steering::new()) } else { builder };
        let bus = builder.start().unwrap();
        let client = Client::join(&bus);
        client.ask("I want my money");
        client.answered().await;
        assert_eq!(client.of_type("agent.llm.response.chunk")[0]["text"], "A manager looks at it.");
        let end = &client.of_type("agent.log")[1];
        assert_eq!(end["name"], "tool_call_end");
        assert_eq!(end["payload"]["context"]["response"]["status"], "waits_for_approval");
        client.leave().await;

        let question = asked(&bus).await;
        assert!(question.session.is_some() && log.take().is_empty());
        bus.questions().approve(question.id).by(&ada()).await.unwrap();
        bus.idle().await;
        assert_eq!(log.take(), ["refunded 5"], "steered: {is_steered}");
    }
}

#[tokio::test]
async fn an_interrupt_in_the_middle_drops_the_calls() {
    let (bus, log, stub) = started([Reply::calls(&[("hang", "{}")]), Reply::text(&["Yes?"])]).await;
    let client = Client::join(&bus);
    client.ask("Wait");
    until(|| !client.of_type("agent.log").is_empty()).await;
    client.say(json!({"type": "system.control.interrupt"}));
    client.answered().await;
    assert_eq!(client.of_type("agent.llm.response.end")[0]["interrupted"], true);
    assert_eq!(log.take(), ["hangs", "dropped"]);
    assert_eq!(stub.requests().len(), 1);

    client.ask("Hello?");
    until(|| client.of_type("agent.llm.response.end").len() == 2).await;
    assert_eq!(client.of_type("agent.llm.response.chunk")[0]["text"], "Yes?");
    client.leave().await;
}

#[tokio::test]
async fn a_turn_that_is_cancelled_drops_the_calls_and_tells_of_no_failure() {
    let (builder, log, _stub) = to_start([Reply::calls(&[("hang", "{}")])]).await;
    let bus = builder.steering(Steering::new()).start().unwrap();
    let client = Client::join(&bus);
    client.ask("Wait");
    until(|| !client.of_type("agent.log").is_empty()).await;
    let _ = bus.runs().cancel(Scope::Bus).await;
    client.answered().await;
    assert_eq!(client.of_type("agent.llm.response.end")[0]["interrupted"], true);
    assert_eq!(client.of_type("agent.error"), [Value::Null; 0]);
    assert_eq!(log.take(), ["hangs", "dropped"]);
    client.leave().await;
}
