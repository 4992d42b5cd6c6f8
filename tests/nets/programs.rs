//! Builds the programs of `tests/programs`, and keeps what rustc, the linker and the programs say.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;

/// What became of the programs of one build, by their names, and what was said of none of them.
pub(crate) struct Programs {
    by_name: HashMap<String, Program>,
    stderr: String,
}

#[derive(Default)]
struct Program {
    messages: String,
    /// What it printed when it was run, if it was built and can be run.
    output: Option<Output>,
    built: bool,
}

/// Runs `cargo` with these arguments in `tests/programs`, then each program that it built.
///
/// All builds share one target directory, so that what they depend on is compiled once, and each
/// waits for the one before it, whose programs it may replace.
pub(crate) fn build(args: &str) -> Programs {
    build_with(args, "")
}

/// As [`build`], with Clippy in the place of rustc for what is in `tests/programs`. It shares with [`build`] what these
/// depend on.
pub(crate) fn build_with_clippy(args: &str) -> Programs {
    build_as(args, |cargo| {
        cargo.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    })
}

/// As [`build`], with these flags for rustc, whatever it compiles.
pub(crate) fn build_with(args: &str, flags: &str) -> Programs {
    build_as(args, |cargo| set_flags(cargo, flags))
}

fn build_as(args: &str, set: impl FnOnce(&mut Command)) -> Programs {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (args, for_rustc) = args.split_once(" -- ").unwrap_or((args, ""));
    let mut cargo = cargo(args);
    set(&mut cargo);
    cargo.args(["--keep-going", "--message-format=json", "--"]).args(for_rustc.split_whitespace());
    let output = cargo.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut programs = Programs { by_name: HashMap::new(), stderr };
    let stdout = String::from_utf8(output.stdout).unwrap();
    for message in stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        programs.hear(&message);
    }
    assert!(!programs.by_name.is_empty(), "{}", programs.stderr);
    programs
}

/// Runs `cargo test` with these arguments in `tests/programs`: what the tests said, and whether all passed.
pub(crate) fn test(args: &str) -> Result<String, String> {
    test_with(args, "")
}

/// As [`test`], with these flags for rustc, whatever it compiles.
pub(crate) fn test_with(args: &str, flags: &str) -> Result<String, String> {
    let mut cargo = cargo("test");
    set_flags(&mut cargo, flags);
    let output = cargo.args(args.split_whitespace()).output().unwrap();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    let said = format!("{stdout}\n{stderr}");
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// Those of the environment stay if there are none.
fn set_flags(cargo: &mut Command, flags: &str) {
    if !flags.is_empty() {
        // What is covered is not written.
        cargo.env("RUSTFLAGS", flags).env("RUSTDOCFLAGS", flags).env("LLVM_PROFILE_FILE", "/dev/null");
    }
}

/// What cargo says of the workspace in this folder of `tests/programs`, which it refuses.
pub(crate) fn refused(folder: &str) -> String {
    let output = cargo_in(folder, "check").output().unwrap();
    assert!(!output.status.success(), "cargo does not refuse `{folder}`");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `cargo` in `tests/programs`.
fn cargo(args: &str) -> Command {
    cargo_in("", args)
}

/// `cargo` in a workspace, with the lock file of ours, so that nothing is downloaded.
fn cargo_in(folder: &str, args: &str) -> Command {
    static COPIED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = root.join("tests/programs").join(folder);
    if COPIED.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace.clone()) {
        std::fs::copy(root.join("Cargo.lock"), workspace.join("Cargo.lock")).unwrap();
    }
    let target: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "..", "programs"].iter().collect();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace).args(args.split_whitespace()).arg("--offline");
    cargo.arg("--target-dir").arg(target);
    cargo
}

/// A program that was built, which may need the standard library as a dynamic one.
fn run(executable: &str) -> Command {
    static LIBRARIES: LazyLock<String> = LazyLock::new(|| {
        let libraries = Command::new("rustc").args(["--print", "target-libdir"]).output();
        libraries.map(|path| String::from_utf8_lossy(&path.stdout).trim().to_owned()).unwrap_or_default()
    });
    let mut program = Command::new(executable);
    program.env("LLVM_PROFILE_FILE", "/dev/null").env("LD_LIBRARY_PATH", &*LIBRARIES);
    program
}

impl Programs {
    /// Takes in one line of what cargo says.
    fn hear(&mut self, message: &Value) {
        let Some(name) = message["target"]["name"].as_str() else { return };
        let program = self.by_name.entry(name.to_owned()).or_default();
        program.messages += message["message"]["rendered"].as_str().unwrap_or_default();
        program.built |= message["reason"] == "compiler-artifact";
        if let Some(executable) = message["executable"].as_str() {
            program.output = Some(run(executable).output().unwrap());
        }
    }

    /// These programs, and those.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.stderr += &others.stderr;
        for (name, program) in others.by_name {
            if program.built || !program.messages.is_empty() {
                self.by_name.insert(name, program);
            }
        }
        self
    }

    /// What was said of a program that was not built; `None` of one that was.
    pub(crate) fn refused_with(&self, name: &str) -> Option<&str> {
        let is_built = self.by_name.get(name).is_some_and(|program| program.built);
        (!is_built).then(|| self.failed(name))
    }

    /// Whether a program was built, and did not fail.
    pub(crate) fn runs(&self, name: &str) -> bool {
        let program = self.program(name);
        program.built && program.output.as_ref().is_some_and(|output| output.status.success())
    }

    fn program(&self, name: &str) -> &Program {
        self.by_name.get(name).unwrap_or_else(|| panic!("`{name}` was not built, and did not fail"))
    }

    /// Whether the library was built.
    #[track_caller]
    pub(crate) fn assert_built(&self, name: &str) {
        let program = self.program(name);
        assert!(program.built, "{}", program.messages);
    }

    /// What a program printed, which was built and did not fail.
    #[track_caller]
    pub(crate) fn printed(&self, name: &str) -> String {
        self.assert_built(name);
        let output = self.program(name).output.as_ref().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What was said of a program that was not built. What LLVM says while it optimizes across codegen
    /// units is no message of rustc's.
    #[track_caller]
    pub(crate) fn failed(&self, name: &str) -> &str {
        let by_llvm = format!("could not compile `app` (bin \"{name}\")\n\nCaused by:");
        if self.stderr.contains(&by_llvm) {
            return &self.stderr;
        }
        let program = self.program(name);
        assert!(!program.built, "`{name}` was built");
        &program.messages
    }
}
