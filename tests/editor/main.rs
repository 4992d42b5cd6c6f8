//! What an editor completes in unfinished code: `cargo xtask editor` lets rust-analyzer say it.

mod client;

use std::fs;
use std::path::{Path, PathBuf};

use client::Client;

/// Unfinished code with a macro's attribute, where `$0` is the cursor.
struct Case {
    title: &'static str,
    /// The lines that begin with `#` are those that the plain code does not have.
    code: &'static str,
    /// What has to be among the completions.
    expected: &'static str,
}

const fn case(title: &'static str, code: &'static str, expected: &'static str) -> Case {
    Case { title, code, expected }
}

const CASES: [Case; 13] = [
    case("a field, in a handler", "#[handler]\nfn f(order: &OrderCreated) { order.$0 }", "order_id"),
    case(
        "a method, in a handler",
        "#[handler]\nfn f(order: &OrderCreated) { let cents = order.cents.$0 }",
        "pow",
    ),
    case(
        "behind an unfinished statement",
        "#[handler]\nasync fn f(order: &OrderCreated) { let x = ; if order.$0 }",
        "order_id",
    ),
    case(
        "a parameter that is extracted",
        "#[handler]\nasync fn f(_: &OrderCreated, out: Emitter<OrderPaid>) { out.$0 }",
        "emit",
    ),
    case(
        "a handler with a wrong key",
        "#[handler(order = true)]\nfn f(order: &OrderCreated) { order.$0 }",
        "order_id",
    ),
    case("the type of a handler's event", "#[handler]\nfn f(order: &OrderCr$0) {}", "OrderCreated"),
    case("the type of an event's field", "#[event(type = \"a.b\")]\nstruct Other { id: Strin$0 }", "String"),
    case(
        "behind an event's field",
        "#[event(type = \"a.b\")]\nstruct Other { id: String, order: OrderCr$0",
        "OrderCreated",
    ),
    case("the type of a set's variant", "#[event_set]\nenum Both { Created(OrderCr$0) }", "OrderCreated"),
    case(
        "a node's field",
        "struct Desk { seen: u64 }\n#[node]\nimpl Desk {\n#[handler]\nfn see(&mut self, order: &OrderCreated) { self.$0 }\n}",
        "seen",
    ),
    case(
        "an event's field, in a node",
        "struct Desk { seen: u64 }\n#[node]\nimpl Desk {\n#[handler]\nfn see(&mut self, order: &OrderCreated) { order.$0 }\n}",
        "order_id",
    ),
    case("an argument, in a tool", "/// Pays.\n#[tool]\nfn pay(cents: u64) -> u64 { cents.$0 }", "pow"),
    case(
        "a call, in a hook",
        "#[hook(before)]\nfn look(call: &mut Call<refund>) -> Verdict<refund> { call.$0 }",
        "args",
    ),
];

/// What stands before the code of each case.
const HEAD: &str = "use atoms::prelude::*;

#[event(type = \"shop.order.created\")]
pub struct OrderCreated { pub order_id: String, pub cents: u64 }

#[event(type = \"shop.order.paid\")]
pub struct OrderPaid {}

/// Pays money back.
#[tool]
pub fn refund(cents: u64) -> u64 { cents }

fn main() {}

";

/// A crate for the editor. It has a target directory for the macros, which are built once.
fn project() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
    let manifest = format!(
        "[package]\nname = \"unfinished\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         atoms-rs = {{ path = \"{}\", features = [\"tools\"] }}\n",
        root.display()
    );
    fs::create_dir_all(project.join("src")).unwrap();
    fs::write(project.join("Cargo.toml"), manifest).unwrap();
    fs::write(project.join("src/main.rs"), HEAD).unwrap();
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    project
}

/// The code without the attributes.
fn plain(code: &str) -> String {
    code.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

#[test]
#[ignore = "needs rust-analyzer: `cargo xtask editor` runs it"]
fn unfinished_code_is_completed_as_without_the_macros() {
    let project = project();
    let mut client = Client::start(&project);
    let mut wrong = Vec::new();
    println!("| where | completed | as without the macro |\n| --- | --- | --- |");
    for Case { title, code, expected } in &CASES {
        let completed = client.completions(&format!("{HEAD}{code}"));
        let without = client.completions(&format!("{HEAD}{}", plain(code)));
        let missing: Vec<_> = without.difference(&completed).cloned().collect();
        let is_there = completed.contains(*expected);
        let as_plain =
            if missing.is_empty() { "yes".into() } else { format!("not `{}`", missing.join("`, `")) };
        println!("| {title} | {} | {as_plain} |", if is_there { "yes" } else { "**no**" });
        if !is_there || !missing.is_empty() {
            wrong.push(title);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
