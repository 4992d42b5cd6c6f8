//! What is found of bindings when a bus starts: everything at once, each with its file, line and column.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use atoms::BusBuilder;
use atoms::prelude::*;
use atoms::tools::{BindingType, BindingTypeInfo, Bindings, EventBinding, EventData, EventStage, SenderInfo};

use crate::bus;

#[tool]
fn search(keywords: String) -> String {
    keywords
}

#[hook(func = "services.taskChain.nextStep")]
fn next_step(_: EventData) {}

#[hook(func = "services.taskChain.nextStep")]
fn next_step_again(_: EventData) {}

#[hook(before)]
fn by_itself(_: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[hook(func = "services.audit.log", tools = "serch")]
fn of_no_tool(_: EventData) {}

struct Own;

impl BindingType for Own {}

static MAIN: SenderInfo = SenderInfo::new("aiagents.Main");
static AGAIN: SenderInfo = SenderInfo::new("aiagents.Main");
static OWN: BindingTypeInfo = BindingTypeInfo::new("events.OwnType", &Own);
static META: BindingTypeInfo = BindingTypeInfo::new("events.Meta", &Own);
static NAMELESS: BindingTypeInfo = BindingTypeInfo::new("OwnType", &Own);

fn builder() -> BusBuilder {
    bus().0.tool::<search>().tool_hook::<next_step>().tool_hook::<by_itself>().entry(&MAIN).entry(&OWN)
}

/// The problems, without the binding and the place in the program.
fn problems(builder: BusBuilder) -> Vec<String> {
    let error = builder.start().unwrap_err();
    let told = error.problems().iter().map(ToString::to_string);
    told.map(|told| told.split_once("): ").map_or(told.clone(), |(_, problem)| problem.into())).collect()
}

fn of_json(text: &str) -> Vec<String> {
    let told = problems(builder().bindings(Bindings::new().json("events.x", text)));
    told.into_iter().map(|told| told.strip_prefix("events/x/e.json:").unwrap().into()).collect()
}

const RIGHT: &str = r#"{
  "title": "A step",
  "type": "events.AIAgentType",
  "sender": "aiagents.Main",
  "stage": "postEvent",
  "func": "services.taskChain.nextStep"
}"#;

fn of_changed(from: &str, to: &str) -> Vec<String> {
    assert!(RIGHT.contains(from));
    of_json(&RIGHT.replace(from, to))
}

#[test]
fn what_is_right_starts() {
    for text in [RIGHT.to_owned(), RIGHT.replace("events.AIAgentType", "events.OwnType")] {
        builder().bindings(Bindings::new().json("events.x", &text)).start().unwrap();
    }
    let escaped = RIGHT.replace("\"title\"", r#""t\u0069tle""#).replace("A step", r"\u00e9");
    let bus = builder().bindings(Bindings::new().json("events.x", &escaped)).start().unwrap();
    assert_eq!(bus.events().get("events.x").unwrap().title(), "é");
    let with_all =
        RIGHT.replace("\"stage\"", "\"asyncType\": true, \"backendBundleEntry\": \"x\", \"stage\"");
    let bus = builder().bindings(Bindings::new().json("events.x", &with_all)).start().unwrap();
    let event = bus.events().get("events.x").unwrap();
    assert_eq!((event.async_type(), event.backend_bundle_entry()), (true, "x"));
}

#[test]
fn an_unknown_or_mistyped_key() {
    for (from, to, told) in [
        (
            "\"stage\"",
            "\"asynctype\": true, \"stage\"",
            "5:3: there is no key `asynctype`: did you mean `asyncType`?",
        ),
        ("\"stage\"", "\"xyz\": {}, \"stage\"", "5:3: there is no key `xyz`: the keys are `title`, `type`, "),
        ("\"A step\"", "5", "2:12: `title` is a number: write text in quotes"),
        (
            "\"stage\"",
            "\"asyncType\": \"true\", \"stage\"",
            "5:16: `asyncType` is text: write `true` or `false`",
        ),
        (
            "\"stage\"",
            "\"asyncType\": null, \"stage\"",
            "5:16: `asyncType` is `null`: write `true` or `false`",
        ),
        (
            "\"stage\"",
            "\"backendBundleEntry\": [1], \"stage\"",
            "5:25: `backendBundleEntry` is a list: write text",
        ),
        ("\"stage\"", "\"title\": \"B\", \"stage\"", "5:3: `title` is given twice: remove one of the two"),
    ] {
        let problems = of_changed(from, to);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(told), "{problems:?}");
    }
}

#[test]
fn a_missing_key() {
    for key in ["title", "type", "sender", "stage", "func"] {
        let line = RIGHT.lines().find(|line| line.contains(&format!("\"{key}\""))).unwrap();
        let without = RIGHT.replace(&format!("{line}\n"), "").replace("\",\n}", "\"\n}");
        let problems = of_json(&without);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].starts_with(&format!("1:1: the key `{key}` is missing: write `\"{key}\": \"")),
            "{problems:?}"
        );
    }
}

#[test]
fn an_unknown_function_stage_sender_or_type() {
    for (from, to, told) in [
        (
            "nextStep",
            "nextStp",
            "6:11: there is no function `services.taskChain.nextStp`: did you mean `services.taskChain.nextStep`?",
        ),
        (
            "services.taskChain.nextStep",
            "xyz",
            "6:11: there is no function `xyz`: write `#[hook(func = \"xyz\")]` on it; ",
        ),
        (
            "services.taskChain.nextStep",
            "tools::bindings_start::by_itself",
            "6:11: the hook `tools::bindings_start::by_itself` runs by itself, without a configuration: write",
        ),
        ("postEvent", "postevent", "5:12: there is no stage `postevent`: did you mean `postEvent`?"),
        ("postEvent", "x", "5:12: there is no stage `x`: write `preEvent` or `postEvent`"),
        (
            "aiagents.Main",
            "aiagents.Mian",
            "4:13: there is no sender `aiagents.Mian`: did you mean `aiagents.Main`?",
        ),
        (
            "aiagents.Main",
            "x",
            "4:13: there is no sender `x`: write `#[agent(name = \"...\")]` on its function",
        ),
        (
            "AIAgentType",
            "AIAgentTyp",
            "3:11: there is no type `events.AIAgentTyp`: did you mean `events.AIAgentType`?",
        ),
        ("AIAgentType", "OwnTyp", "3:11: there is no type `events.OwnTyp`: did you mean `events.OwnType`?"),
        (
            "events.AIAgentType",
            "events.Meta",
            "3:11: `events.Meta` is the root of all types, and has no events: write",
        ),
    ] {
        let problems = of_changed(from, to);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(told), "{problems:?}");
    }
}

#[test]
fn what_is_no_configuration() {
    for (text, told) in [
        ("", "1:1: this is not the configuration of an event: EOF while parsing a value"),
        ("[]", "1:1: this is not the configuration of an event: invalid type: sequence, expected an object"),
        ("{\n  \"title\": \"A\",\n}", "3:1: this is not the configuration of an event: trailing comma"),
        ("{} {}", "1:4: this is not the configuration of an event: trailing characters"),
    ] {
        let problems = of_json(text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with(told), "{problems:?}");
    }
}

fn write(dir: &Path, name: &str, text: &[u8]) {
    fs::create_dir_all(dir.join(name)).unwrap();
    fs::write(dir.join(name).join("e.json"), text).unwrap();
}

#[test]
fn everything_that_is_wrong_in_a_folder_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(dir, "right", RIGHT.as_bytes());
    write(dir, "wrong", b"{\n\"titel\": \"x\", \"type\": \"events.X\", \"sender\": \"aiagents.Man\",\n\"stage\": \"pre\", \"func\": 1, \"asyncType\": 1}");
    write(dir, "inner/nested", RIGHT.as_bytes());
    write(dir, "inner/text", b"\xff");
    write(dir, "large", &[b' '; 65 * 1024]);
    fs::create_dir_all(dir.join("empty/empty")).unwrap();
    fs::create_dir_all(dir.join("__pycache__")).unwrap();
    fs::write(dir.join("right/inner.py"), "").unwrap();
    fs::write(dir.join("__init__.py"), "").unwrap();
    let bindings = Bindings::from_dir(dir).unwrap();
    let mut told = problems(builder().bindings(bindings));
    let at = format!("{}/", dir.display());
    told.iter_mut().for_each(|told| *told = told.replace(&at, ""));
    let expected = [
        "empty: this folder has no `e.json`: write one, or remove the folder",
        "inner/text/e.json: it is not UTF-8",
        "large/e.json: it is larger than 65536 bytes",
        "wrong/e.json:2:1: there is no key `titel`: did you mean `title`?",
        "wrong/e.json:3:10: there is no stage `pre`: did you mean `preEvent`?",
        "wrong/e.json:3:25: `func` is a number: write text in quotes",
        "wrong/e.json:3:41: `asyncType` is a number: write `true` or `false`",
        "wrong/e.json:1:1: the key `title` is missing",
        "wrong/e.json:2:23: there is no type `events.X`",
        "wrong/e.json:2:45: there is no sender `aiagents.Man`: did you mean `aiagents.Main`?",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
}

#[test]
fn folders_in_each_other_name_the_event() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "shop/orders", RIGHT.as_bytes());
    write(dir.path(), "shop", RIGHT.as_bytes());
    let bus = builder().bindings(Bindings::from_dir(dir.path()).unwrap()).start().unwrap();
    let names: Vec<_> = bus.events().list().map(|event| event.name()).collect();
    assert_eq!(names, ["events.shop", "events.shop.orders"]);
}

#[test]
fn a_folder_that_cannot_be_read() {
    let error = Bindings::from_dir("tests/tools/no_such_folder").unwrap_err();
    assert_eq!(error.path(), Path::new("tests/tools/no_such_folder"));
    assert!(
        error.to_string().starts_with("the events in `tests/tools/no_such_folder` cannot be read: "),
        "{error}"
    );
}

#[test]
fn links_are_followed_and_one_that_leads_back_or_nowhere_is_a_mistake() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (dir, elsewhere) = (dir.path(), elsewhere.path());
    write(dir, "shop", RIGHT.as_bytes());
    write(elsewhere, "orders", RIGHT.as_bytes());
    symlink(elsewhere.join("orders"), dir.join("shop/orders")).unwrap();
    symlink("/no/such/folder", dir.join("shop/.#orders")).unwrap();
    let bus = builder().bindings(Bindings::from_dir(dir).unwrap()).start().unwrap();
    let names: Vec<_> = bus.events().list().map(|event| event.name()).collect();
    assert_eq!(names, ["events.shop", "events.shop.orders"]);

    fs::create_dir(dir.join("shop/bills")).unwrap();
    for (to, link) in
        [("..", "shop/all"), ("/no/such/folder", "bills"), ("/no/such/file", "shop/bills/e.json")]
    {
        symlink(to, dir.join(link)).unwrap();
        let told = Bindings::from_dir(dir).unwrap_err();
        assert!(told.path().starts_with(dir.join(link)), "{told}");
        assert!(to != ".." || told.to_string().contains("or a link leads back"), "{told}");
        fs::remove_file(dir.join(link)).unwrap();
    }
    assert!(Bindings::from_dir(dir).is_ok());
}

#[test]
fn no_folder_is_left_out_since_it_is_too_deep() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "1/2/3/4/5/6/7/8", RIGHT.as_bytes());
    assert!(Bindings::from_dir(dir.path()).is_ok());
    write(dir.path(), "1/2/3/4/5/6/7/8/9", RIGHT.as_bytes());
    let told = Bindings::from_dir(dir.path()).unwrap_err().to_string();
    assert!(told.contains("folders are more than 8 deep"), "{told}");
}

#[test]
fn a_binding_in_code() {
    let bindings = Bindings::new().with(EventBinding::new("agentToolEvent", EventStage::PreEvent));
    let told = problems(builder().bindings(bindings));
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(
        told[0].starts_with("`agentToolEvent` is not the name of an event: write one such as"),
        "{told:?}"
    );
    assert_eq!(
        told[1..3],
        ["it has no title: write `.title(\"...\")`", "it has no sender: write `.sender(\"...\")`"]
    );
    assert_eq!(told[3], "it has no func: write `.func(\"...\")`");
}

#[test]
fn two_of_one_name() {
    let twice = Bindings::new().json("events.x", RIGHT).json("events.x", RIGHT);
    let told = builder().bindings(twice).start().unwrap_err().to_string();
    assert!(told.contains("binding") && told.contains("events.x"), "{told}");
    let told = builder().entry(&AGAIN).start().unwrap_err().to_string();
    assert!(told.contains("aiagents.Main"), "{told}");
    let told = problems(builder().tool_hook::<next_step_again>());
    let said = "it has `func = \"services.taskChain.nextStep\"`, and so has `tools::bindings_start::next_step_again`";
    assert!(told[0].starts_with(said), "{told:?}");
}

#[test]
fn a_hook_that_is_about_no_tool() {
    let told = problems(builder().tool_hook::<of_no_tool>());
    assert_eq!(told, ["`tools = \"serch\"` matches no tool of this bus: did you mean `search`?"]);
}

#[test]
fn a_type_of_a_wrong_name() {
    let told = problems(builder().entry(&META).entry(&NAMELESS));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("`OwnType` is not the name of a type"), "{told:?}");
    assert!(
        told[1].starts_with("`events.Meta` is the root of all types, and cannot be replaced"),
        "{told:?}"
    );
}
