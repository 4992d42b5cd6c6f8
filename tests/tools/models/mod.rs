//! Models that call tools, behind an endpoint and in this process.

mod in_sessions;
pub(crate) mod stub;

#[path = "../../../examples/support_desk/model.rs"]
#[allow(dead_code, reason = "the example has its endpoint from the environment")]
mod endpoint;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use atoms::control::{Scope, Steering};
use atoms::prelude::*;
use atoms::tools::{
    Answer, Approvals, CallStage, ChatMessage, LoopError, Model, ModelCall, Part, Said, ToolDefinition,
    ToolLoop, ToolSet,
};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::sync::Barrier;

use self::stub::{Parts, Reply, Stub};
use crate::log::Log;
use crate::{SOON, ada, asked, bus, until};

/// Comes back when another call has come as well.
#[tool]
async fn meet(name: String, barrier: State<Barrier>) -> String {
    barrier.wait().await;
    format!("{name} was there")
}

/// Adds two numbers.
#[tool]
fn add(left: i64, #[tool(default = 1)] right: i64, log: State<Log>) -> i64 {
    log.add(format!("{left} + {right}"));
    left + right
}

#[tool(approve = "manager")]
fn refund(cents: u64, log: State<Log>) -> String {
    log.add(format!("refunded {cents}"));
    format!("{cents} are refunded")
}

#[tool]
fn forbidden() {}

#[hook(before)]
fn never(_: &mut Call<forbidden>) -> Verdict<forbidden> {
    Verdict::deny("not today")
}

/// Never ends, and says when it is dropped.
#[tool]
async fn hang(log: State<Log>) {
    struct Dropped(State<Log>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.add("dropped");
        }
    }
    let dropped = Dropped(log);
    dropped.0.add("hangs");
    std::future::pending().await
}

#[tool]
fn long(#[tool(sensitive)] pin: Option<String>) -> String {
    let _ = pin;
    "x".repeat(2_000)
}

fn started() -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    (with_tools(builder).start().unwrap(), log)
}

fn with_tools(builder: atoms::BusBuilder) -> atoms::BusBuilder {
    let builder = builder.tool::<meet>().tool::<add>().tool::<refund>().tool::<forbidden>().tool::<hang>();
    builder.tool::<long>().tool_hook::<never>().state(Barrier::new(2))
}

fn looped(bus: &Bus, stub: &Stub) -> ToolLoop<endpoint::Endpoint> {
    let tools = ToolSet::for_agent("aiagents.Main").tools(bus, ["*"]).unwrap();
    ToolLoop::new(bus, stub.model(), tools)
}

fn user(text: &str) -> Vec<ChatMessage> {
    vec![ChatMessage::User(text.into())]
}

/// The text of an answer to its end.
async fn text(answer: Answer) -> Result<String, LoopError> {
    tokio::time::timeout(SOON, answer.texts().try_collect()).await.expect("it does not end")
}

/// The text after one round of calls, what the model was told, and the log.
async fn after(calls: &[(&str, &str)]) -> (String, Vec<String>, Vec<String>) {
    let (bus, log) = started();
    let stub = Stub::start([Reply::calls(calls), Reply::text(&["So ", "be it."])]).await;
    let text = text(looped(&bus, &stub).answer(user("Do it"))).await.unwrap();
    (text, stub.told(), log.take())
}

#[tokio::test]
async fn calls_are_made_at_the_same_time_and_told_in_their_order() {
    let (bus, _log) = started();
    let replies = [
        Reply::calls(&[("meet", r#"{"name": "Ada"}"#), ("meet", r#"{"name": "Bob"}"#)]),
        Reply::text(&["Both ", "were ", "there."]),
    ];
    let stub = Stub::start(replies).await;
    let said: Vec<_> = looped(&bus, &stub).answer(user("Who?")).try_collect().await.unwrap();
    let texts: Vec<_> = said
        .iter()
        .filter_map(|said| if let Said::Text(text) = said { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(texts, ["Both ", "were ", "there."]);
    assert_eq!(stub.told(), [r#""Ada was there""#, r#""Bob was there""#]);

    let [first, second] = &*stub.requests() else { panic!("not asked twice") };
    assert_eq!(first["stream"], true);
    let meet =
        first["tools"].as_array().unwrap().iter().find(|tool| tool["function"]["name"] == "meet").unwrap();
    assert_eq!(meet["type"], "function");
    assert_eq!(meet["function"]["description"], "Comes back when another call has come as well.");
    let assistant = &second["messages"][1];
    assert_eq!(assistant["role"], "assistant");
    let call = json!({"id": "c1", "type": "function", "function": {"name": "meet", "arguments": r#"{"name": "Bob"}"#}});
    assert_eq!(assistant["tool_calls"][1], call);
    assert_eq!(second["messages"][2]["tool_call_id"], "c0");
}

#[tokio::test]
async fn the_text_of_an_answer_comes_as_it_is_said() {
    let (bus, _log) = started();
    let stub = Stub::start([Reply::text(&["Once upon a time"]).hangs()]).await;
    let mut texts = looped(&bus, &stub).answer(user("A story")).texts();
    assert_eq!(texts.next().await.unwrap().unwrap(), "Once upon a time");
}

#[tokio::test]
async fn the_model_is_told_of_an_unknown_tool_and_of_a_denial() {
    let (text, told, _) = after(&[("ad", r#"{"left": 1}"#), ("forbidden", "{}")]).await;
    assert_eq!(text, "So be it.");
    assert_eq!(
        told,
        [
            "there is no tool `ad`: did you mean `add`?",
            "the call of the tool `forbidden` was denied: not today"
        ]
    );
}

#[tokio::test]
async fn an_agent_cannot_call_a_tool_that_is_not_in_its_set() {
    let (bus, log) = started();
    let stub = Stub::start([Reply::calls(&[("add", r#"{"left": 1}"#)]), Reply::text(&["No."])]).await;
    let tools = ToolSet::for_agent("aiagents.Main").tools(&bus, ["meet"]).unwrap();
    text(ToolLoop::new(&bus, stub.model(), tools).answer(user("1 + 1?"))).await.unwrap();
    assert_eq!(stub.told(), ["there is no tool `add`"]);
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn the_model_corrects_its_arguments() {
    let (bus, log) = started();
    let replies = [
        Reply::calls(&[("add", r#"{"left": "one"}"#), ("add", r#"{"left": 1"#), ("add", "[1]")]),
        Reply::calls(&[("add", r#"{"left": 1, "right": 2}"#)]),
        Reply::text(&["It is 3."]),
    ];
    let stub = Stub::start(replies).await;
    assert_eq!(text(looped(&bus, &stub).answer(user("1 + 2?"))).await.unwrap(), "It is 3.");
    assert_eq!(log.take(), ["1 + 2"]);
    assert_eq!(stub.told(), ["3"]);
    let second = &stub.requests()[1]["messages"];
    let told = |place: usize| second[place]["content"].as_str().unwrap().to_owned();
    assert!(told(2).contains(r#"/left: "one" is not of type "integer""#), "{}", told(2));
    assert!(told(3).contains("not a JSON object: EOF while parsing"), "{}", told(3));
    assert!(told(4).contains("not a JSON object: invalid type"), "{}", told(4));
}

#[tokio::test]
async fn in_strict_mode_what_is_missing_is_null() {
    let (bus, log) = started();
    let stub =
        Stub::start([Reply::calls(&[("add", r#"{"left": 1, "right": null}"#)]), Reply::text(&["2."])]).await;
    text(looped(&bus, &stub).strict().unwrap().answer(user("1 + 1?"))).await.unwrap();
    assert_eq!(log.take(), ["1 + 1"]);
    for tool in stub.requests()[0]["tools"].as_array().unwrap() {
        let function = &tool["function"];
        assert_eq!(function["strict"], true);
        assert_eq!(function["parameters"]["additionalProperties"], false);
        let properties = function["parameters"]["properties"].as_object().unwrap();
        let required = function["parameters"]["required"].as_array().unwrap();
        assert!(properties.keys().all(|name| required.contains(&json!(name))), "{function}");
    }
}

#[tokio::test]
async fn an_approval_is_handed_over_and_the_call_is_made_without_the_model() {
    let (bus, log) = started();
    let stub = Stub::start([
        Reply::calls(&[("refund", r#"{"cents": 5}"#)]),
        Reply::text(&["A manager looks at it."]),
    ])
    .await;
    let said: Vec<_> = looped(&bus, &stub).answer(user("Money!")).try_collect().await.unwrap();
    assert!(stub.told()[0].contains("a person has to approve it first"), "{:?}", stub.told());
    let question = asked(&bus).await;
    let is_told = |said: &Said| matches!(said, Said::Call(step) if matches!(step.stage, CallStage::HandedOver(id) if id == question.id));
    assert!(said.iter().any(is_told), "{said:?}");
    assert!(log.take().is_empty());
    bus.questions().approve(question.id).by(&ada()).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["refunded 5"]);
}

#[tokio::test]
async fn an_approval_is_told_to_the_user_and_waited_for() {
    for (is_approved, told) in [(true, r#""5 are refunded""#), (false, "was rejected by ada")] {
        let (bus, log) = started();
        let replies = [Reply::calls(&[("refund", r#"{"cents": 5}"#)]), Reply::text(&["Done."])];
        let stub = Stub::start(replies).await;
        let approvals = Approvals::Wait { told: "One moment. ".into(), at_most: SOON };
        let answer = text(looped(&bus, &stub).approvals(approvals).answer(user("Money!")));
        let decide = async {
            let question = asked(&bus).await;
            if is_approved {
                bus.questions().approve(question.id).by(&ada()).await.unwrap();
            } else {
                bus.questions().reject(question.id).by(&ada()).await.unwrap();
            }
        };
        let (answer, ()) = tokio::join!(answer, decide);
        assert_eq!(answer.unwrap(), "One moment. Done.");
        assert!(stub.told()[0].contains(told), "{:?}", stub.told());
        assert_eq!(log.take().len(), usize::from(is_approved));
    }
}

#[tokio::test]
async fn an_approval_that_is_not_given_in_time_is_handed_over() {
    let (bus, log) = started();
    let stub = Stub::start([Reply::calls(&[("refund", r#"{"cents": 5}"#)]), Reply::text(&["Later."])]).await;
    let approvals = Approvals::Wait { told: "One moment. ".into(), at_most: Duration::from_millis(20) };
    let answer = text(looped(&bus, &stub).approvals(approvals).answer(user("Money!"))).await;
    assert_eq!(answer.unwrap(), "One moment. Later.");
    bus.questions().approve(asked(&bus).await.id).by(&ada()).await.unwrap();
    bus.idle().await;
    assert_eq!(log.take(), ["refunded 5"]);
}

/// A person has more time than the model.
#[tokio::test]
async fn the_time_for_a_person_is_added_to_that_of_the_answer() {
    let (bus, _log) = started();
    let stub = Stub::start([Reply::calls(&[("refund", r#"{"cents": 5}"#)]), Reply::text(&["Later."])]).await;
    let (time, at_most) = (Duration::from_millis(400), Duration::from_millis(600));
    let approvals = Approvals::Wait { told: "One moment. ".into(), at_most };
    let answer = text(looped(&bus, &stub).time(time).approvals(approvals).answer(user("Money!"))).await;
    assert_eq!(answer.unwrap(), "One moment. Later.");
}

/// A model that sends empty texts without end.
#[derive(Clone)]
struct Empty;

impl Model for Empty {
    type Error = Infallible;

    async fn answer(
        &self,
        _: &[ChatMessage],
        _: &[ToolDefinition],
    ) -> Result<impl Stream<Item = Result<Part, Infallible>> + Send + 'static, Infallible> {
        Ok(stream::iter(std::iter::repeat_with(|| Ok(Part::Text(String::new())))))
    }
}

#[tokio::test]
async fn empty_parts_count_as_well() {
    let (bus, _log) = started();
    let tools = ToolSet::for_agent("aiagents.Main").tools(&bus, ["refund"]).unwrap();
    let answer = ToolLoop::new(&bus, Empty, tools).bytes(1_000).answer(user("Hello"));
    let said: Result<Vec<_>, _> = answer.try_collect().await;
    assert!(matches!(said, Err(LoopError::TooLarge { limit: 1_000 })), "{said:?}");
}

#[test]
fn what_is_sensitive_in_arguments_is_not_shown() {
    let part = Part::call(0, "call_1", "pay", r#"{"card": "4111"}"#);
    let call = ModelCall { id: "call_1".into(), name: "pay".into(), arguments: r#"{"card": "4111"}"#.into() };
    let message = ChatMessage::Assistant { text: String::new(), calls: vec![call] };
    for shown in [format!("{part:?}"), format!("{message:?}")] {
        assert!(shown.contains("arguments: 16 bytes") && !shown.contains("4111"), "{shown}");
    }
}

#[tokio::test]
async fn an_answer_that_is_dropped_drops_its_calls() {
    let (bus, log) = started();
    let stub = Stub::start([Reply::calls(&[("hang", "{}"), ("hang", "")])]).await;
    let mut answer = looped(&bus, &stub).answer(user("Wait"));
    for _ in 0..2 {
        let Some(Ok(Said::Call(step))) = answer.next().await else { panic!("no call") };
        assert!(matches!(step.stage, CallStage::Started), "{step:?}");
    }
    assert!(futures_util::poll!(answer.next()).is_pending());
    assert_eq!(log.take(), ["hangs", "hangs"]);
    drop(answer);
    assert_eq!(log.take(), ["dropped", "dropped"]);
}

#[tokio::test]
async fn a_run_that_is_cancelled_ends_its_answer_and_the_calls() {
    let (builder, log) = bus();
    let bus = with_tools(builder).steering(Steering::new()).start().unwrap();
    let stub = Stub::start([Reply::calls(&[("hang", "{}")])]).await;
    let (looped, ended) = (looped(&bus, &stub), Arc::<Log>::default());
    let told = Arc::clone(&ended);
    let running = bus.runs().start("answers", async move |_| {
        let end = text(looped.answer(user("Wait"))).await;
        told.add(format!("{end:?}"));
        Ok(())
    });
    let run = running.detach().unwrap();
    let mut seen = Vec::new();
    while seen.is_empty() {
        seen = log.take();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let _ = bus.runs().cancel(Scope::from(&run)).cooperative().await;
    until(|| run.has_ended()).await;
    assert_eq!(ended.take(), ["Err(Cancelled)"]);
    assert_eq!(log.take(), ["dropped"]);
}

#[tokio::test]
async fn rounds_time_and_bytes_are_bounded() {
    let again = || Reply::calls(&[("add", r#"{"left": 1}"#)]);
    let (bus, log) = started();
    let stub = Stub::start([again(), again(), again()]).await;
    let end = text(looped(&bus, &stub).rounds(3).answer(user("Again"))).await;
    assert!(matches!(end, Err(LoopError::TooManyRounds { limit: 3 })), "{end:?}");
    assert_eq!((stub.requests().len(), log.take().len()), (3, 2), "the last calls are not made");

    let stub = Stub::start([Reply::calls(&[("hang", "{}")])]).await;
    let end = text(looped(&bus, &stub).time(Duration::from_millis(200)).answer(user("Wait"))).await;
    assert!(matches!(end, Err(LoopError::TooLong { .. })), "{end:?}");
    assert_eq!(log.take(), ["hangs", "dropped"]);

    let stub = Stub::start([Reply::text(&["0123456789"; 20])]).await;
    let end = text(looped(&bus, &stub).bytes(100).answer(user("Talk"))).await;
    assert!(matches!(end, Err(LoopError::TooLarge { limit: 100 })), "{end:?}");
}

#[tokio::test]
async fn a_result_that_is_too_large_and_a_call_too_many_are_told_to_the_model() {
    let (bus, log) = started();
    let calls = [("long", "{}"), ("add", r#"{"left": 1}"#), ("add", r#"{"left": 2}"#)];
    let stub = Stub::start([Reply::calls(&calls), Reply::text(&["I see."])]).await;
    text(looped(&bus, &stub).bytes(1_500).calls(2).answer(user("Much"))).await.unwrap();
    let told = stub.told();
    assert!(told[0].starts_with("the result takes 2002 bytes, and there is room for "), "{told:?}");
    assert_eq!(told[1..], ["2", "the tool was not called: at most 2 calls are made at once"]);
    assert_eq!(log.take(), ["1 + 1"]);
}

#[tokio::test]
async fn an_endpoint_that_breaks_off_makes_no_call() {
    let (bus, log) = started();
    let call = || Reply::calls(&[("add", r#"{"left": 1}"#)]);
    let stub = Stub::start([call().ends_early()]).await;
    let end = text(looped(&bus, &stub).answer(user("1 + 1?"))).await;
    assert!(matches!(end, Err(LoopError::BrokenOff)), "{end:?}");

    let stub = Stub::start([call().cut_off(), Reply::text(&["Once "]).cut_off()]).await;
    for said in ["", "Once "] {
        let mut texts = looped(&bus, &stub).answer(user("1 + 1?")).texts();
        let mut so_far = String::new();
        let end = loop {
            match texts.next().await {
                Some(Ok(text)) => so_far += &text,
                end => break end,
            }
        };
        assert!(matches!(end, Some(Err(LoopError::Model(_)))), "{end:?}");
        assert_eq!(so_far, said);
    }
    // It has no reply for this.
    let end = text(looped(&bus, &stub).answer(user("1 + 1?"))).await;
    assert!(matches!(end, Err(LoopError::Model(_))), "{end:?}");
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn what_is_sensitive_is_masked_in_the_steps_of_a_call() {
    let (bus, _log) = started();
    let call = Part::call(0, "a", "long", r#"{"pin": "1234"}"#);
    let tools = ToolSet::for_agent("aiagents.Main").tools(&bus, ["long"]).unwrap();
    let model = Parts::new([vec![call, Part::End], vec![Part::End]]);
    let steps: Vec<_> =
        ToolLoop::new(&bus, model.clone(), tools).answer(user("Long")).try_collect().await.unwrap();
    assert!(!format!("{steps:?}").contains("1234"), "{steps:?}");
    assert_eq!(model.told()[0].len(), 2_002);
    let [Said::Call(started), Said::Call(ended)] = &*steps else { panic!("{steps:?}") };
    assert_eq!((&started.arguments, &ended.arguments), (&json!({"pin": "[sensitive]"}), &started.arguments));
    assert!(matches!(ended.stage, CallStage::Completed { .. }), "{ended:?}");
}

#[tokio::test]
async fn a_bus_that_is_shut_down_ends_the_answer() {
    let (bus, _log) = started();
    let _ = bus.shutdown(SOON).await;
    let stub = Stub::start([Reply::calls(&[("add", r#"{"left": 1}"#)])]).await;
    let end = text(looped(&bus, &stub).answer(user("1 + 1?"))).await;
    assert!(matches!(end, Err(LoopError::Closed)), "{end:?}");
}
