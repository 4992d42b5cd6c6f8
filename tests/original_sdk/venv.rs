//! The Python SDK, installed once into a virtual environment that the target directory keeps.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;

const SDK: &str = "smallestai==5.14.0";

/// The Python that has the SDK.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let version =
        said(Command::new("python3").args(["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]));
    let name = format!("venv-{}-python-{}", SDK.replace("==", "-"), version.trim());
    let home: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "..", "original-sdk"].iter().collect();
    fs::create_dir_all(&home).unwrap();
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let venv = home.join(name);
    let done = venv.join("done");
    if !done.exists() {
        install(&venv);
        File::create(done).unwrap();
    }
    venv.join("bin").join("python")
});

/// Makes the environment anew, as what is there may be half of one.
fn install(venv: &Path) {
    said(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv));
    let mut python = Command::new(venv.join("bin").join("python"));
    said(python.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", SDK]));
}

/// Runs a script of this directory with the SDK at hand and `input` to read, and gives what it printed.
pub(crate) fn run(script: &str, args: &[&str], input: &str) -> String {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("original_sdk");
    let mut python = Command::new(&*PYTHON);
    python.args(["-I", "-X", "utf8"]).arg(scripts.join(script)).args(args);
    python.env("SMALLESTAI_TELEMETRY", "0").env("no_proxy", "127.0.0.1");
    said_to(&mut python, input)
}

fn said(command: &mut Command) -> String {
    said_to(command, "")
}

/// What a program printed when it was given this input. It must not fail.
fn said_to(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        // One that ends before it has read all says why.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    });
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(output.status.success(), "{command:?}: {}\n{stdout}\n{stderr}", output.status);
    stdout
}
