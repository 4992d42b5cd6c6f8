//! Writes the thousand events of the benchmarks, since a macro cannot make up type strings.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

const COUNT: usize = 1_000;

/// How many of them the tagged enum and typetag have: their code takes minutes to compile with more.
const TAGGED: usize = 100;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("events.rs"), events())?;
    fs::write(Path::new(&out).join("handlers.rs"), handlers())?;
    fs::write(Path::new(&out).join("tagged.rs"), tagged())
}

/// The structs, and functions that put them on a bus.
fn events() -> String {
    let mut code = String::new();
    for number in 0..COUNT {
        let _ = writeln!(
            code,
            "#[atoms::event(type = \"many.area_{}.event_{number}\")] pub(crate) struct E{number} {{ pub(crate) n: u64 }}",
            number % 40
        );
    }
    code.push_str("pub(crate) const ADD: &[fn(atoms::BusBuilder) -> atoms::BusBuilder] = &[\n");
    for number in 0..COUNT {
        let _ = writeln!(code, "|builder| builder.event::<E{number}>(),");
    }
    code + "];\n"
}

/// A handler of each.
fn handlers() -> String {
    let mut code = String::new();
    for number in 0..COUNT {
        let _ = writeln!(
            code,
            "#[atoms::handler] fn h{number}(event: &E{number}) {{ std::hint::black_box(event.n); }}"
        );
    }
    code
}

/// The first of the same events as the variants of an enum, and for typetag.
fn tagged() -> String {
    let mut code = String::from(
        "#[derive(Debug, serde::Serialize, serde::Deserialize)]\n#[serde(tag = \"type\")]\npub(crate) enum Tagged {\n\
         #[serde(rename = \"shop.order.placed\")] Order(super::order::Record),\n",
    );
    for number in 0..TAGGED {
        let _ = writeln!(
            code,
            "#[serde(rename = \"many.area_{}.event_{number}\")] E{number}(super::many::E{number}),",
            number % 40
        );
    }
    code.push_str("}\n");
    for number in 0..TAGGED {
        let _ = writeln!(
            code,
            "#[typetag::serde(name = \"many.area_{}.event_{number}\")] impl Typetag for super::many::E{number} {{}}",
            number % 40
        );
    }
    code
}
