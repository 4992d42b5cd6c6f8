//! The project's chores, as `cargo xtask <command>`.

mod floors;
mod report;
mod step;

use std::{env, process::ExitCode};

use report::Report;
use step::{Failure, Step, cargo, tool};

/// What `cargo xtask` prints when it is asked for help, or for nothing.
const HELP: &str = "\
Usage: cargo xtask <command>

  test             all that CI runs: format, floors, lints, docs, dependencies, examples, tests
  floors           which module may name which
  miri [args...]   the runtime's unsafe code under Miri; needs a nightly toolchain.
                   The arguments go to the test runner (default: erased)
  shuttle          concurrent code under the random scheduler of shuttle
  fuzz [seconds]   any bytes at all as a frame (default: 600 seconds); needs a nightly toolchain
  soak [seconds]   ten times more posts than the handlers can take (default: 30 seconds)
  hostile [seconds] [kind]
                   clients that attack a server, beside honest ones (default: 60 seconds, all kinds)
  crash [kills]    a program with a store that is killed again and again (default: 1,000 times)
  runs [seconds]   8 threads that start, pause, resume and cancel runs (default: 30 seconds)
  nets [numbers]   what the linker says, in many ways to build programs; writes `tests/nets/README.md`
                   (default: all; the numbers are those of its table)
  editor           what rust-analyzer completes in unfinished code
  bench            the benchmarks, with other crates beside this one
  load [args...]   agent servers under load, the original SDK's among them; needs Python 3 with venv.
                   The arguments go to the benchmark (default: 5 seconds for each point)
  help             this text
";

/// The newest cargo-deny that the pinned toolchain is known to build.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

const CARGO_FUZZ: &str = "cargo-fuzz@0.13.2";

/// Builds a tool into `target/tools`; one that is there already takes milliseconds.
fn install(tool: &str) -> Step {
    cargo("install --quiet --locked --root target/tools").arg(tool)
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command that `args` name, in the workspace's root.
fn run(args: &[&str]) -> Result<(), Failure> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    env::set_current_dir(root).map_err(|source| Failure::unusable(root, source))?;
    match args {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["test"] => test(),
        ["floors"] => floors::check(),
        ["miri", filter @ ..] => miri(filter),
        ["shuttle"] => shuttle(),
        ["fuzz"] => fuzz("600"),
        ["fuzz", seconds] => fuzz(seconds),
        ["soak"] => soak("30"),
        ["soak", seconds] => soak(seconds),
        ["hostile", args @ ..] => hostile(args),
        ["crash"] => crash("1000"),
        ["crash", kills] => crash(kills),
        ["runs"] => runs("30"),
        ["runs", seconds] => runs(seconds),
        ["nets", ways @ ..] => nets(ways),
        ["editor"] => editor(),
        ["bench"] => bench(),
        ["load", args @ ..] => load(args),
        _ => Err(Failure::UnknownCommand(args.join(" "))),
    }
}

/// All that CI runs, cheapest first. The tests come last, and the doc tests before the others,
/// so that the output ends with a test runner's own summary.
fn test() -> Result<(), Failure> {
    let frames = "tests/golden/public.jsonl";
    let mut report = Report::default();
    report.run(cargo("fmt --all --check"))?;
    for of in ["tests/programs", "benches/contenders", "benches/sessions", "benches/store", "fuzz"] {
        report.run(cargo(&format!("fmt --manifest-path {of}/Cargo.toml --all --check")))?;
    }
    report.run(cargo("xtask floors"))?;
    report.run(cargo("clippy --workspace --all-targets -- -D warnings"))?;
    report.run(cargo("check --package atoms-rs --no-default-features"))?;
    report.run(cargo("check --package atoms-rs --no-default-features --features control"))?;
    report.run(cargo("check --package atoms-rs --no-default-features --features tools"))?;
    report.run(cargo("doc --workspace --no-deps --all-features").env("RUSTDOCFLAGS", "-D warnings"))?;
    report.run(install(CARGO_DENY))?;
    // No `advisories`: their database is a git repository that CI cannot reach.
    report.run(tool("target/tools/bin/cargo-deny", "check bans licenses sources"))?;
    report.run(cargo("build --examples"))?;
    report.run(cargo("run --quiet --example quickstart"))?;
    report.run(cargo("run --quiet --example orders"))?;
    report.run(cargo("run --quiet --example interceptors"))?;
    report.run(cargo("run --quiet --example checkpoints"))?;
    report.run(cargo("run --quiet --example review"))?;
    report.run(cargo("run --quiet --example mounted"))?;
    report.run(cargo("run --quiet --example guarded_tools"))?;
    report.run(cargo("run --quiet --example task_chain"))?;
    report.run(cargo("run --quiet --example refunds"))?;
    report.run(cargo("run --quiet --package order-service"))?;
    report.run(cargo("run --quiet --package agent-desk"))?;
    report.run(cargo("run --quiet --example route_log").arg(frames))?;
    report.run(cargo("run --quiet --example route_log").arg("tests/golden/bad_public.jsonl"))?;
    report.run(cargo("run --quiet --example probe").stdin(frames).silent())?;
    report.run(cargo("test --workspace --doc"))?;
    println!("{report}");
    // Not `--all-targets`, which would run the benchmarks.
    report.run(cargo("test --workspace --lib --bins --tests --examples"))
}

/// Runs the tests of the runtime that `args` select under Miri. A missing component is added to the
/// nightly toolchain that is there: updating that is its owner's business.
fn miri(args: &[&str]) -> Result<(), Failure> {
    // An event that is kept takes its time from the clock, which Miri hides unless it is told not to.
    let tests = cargo("+nightly miri test --package atoms-runtime --lib")
        .env("MIRIFLAGS", "-Zmiri-disable-isolation");
    let args = if args.is_empty() { &["erased"] } else { args };
    if !cargo("+nightly miri --version").succeeds() {
        tool("rustup", "component add --toolchain nightly miri rust-src")
            .run()
            .map_err(|source| Failure::NoMiri(source.into()))?;
    }
    args.iter().fold(tests, |tests, arg| tests.arg(arg)).run()
}

/// Runs the tests that are there only if `shuttle` schedules the threads, one after the other: what they
/// share is safe among its threads, and not among those of the test runner.
fn shuttle() -> Result<(), Failure> {
    let packages = "--package atoms-runtime --package atoms-control --package atoms-tools";
    cargo(&format!("test --release --lib {packages} --target-dir target/shuttle shuttle -- --test-threads 1"))
        .env("RUSTFLAGS", "--cfg shuttle")
        .run()
}

/// Feeds frames that libFuzzer makes to `receive`, beginning with the seeds.
fn fuzz(seconds: &str) -> Result<(), Failure> {
    install(CARGO_FUZZ).run()?;
    std::fs::create_dir_all("fuzz/corpus/receive")
        .map_err(|source| Failure::unusable("fuzz/corpus/receive", source))?;
    tool("target/tools/bin/cargo-fuzz", "fuzz run receive fuzz/corpus/receive fuzz/seeds/receive --")
        .arg(&format!("-max_total_time={seconds}"))
        .env("RUSTUP_TOOLCHAIN", "nightly")
        .run()
}

/// Overloads a bus.
fn soak(seconds: &str) -> Result<(), Failure> {
    cargo("run --release --example soak --").arg(seconds).run()
}

/// Kills a program with a store, and prints what of it must not have happened.
fn crash(kills: &str) -> Result<(), Failure> {
    cargo("test --quiet --package atoms-store --test crash parent -- --nocapture")
        .env("ATOMS_STORE_CRASH_KILLS", kills)
        .run()
}

/// Starts, pauses, resumes and cancels runs, and prints how many there were.
fn runs(seconds: &str) -> Result<(), Failure> {
    cargo("test --quiet --package atoms-rs --test runs threads:: -- --nocapture")
        .env("ATOMS_RUNS_SECONDS", seconds)
        .run()
}

/// Attacks a server, which is another program of the same package.
fn hostile(args: &[&str]) -> Result<(), Failure> {
    let package = "--release --manifest-path benches/sessions/Cargo.toml --bin";
    cargo(&format!("build {package} attacked --bin hostile")).run()?;
    let hostile = cargo(&format!("run {package} hostile --"));
    args.iter().fold(hostile, |hostile, arg| hostile.arg(arg)).run()
}

/// Builds right and wrong programs in many ways, or in those with these numbers, and writes the table of what was told.
fn nets(ways: &[&str]) -> Result<(), Failure> {
    let nets = cargo("test --package atoms-rs --test nets the_table -- --ignored --nocapture");
    nets.env("NETS", &ways.join(" ")).run()
}

/// Asks rust-analyzer what it completes in unfinished code, with the macros and without.
fn editor() -> Result<(), Failure> {
    tool("rustup", "component add rust-analyzer").run()?;
    cargo("test --package atoms-rs --test editor -- --ignored --nocapture").run()
}

/// Runs the benchmarks, in the package that has other crates beside ours.
fn bench() -> Result<(), Failure> {
    cargo("bench --manifest-path benches/contenders/Cargo.toml").run()?;
    cargo("run --release --manifest-path benches/store/Cargo.toml").run()?;
    cargo("run --release --manifest-path benches/contenders/Cargo.toml --bin compile_time").run()
}

/// Puts agent servers under load.
fn load(args: &[&str]) -> Result<(), Failure> {
    let load = cargo("run --release --manifest-path benches/sessions/Cargo.toml --");
    args.iter().fold(load, |load, arg| load.arg(arg)).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_ask_for_help_is_understood() {
        for args in [&[][..], &["help"], &["--help"], &["-h"]] {
            assert!(run(args).is_ok());
        }
    }

    #[test]
    fn an_unknown_command_is_named() {
        let failure = run(&["tset", "--fast"]).unwrap_err();
        assert_eq!(failure.to_string(), "there is no command `tset --fast`; `cargo xtask help` lists them");
    }
}
