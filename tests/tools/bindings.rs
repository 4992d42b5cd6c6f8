//! Hooks that a configuration binds: what each block of the document of agent events says that configures or handles one.

use std::sync::Arc;

use atoms::prelude::*;
use atoms::tools::{
    BindingType, BindingTypeInfo, Bindings, CallOutcome, EventBinding, EventData, EventNode, EventStage,
    FireError, Sender, SenderInfo,
};
use atoms::{BusBuilder, HandlerError};
use serde_json::{Map, Value, json};

use crate::bus;
use crate::log::Log;

/// The configurations of the document, as they stand there.
const DOCUMENTS: &str = "tests/tools/documents/events";

static TESTED: SenderInfo = SenderInfo::new("aiagents.ModelKnowTest");
static MAIN_AGENT: SenderInfo = SenderInfo::new("aiagents.MainAgent");
static DATA_PROCESSOR: SenderInfo = SenderInfo::new("aiagents.DataProcessor");

#[tool(name = "searchTool")]
fn search_tool(keywords: String, #[tool(default = 10)] limit: u8, log: State<Log>) -> Value {
    log.add(format!("search {keywords} {limit}"));
    json!({"found": keywords})
}

#[hook(func = "services.standardServicesTested.sayHello")]
fn say_hello(data: EventData, log: State<Log>) -> EventData {
    log.add(format!("Tool {} called at {} stage with {}", data.tool_name(), data.stage(), data.args));
    data
}

#[tool(name = "taskDistributor")]
fn task_distributor() -> Value {
    json!({"subTasks": [{"assignedAgent": "writer", "task": 1}, {"task": 2}, {"assignedAgent": "reader", "task": 3}]})
}

/// "Notify sub-Agents after task distribution completion."
#[hook(func = "services.agentCoordinator.notifySubAgents")]
async fn notify_sub_agents(data: EventData, log: State<Log>) -> EventData {
    if data.tool_name() == "taskDistributor"
        && let Some(Value::Array(tasks)) = data.result.as_ref().map(|result| &result["subTasks"])
    {
        for task in tasks {
            if let Some(agent) = task["assignedAgent"].as_str() {
                log.add(format!("aiagents.{agent} {}", task["task"]));
            }
        }
    }
    data
}

#[tool(name = "dataCollector")]
fn data_collector(is_there: bool) -> Result<Value, String> {
    match is_there {
        true => Ok(json!({"success": true, "data": [1, 2]})),
        false => Err("no data".into()),
    }
}

#[tool(name = "reportGenerator")]
fn report_generator() -> Value {
    json!({"success": true})
}

/// "One Agent's completion event triggers the next Agent's start."
#[hook(func = "services.taskChain.nextStep")]
fn next_step(data: EventData, log: State<Log>) -> EventData {
    let next = match data.tool_name() {
        "dataCollector" => "dataProcessor",
        "dataProcessor" => "dataAnalyzer",
        "dataAnalyzer" => "reportGenerator",
        _ => return data,
    };
    match &data.result {
        Some(result) if result["success"] == true => {
            log.add(format!("Task chain: {} -> {next} {}", data.tool_name(), result["data"]));
        }
        _ => log.add(format!("ends: {}", data.error.as_deref().unwrap_or("no success"))),
    }
    data
}

fn documented() -> (BusBuilder, Arc<Log>) {
    let (builder, log) = bus();
    let builder = builder.tool::<search_tool>().tool::<task_distributor>().tool::<data_collector>();
    let builder = builder.tool::<report_generator>().tool_hook::<say_hello>();
    let builder = builder.tool_hook::<notify_sub_agents>().tool_hook::<next_step>();
    let builder = builder.entry(&TESTED).entry(&MAIN_AGENT).entry(&DATA_PROCESSOR);
    (builder.bindings(Bindings::from_dir(DOCUMENTS).unwrap()), log)
}

#[tokio::test]
async fn every_configuration_of_the_document_loads_as_it_stands() {
    let bus = documented().0.start().unwrap();
    let names: Vec<_> = bus.events().list().map(|event| event.name()).collect();
    assert_eq!(names, ["events.agentToolEvent", "events.mainAgentCollaboration", "events.taskChain"]);
    let event = bus.events().get("events.agentToolEvent").unwrap();
    assert_eq!((event.title(), event.sender()), ("Agent Tool Event", "aiagents.ModelKnowTest"));
    assert_eq!(event.stage().to_string(), "preEvent");
    assert_eq!(event.func(), "services.standardServicesTested.sayHello");
    assert_eq!((event.async_type(), event.backend_bundle_entry()), (false, "."));
    assert_eq!(event.lineage(), ["events.Meta", "events.AIAgentType", "events.agentToolEvent"]);
    // These have neither `asyncType` nor `backendBundleEntry`.
    let event = bus.events().get("events.taskChain").unwrap();
    assert_eq!((event.title(), event.stage()), ("Task Chain Execution Event", EventStage::PostEvent));
    assert_eq!((event.async_type(), event.backend_bundle_entry()), (false, "."));
    assert!(bus.events().get("events.other").is_none());
    let listed = bus.registry().to_string();
    assert!(listed.contains("binding events.agentToolEvent (tests/tools/bindings.rs:"), "{listed}");
}

#[tokio::test]
async fn a_function_is_called_before_the_calls_of_its_agent_with_the_arguments_as_an_object() {
    let (builder, log) = documented();
    let bus = builder.start().unwrap();
    let call = || bus.tools().call("searchTool", json!({"keywords": "k", "limit": 5}));
    call().sender("aiagents.ModelKnowTest").await.unwrap();
    let said = r#"Tool searchTool called at preEvent stage with {"keywords":"k","limit":5}"#;
    assert_eq!(log.take(), [said, "search k 5"]);
    for other in ["aiagents.ModelKnowTest2", "aiagents.MainAgent"] {
        call().sender(other).await.unwrap();
        assert_eq!(log.take(), ["search k 5"]);
    }
    call().await.unwrap();
    assert_eq!(log.take(), ["search k 5"]);
}

#[tokio::test]
async fn sub_agents_are_notified_after_the_distribution_of_tasks() {
    let (builder, log) = documented();
    let bus = builder.start().unwrap();
    let args = || TaskDistributorArgs {};
    let distributed = task_distributor::call(&bus, args()).sender("aiagents.MainAgent").await.unwrap();
    assert_eq!(distributed["subTasks"].as_array().unwrap().len(), 3);
    assert_eq!(log.take(), ["aiagents.writer 1", "aiagents.reader 3"]);
    task_distributor::call(&bus, args()).sender("aiagents.DataProcessor").await.unwrap();
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn a_task_chain_goes_on_after_a_step_that_succeeds_and_ends_after_one_that_fails() {
    let (builder, log) = documented();
    let bus = builder.start().unwrap();
    let call = |is_there| {
        data_collector::call(&bus, DataCollectorArgs { is_there }).sender("aiagents.DataProcessor")
    };
    call(true).await.unwrap();
    assert_eq!(log.take(), ["Task chain: dataCollector -> dataProcessor [1,2]"]);
    let failed = call(false).await.unwrap_err();
    assert_eq!(failed.to_string(), "the tool `dataCollector` failed: no data");
    assert_eq!(log.take(), ["ends: the tool `dataCollector` failed: no data"]);
    // The last step.
    report_generator::call(&bus, ReportGeneratorArgs {}).sender("aiagents.DataProcessor").await.unwrap();
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn an_event_is_fired_by_hand_with_the_data_of_the_document() {
    let (builder, log) = documented();
    let bus = builder.start().unwrap();
    let event = bus.events().get("events.agentToolEvent").unwrap();
    // The example of the quick start.
    let output_data =
        json!({"toolName": "searchTool", "stage": "preEvent", "args": ["Search keywords"], "kwargs": {}});
    let kwargs: Map<String, Value> = [("more".to_owned(), json!(1))].into_iter().collect();
    let given = vec![output_data, json!("further")];
    let (node, args, given_back) =
        event.handle_node(event.node(), given.clone(), kwargs.clone()).await.unwrap();
    assert_eq!(node.remark, "Before calling searchTool");
    assert_eq!((args, given_back), (given, kwargs));
    assert_eq!(log.take(), [r#"Tool searchTool called at preEvent stage with ["Search keywords"]"#]);
    // That of `handleNode`, whose data has neither arguments nor keywords.
    let node = EventNode::new("services.standardServicesTested.sayHello");
    let output_args = vec![json!({"toolName": "searchTool", "stage": "preEvent"})];
    let (node, args, _) = event.handle_node(node, output_args.clone(), Map::new()).await.unwrap();
    assert_eq!((&*node.remark, args), ("Before calling searchTool", output_args));
    // After a call, with the arguments as text, and with a result.
    let event = bus.events().get("events.mainAgentCollaboration").unwrap();
    let data = json!({
        "toolName": "taskDistributor", "stage": "postEvent", "args": "{}", "kwargs": {},
        "result": {"subTasks": [{"assignedAgent": "writer", "task": 1}]},
    });
    log.take();
    let (node, _, _) = event.handle_node(event.node(), vec![data], Map::new()).await.unwrap();
    assert_eq!(node.remark, "After calling taskDistributor");
    assert_eq!(log.take(), ["aiagents.writer 1"]);
}

#[tokio::test]
async fn an_event_is_not_fired_by_hand_with_something_else() {
    let (builder, log) = documented();
    let bus = builder.start().unwrap();
    let event = bus.events().get("events.agentToolEvent").unwrap();
    for (args, said) in [
        (vec![], "it has no data"),
        (vec![json!({"stage": "preEvent"})], "missing field `toolName`"),
        (
            vec![json!({"toolName": "t", "stage": "postEvent"})],
            "its `stage` is `postEvent`, and the event is one of",
        ),
        (vec![json!({"toolName": "t", "stage": "pre"})], "unknown variant `pre`"),
        (vec![json!("searchTool")], "invalid type"),
    ] {
        let error = event.handle_node(event.node(), args, Map::new()).await.unwrap_err();
        assert!(matches!(error, FireError::WrongData { .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let data = vec![json!({"toolName": "t"})];
    let error = event.handle_node(EventNode::new("services.other"), data, Map::new()).await.unwrap_err();
    assert!(matches!(error, FireError::OtherFunction { .. }), "{error}");
    assert!(log.take().is_empty());
}

#[tool(name = "sensitiveDataTool")]
fn sensitive_data_tool(customer: String, log: State<Log>) -> String {
    log.add("read");
    customer
}

/// "Permission check before sensitive tool call", as the folder's own function.
#[hook(func = "events.permission.customFunc")]
fn check_permission(data: EventData, principal: Option<Principal>) -> Result<EventData, String> {
    let may = principal.is_some_and(|principal| principal.has_role("manager"));
    if data.stage() == EventStage::PreEvent && data.tool_name() == "sensitiveDataTool" && !may {
        return Err("No permission to call sensitive tool".into());
    }
    Ok(data)
}

/// Of `check_permission`, or another function.
fn binding(stage: EventStage, func: &str) -> EventBinding {
    EventBinding::new("events.permission", stage).title("A test").sender("aiagents.MainAgent").func(func)
}

#[tokio::test]
async fn the_permission_example_denies() {
    let (builder, log) = bus();
    let builder = builder.tool::<sensitive_data_tool>().tool::<search_tool>().tool_hook::<check_permission>();
    let bindings = Bindings::new().with(binding(EventStage::PreEvent, "events.permission.customFunc"));
    let bus = builder.entry(&MAIN_AGENT).bindings(bindings).start().unwrap();
    let args = || SensitiveDataToolArgs { customer: "c-1".into() };
    let call = || sensitive_data_tool::call(&bus, args()).sender("aiagents.MainAgent");
    let denied = call().await.unwrap_err();
    assert!(denied.is_denied());
    let said = "the call of the tool `sensitiveDataTool` was stopped: its hook `events.permission` failed: No permission \
                to call sensitive tool";
    assert_eq!(denied.to_string(), said);
    assert!(log.take().is_empty());
    call().principal(&crate::bob()).await.unwrap_err();
    call().principal(&crate::ada()).await.unwrap();
    assert_eq!(log.take(), ["read"]);
    let args = SearchToolArgs { keywords: "k".into(), limit: 1 };
    search_tool::call(&bus, args).sender("aiagents.MainAgent").await.unwrap();
    // By hand, it fails as well.
    let event = bus.events().get("events.permission").unwrap();
    let data = vec![json!({"toolName": "sensitiveDataTool", "args": {}})];
    let error = event.handle_node(event.node(), data, Map::new()).await.unwrap_err();
    assert!(matches!(error, FireError::Failed { .. }), "{error}");
    assert!(error.to_string().ends_with("failed: No permission to call sensitive tool"), "{error}");
}

/// Returns what the keywords say.
#[hook(func = "services.changes.any")]
async fn changes(mut data: EventData, #[extract] sender: Sender) -> EventData {
    assert_eq!(sender.as_str(), "aiagents.MainAgent");
    match (data.stage(), data.args["keywords"].as_str()) {
        (EventStage::PreEvent, Some("object")) => data.args["keywords"] = json!("changed"),
        (EventStage::PreEvent, Some("list")) => data.args = json!(["listed", 3]),
        (EventStage::PreEvent, Some("kwargs")) => {
            data.kwargs.insert("limit".into(), json!(4));
        }
        (EventStage::PreEvent, Some("text")) => data.args = json!("keywords"),
        (EventStage::PreEvent, Some("too many")) => data.args = json!(["a", 3, 4]),
        (EventStage::PreEvent, Some("other type")) => data.args["limit"] = json!("all"),
        (EventStage::PreEvent, Some("result")) => data.result = Some(json!(1)),
        (EventStage::PostEvent, _) => {
            let args: Value = serde_json::from_str(data.args.as_str().unwrap()).unwrap();
            match args["keywords"].as_str() {
                Some("changed") => data.result = Some(json!({"seen": data.result})),
                Some("none") => data.result = None,
                _ => {}
            }
        }
        _ => {}
    }
    data
}

fn changing(stage: EventStage) -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    let builder = builder.tool::<search_tool>().tool_hook::<changes>().entry(&MAIN_AGENT);
    (builder.bindings(Bindings::new().with(binding(stage, "services.changes.any"))).start().unwrap(), log)
}

async fn search(bus: &Bus, keywords: &str) -> Result<Value, ToolError> {
    bus.tools().call("searchTool", json!({"keywords": keywords})).sender("aiagents.MainAgent").await
}

#[tokio::test]
async fn what_the_function_returns_before_a_call_replaces_the_arguments() {
    let (bus, log) = changing(EventStage::PreEvent);
    for (keywords, called) in [
        ("same", "search same 10"),
        ("object", "search changed 10"),
        ("list", "search listed 3"),
        ("kwargs", "search kwargs 4"),
    ] {
        search(&bus, keywords).await.unwrap();
        assert_eq!(log.take(), [called]);
    }
    for (keywords, said) in [
        ("text", "neither an object nor a list"),
        ("too many", "it returned 3 arguments, and the tool takes 2"),
        ("other type", "\"all\" is not of type \"integer\""),
        ("result", "the tool is not called yet"),
    ] {
        let error = search(&bus, keywords).await.unwrap_err();
        assert!(error.is_denied() && error.to_string().contains(said), "{error}");
        assert!(log.take().is_empty());
    }
}

#[tokio::test]
async fn what_the_function_returns_after_a_call_replaces_the_result() {
    let (bus, log) = changing(EventStage::PostEvent);
    assert_eq!(search(&bus, "same").await.unwrap(), json!({"found": "same"}));
    assert_eq!(search(&bus, "changed").await.unwrap(), json!({"seen": {"found": "changed"}}));
    assert_eq!(search(&bus, "none").await.unwrap(), Value::Null);
    assert_eq!(log.take().len(), 3);
}

#[hook(func = "services.fails.always")]
fn fails(data: EventData, log: State<Log>) -> Result<EventData, String> {
    log.add(format!("fails at {}", data.stage()));
    Err("always".into())
}

#[tokio::test]
async fn a_call_does_not_wait_for_a_function_with_async_type() {
    for stage in [EventStage::PreEvent, EventStage::PostEvent] {
        let (builder, log) = bus();
        let builder = builder.tool::<search_tool>().tool_hook::<fails>().entry(&MAIN_AGENT);
        let bindings = Bindings::new().with(binding(stage, "services.fails.always").async_type(true));
        let bus = builder.bindings(bindings).start().unwrap();
        assert_eq!(search(&bus, "k").await.unwrap(), json!({"found": "k"}));
        let mut seen = Vec::new();
        bus.idle().await;
        seen.extend(log.take());
        seen.sort();
        assert_eq!(seen, [format!("fails at {stage}"), "search k 10".into()]);
        // By hand, too.
        let event = bus.events().get("events.permission").unwrap();
        assert!(event.async_type());
        let data = vec![json!({"toolName": "t"})];
        let (_, args, _) = event.handle_node(event.node(), data.clone(), Map::new()).await.unwrap();
        assert_eq!(args, data);
        bus.idle().await;
        assert_eq!(log.take(), [format!("fails at {stage}")]);
    }
}

/// Not waited for, and without a name in a configuration.
#[hook(after, detached)]
fn observes(done: &ToolDone, log: State<Log>) {
    log.add(format!("observes {:?}", done.outcome() == CallOutcome::Denied));
}

#[tokio::test]
async fn they_run_after_the_hooks_of_the_program_and_are_seen_by_those_after_the_call() {
    let (builder, log) = bus();
    let builder =
        builder.tool::<search_tool>().tool_hook::<fails>().tool_hook::<observes>().entry(&MAIN_AGENT);
    let bindings = Bindings::new().with(binding(EventStage::PreEvent, "tools::bindings::fails"));
    let bus = builder.bindings(bindings).start().unwrap();
    assert_eq!(bus.events().get("events.permission").unwrap().func(), "tools::bindings::fails");
    search(&bus, "k").await.unwrap_err();
    bus.idle().await;
    assert_eq!(log.take(), ["fails at preEvent", "observes true"]);
}

/// Counts what passes, and hides the arguments.
struct Discreet;

impl BindingType for Discreet {
    fn given(&self, mut data: EventData) -> Result<EventData, HandlerError> {
        data.more.insert("args".into(), std::mem::take(&mut data.args));
        data.args = json!("hidden");
        Ok(data)
    }

    fn returned(&self, mut data: EventData) -> Result<EventData, HandlerError> {
        data.args = data.more.remove("args").ok_or("the arguments are lost")?;
        Ok(data)
    }

    fn remark(&self, data: &EventData) -> String {
        format!("Discreetly calling {}", data.tool_name())
    }
}

static OWN: BindingTypeInfo = BindingTypeInfo::new("events.Discreet", &Discreet);
static IN_PLACE_OF_OURS: BindingTypeInfo = BindingTypeInfo::new("events.AIAgentType", &Discreet);

#[tokio::test]
async fn a_program_adds_a_type_of_its_own_or_overrides_ours() {
    for (info, type_name) in [(&OWN, "events.Discreet"), (&IN_PLACE_OF_OURS, "events.AIAgentType")] {
        let (builder, log) = bus();
        let builder = builder.tool::<search_tool>().tool_hook::<say_hello>().entry(&MAIN_AGENT).entry(info);
        let binding =
            binding(EventStage::PreEvent, "services.standardServicesTested.sayHello").of_type(type_name);
        let bus = builder.bindings(Bindings::new().with(binding)).start().unwrap();
        search(&bus, "k").await.unwrap();
        assert_eq!(log.take(), [r#"Tool searchTool called at preEvent stage with "hidden""#, "search k 10"]);
        let event = bus.events().get("events.permission").unwrap();
        assert_eq!(event.lineage(), ["events.Meta", type_name, "events.permission"]);
        let data = vec![json!({"toolName": "searchTool", "args": ["k"]})];
        let (node, args, _) = event.handle_node(event.node(), data, Map::new()).await.unwrap();
        assert_eq!(node.remark, "Discreetly calling searchTool");
        assert_eq!(args[0]["args"], json!(["k"]));
    }
}
