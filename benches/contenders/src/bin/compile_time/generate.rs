//! The two crates.

use std::fmt::Write as _;

/// How many events there are, and handlers.
pub(crate) const COUNT: usize = 500;

/// The fields of each event.
const FIELDS: &str = "    pub order_id: String,\n    pub total_cents: u64,\n    pub note: Option<String>,\n    \
                      pub tags: Vec<String>,\n    pub weight: f64,\n";

/// The manifest of the crate without atoms.
pub(crate) const SERDE_MANIFEST: &str = r#"[package]
name = "with_serde"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
serde = { version = "1", features = ["derive"] }
serde_json = "1"
"#;

/// How many nodes there are.
const NODES: usize = 100;

/// How many edges there are between the nodes.
pub(crate) const EDGES: usize = 200;

/// The manifest of a crate with atoms.
pub(crate) fn atoms_manifest(name: &str) -> String {
    let atoms = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\natoms-rs = {{ path = {atoms:?} }}\n"
    )
}

/// The events with their serde derives, each read, written and handled by code that is instantiated.
pub(crate) fn with_serde() -> String {
    let mut code = String::from("use std::hint::black_box;\n\nuse serde::{Deserialize, Serialize};\n");
    for number in 0..COUNT {
        let _ = write!(
            code,
            "
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event{number} {{
{FIELDS}}}

fn handle_{number}(event: &Event{number}) {{
    black_box(event.total_cents);
}}

fn use_{number}() {{
    let handler: Box<dyn Fn(&Event{number})> = Box::new(handle_{number});
    black_box(&handler);
    black_box(serde_json::from_slice::<Event{number}> as fn(&'static [u8]) -> serde_json::Result<Event{number}>);
    black_box(serde_json::to_vec::<Event{number}> as fn(&Event{number}) -> serde_json::Result<Vec<u8>>);
}}
"
        );
    }
    code.push_str("\nfn main() {\n");
    for number in 0..COUNT {
        let _ = writeln!(code, "    use_{number}();");
    }
    code + "}\n"
}

/// The same structs as events, with handlers that a bus discovers.
pub(crate) fn with_atoms() -> String {
    let mut code = String::from("use std::hint::black_box;\n\nuse atoms::prelude::*;\n");
    for number in 0..COUNT {
        let _ = write!(
            code,
            "
#[event(type = \"compile.event_{number}\")]
pub struct Event{number} {{
{FIELDS}}}

#[handler]
fn handle_{number}(event: &Event{number}) {{
    black_box(event.total_cents);
}}
"
        );
    }
    code + "\nfn main() {\n    black_box(&Bus::start().expect(\"the handlers need nothing\"));\n}\n"
}

/// Nodes of which each handles and emits a part of the events, with a graph of them or without.
pub(crate) fn with_nodes(has_graph: bool) -> String {
    let mut code = String::from("use atoms::prelude::*;\n");
    for number in 0..COUNT {
        let _ = write!(
            code,
            "\n#[event(type = \"compile.event_{number}\", from(client))]\nstruct Event{number};\n"
        );
    }
    let share = COUNT / NODES;
    for node in 0..NODES {
        let _ = write!(code, "\n#[derive(Default)]\nstruct Node{node};\n\n#[node]\nimpl Node{node} {{\n");
        for number in node * share..(node + 1) * share {
            let next = number + share;
            let (output, body) =
                if next < COUNT { (format!("-> Option<Event{next}>"), "None") } else { Default::default() };
            let _ = writeln!(
                code,
                "    #[handler]\n    fn handle_{number}(&mut self, _: &Event{number}) {output} {{ {body} }}"
            );
        }
        code.push_str("}\n");
    }
    if has_graph {
        code.push_str(&graph());
    }
    code + "\nfn main() {}\n"
}

/// Each node with an edge to the next, and others that leave out some.
fn graph() -> String {
    let mut code = String::from("\ngraph! {\n    struct Large {\n");
    let edges = (1..).flat_map(|step| (0..NODES - step).map(move |node| (node, node + step)));
    for (from, to) in edges.take(EDGES) {
        let _ = writeln!(code, "        Node{from} -> Node{to},");
    }
    code + "    }\n}\n"
}
