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

/// The manifest of the crate with atoms.
pub(crate) fn atoms_manifest() -> String {
    let atoms = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    format!(
        "[package]\nname = \"with_atoms\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\natoms = {{ path = {atoms:?} }}\n"
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
