//! What 500 events and 500 handlers cost to compile, against their serde derives and boxed functions.
//!
//! Writes two crates into a temporary directory, builds what they depend on, and then compiles the
//! crates themselves in turn: `cargo run --release --bin compile_time`. And what the check of a large graph
//! costs, which alone is `-- --graph-only`.

mod generate;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use contenders::runner::quantile;

/// How often each crate is compiled.
const ROUNDS: usize = 5;

/// A generated crate, in its own target directory.
struct Generated {
    name: &'static str,
    directory: PathBuf,
    source: String,
}

impl Generated {
    fn new(root: &Path, name: &'static str, manifest: &str, source: String) -> Result<Self, Box<dyn Error>> {
        let directory = root.join(name);
        fs::create_dir_all(directory.join("src"))?;
        fs::write(directory.join("Cargo.toml"), manifest)?;
        // The dependencies are those of this package, to the version, and so is the compiler.
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"), directory.join("Cargo.lock"))?;
        let toolchain = "rust-toolchain.toml";
        fs::copy(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(toolchain),
            directory.join(toolchain),
        )?;
        Ok(Self { name, directory, source })
    }

    /// Writes the source anew and compiles it, in seconds.
    fn compile(&self, arguments: &[&str]) -> Result<f64, Box<dyn Error>> {
        fs::write(self.directory.join("src/main.rs"), &self.source)?;
        let start = Instant::now();
        let status = Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--quiet", "--offline"])
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", self.directory.join("target"))
            // Otherwise `check` would only find out that nothing has changed.
            .env("CARGO_INCREMENTAL", "0")
            .status()?;
        if !status.success() {
            return Err(format!("`cargo {}` of the crate `{}` failed", arguments.join(" "), self.name).into());
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

/// What the check of a graph costs beside that of its nodes.
fn graph(root: &Path) -> Result<(), Box<dyn Error>> {
    let [without, with] = [("without_graph", false), ("with_graph", true)].map(|(name, has_graph)| {
        Generated::new(root, name, &generate::atoms_manifest(name), generate::with_nodes(has_graph))
    });
    let (without, with) = (without?, with?);
    without.compile(&["check"])?;
    with.compile(&["check"])?;
    let mut costs = Vec::new();
    for _ in 0..2 * ROUNDS {
        costs.push(-without.compile(&["check"])? + with.compile(&["check"])?);
    }
    println!("\n## Compile time: a graph of {} edges and {} events\n", generate::EDGES, generate::COUNT);
    println!("| what | time | target |\n| --- | ---: | ---: |");
    println!("| `cargo check` with the graph, less that without | {:.2} s | 0.3 s |", quantile(&costs, 0.5));
    Ok(())
}

/// Whether the command line has this word.
fn is_asked(word: &str) -> bool {
    std::env::args().any(|argument| argument == word)
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = tempfile::tempdir()?;
    if !is_asked("--graph-only") {
        handlers(root.path())?;
    }
    graph(root.path())?;
    if is_asked("--keep") {
        println!("\nThe crates are kept in {}", root.keep().display());
    }
    Ok(())
}

/// What events and handlers cost, against their serde derives and boxed functions.
fn handlers(root: &Path) -> Result<(), Box<dyn Error>> {
    let with_serde = Generated::new(root, "with_serde", generate::SERDE_MANIFEST, generate::with_serde())?;
    let with_atoms =
        Generated::new(root, "with_atoms", &generate::atoms_manifest("with_atoms"), generate::with_atoms())?;
    println!("\n## Compile time: {} events, {0} handlers\n", generate::COUNT);
    println!("| command | serde and boxed functions | atoms | ratio | target |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for arguments in [&["check"][..], &["build", "--release"]] {
        // The first time builds the dependencies.
        with_serde.compile(arguments)?;
        with_atoms.compile(arguments)?;
        let (mut baseline, mut atoms) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            baseline.push(with_serde.compile(arguments)?);
            atoms.push(with_atoms.compile(arguments)?);
        }
        let (baseline, atoms) = (quantile(&baseline, 0.5), quantile(&atoms, 0.5));
        let command = arguments.join(" ");
        println!("| `cargo {command}` | {baseline:.2} s | {atoms:.2} s | {:.2} | 1.2 |", atoms / baseline);
    }
    Ok(())
}
