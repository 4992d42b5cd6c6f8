//! What is found when a bus starts.

use atoms::prelude::*;

use crate::bus;

struct Missing;

#[tool]
fn refund(cents: u64, missing: State<Missing>) -> u64 {
    let _ = missing;
    cents
}

#[tool]
fn lookup_order(id: String) -> String {
    id
}

#[hook(before)]
fn limit(_: &mut Call<lookup_order>, missing: State<Missing>) -> Verdict<lookup_order> {
    let _ = missing;
    Verdict::Allow
}

#[hook(before, tools = "lookup_orders")]
fn guard(_: &mut ToolCall) -> Verdict {
    Verdict::Allow
}

#[event(type = "test.must.be.handled", must_handle)]
struct MustBeHandled;

#[tool]
fn emits(out: Emitter<MustBeHandled>) {
    let _ = out;
}

#[handler]
fn handles(_: &MustBeHandled) {}

fn problem(builder: atoms::BusBuilder) -> String {
    builder.start().unwrap_err().to_string()
}

#[test]
fn a_state_that_a_tool_or_a_hook_needs() {
    let told = problem(bus().0.tool::<refund>());
    assert!(told.contains("tool refund (tests/tools/start.rs:"), "{told}");
    assert!(told.contains("the bus has no state `tools::start::Missing`"), "{told}");
    let told = problem(bus().0.tool::<lookup_order>().tool_hook::<limit>());
    assert!(told.contains("hook tools::start::limit (tests/tools/start.rs:"), "{told}");
    bus().0.tool::<refund>().tool::<lookup_order>().tool_hook::<limit>().verify().unwrap();
}

#[test]
fn a_hook_that_is_about_no_tool() {
    let told = problem(bus().0.tool_hook::<limit>().state(Missing));
    assert!(told.contains("which this bus does not have: add `.tool::<lookup_order>()`"), "{told}");
    let told = problem(bus().0.tool::<lookup_order>().tool_hook::<guard>());
    let said = "`tools = \"lookup_orders\"` matches no tool of this bus: did you mean `lookup_order`?";
    assert!(told.contains(said), "{told}");
}

#[test]
fn an_event_that_must_be_handled() {
    let told = problem(bus().0.tool::<emits>());
    assert!(told.contains("it emits `test.must.be.handled`, which must be handled"), "{told}");
    bus().0.tool::<emits>().handler::<handles>().start().unwrap();
}

#[test]
fn the_registry_lists_tools_and_hooks() {
    let bus = bus().0.tool::<lookup_order>().tool_hook::<limit>().state(Missing).start().unwrap();
    let listed = bus.registry().to_string();
    assert!(listed.contains("tool lookup_order (tests/tools/start.rs:"), "{listed}");
    assert!(listed.contains("hook tools::start::limit (tests/tools/start.rs:"), "{listed}");
}
