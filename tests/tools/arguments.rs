//! Arguments as models send them: whatever JSON comes, a function runs only if its schema lets it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atoms::prelude::*;
use atoms::schemars::{self, JsonSchema};
use boon::{Compiler, Schemas};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bus;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
enum Kind {
    Plain,
    Numbered(u8),
    Named { name: String },
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Line {
    #[schemars(length(min = 1, max = 3))]
    item: String,
    #[schemars(range(min = 1, max = 9))]
    count: u8,
    kind: Option<Kind>,
}

#[derive(Default)]
struct Runs(AtomicU64);

/// Takes a bit of all.
#[tool]
fn order(
    id: String,
    lines: Vec<Line>,
    #[tool(default = 1.5)] weight: f64,
    notes: Option<BTreeMap<String, bool>>,
    #[tool(sensitive)] code: Option<i16>,
    runs: State<Runs>,
) -> usize {
    let _ = (id, weight, notes, code);
    runs.0.fetch_add(1, Ordering::SeqCst);
    lines.len()
}

fn started() -> (Bus, Arc<Runs>) {
    let runs = Arc::<Runs>::default();
    (bus().0.tool::<order>().shared_state(runs.clone()).start().unwrap(), runs)
}

/// Whether another validator lets the arguments through.
fn is_valid(arguments: &Value) -> bool {
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.add_resource("tool.json", <order as Tool>::info().schema().clone()).unwrap();
    let index = compiler.compile("tool.json", &mut schemas).unwrap();
    schemas.validate(arguments, index).is_ok()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u8..12).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,5}".prop_map(Value::from),
        Just(json!("Plain")),
    ];
    let name = prop_oneof![
        Just("id".to_owned()),
        Just("lines".to_owned()),
        Just("item".to_owned()),
        Just("count".to_owned()),
        Just("kind".to_owned()),
        Just("Numbered".to_owned()),
        "[a-z]{0,4}",
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What is nearly right.
fn nearly_right() -> impl Strategy<Value = Value> {
    let line = (".{0,4}", 0_u8..12, prop::option::of(any_json()))
        .prop_map(|(item, count, kind)| json!({"item": item, "count": count, "kind": kind}));
    let lines = prop::collection::vec(prop_oneof![4 => line.boxed(), 1 => any_json().boxed()], 0..3);
    let other = prop::option::of((prop_oneof!["weight", "notes", "code", "other"], any_json()));
    (lines, other).prop_map(|(lines, other)| {
        let mut arguments = json!({"id": "o-1", "lines": lines});
        if let Some((name, value)) = other {
            arguments[name] = value;
        }
        arguments
    })
}

fn check(arguments: Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (bus, runs) = started();
    let called = runtime.block_on(bus.tools().call("order", arguments.clone()).into_future());
    let ran = runs.0.load(Ordering::SeqCst) == 1;
    assert_eq!(ran, called.is_ok(), "{arguments}: {called:?}");
    assert!(!ran || is_valid(&arguments), "{arguments} was taken");
    if let Err(error) = called {
        assert!(matches!(error, ToolError::InvalidArguments { .. }), "{arguments}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_json_runs_the_function_only_if_its_schema_lets_it(arguments in any_json()) {
        check(arguments);
    }

    #[test]
    fn what_is_nearly_right_runs_the_function_only_if_its_schema_lets_it(arguments in nearly_right()) {
        check(arguments);
    }
}

#[tokio::test]
async fn what_is_right_runs() {
    let (bus, runs) = started();
    let line = json!({"item": "saw", "count": 2, "kind": {"Numbered": 3}});
    let arguments = json!({"id": "o-1", "lines": [line], "notes": {"fragile": true}, "code": null});
    assert!(is_valid(&arguments));
    assert_eq!(bus.tools().call("order", arguments).await.unwrap(), 1);
    assert_eq!(runs.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let (bus, _) = started();
    let lines =
        json!([{"item": "", "count": 2}, {"item": "saw", "count": 10, "kind": "Other"}, {"count": 1}]);
    let arguments = json!({"lines": lines, "wieght": 2, "code": "secret"});
    let error = bus.tools().call("order", arguments).await.unwrap_err();
    let ToolError::InvalidArguments { problems, .. } = &error else { panic!("{error}") };
    let paths: Vec<_> = problems.problems().iter().map(|problem| problem.path.as_str()).collect();
    for path in ["/lines/0/item", "/lines/1/count", "/lines/1/kind", "/lines/2", "/code"] {
        assert!(paths.contains(&path), "{path} is not among {paths:?}");
    }
    let text = error.to_string();
    assert!(text.contains("there is no argument `wieght`: did you mean `weight`?"), "{text}");
    assert!(text.contains("\"id\" is a required property"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_caller_in_rust_is_checked_as_well() {
    let (bus, runs) = started();
    let lines = vec![Line { item: "hammer".into(), count: 2, kind: None }];
    let args = OrderArgs { id: "o-1".into(), lines, weight: 1.5, notes: None, code: Some(7) };
    let error = order::call(&bus, args.clone()).await.unwrap_err();
    assert!(error.to_string().contains("/lines/0/item"), "{error}");
    assert_eq!(runs.0.load(Ordering::SeqCst), 0);
    assert!(format!("{args:?}").contains("[sensitive]"), "{args:?}");
}
