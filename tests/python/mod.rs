//! Python with a package of the package index, installed once into a virtual environment that the target directory keeps.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// The Python that has the package, such as `veska==0.1.2`.
pub(crate) fn with(package: &str) -> PathBuf {
    let version =
        said(Command::new("python3").args(["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]));
    let name = format!("{}-python-{}", package.replace("==", "-"), version.trim());
    let home: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "..", "python"].iter().collect();
    fs::create_dir_all(&home).unwrap();
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let venv = home.join(name);
    let done = venv.join("done");
    if !done.exists() {
        install(&venv, package);
        File::create(done).unwrap();
    }
    venv.join("bin").join("python")
}

/// Makes the environment anew, as what is there may be half of one.
fn install(venv: &Path, package: &str) {
    said(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv));
    let mut python = Command::new(venv.join("bin").join("python"));
    said(python.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", package]));
}

/// Runs a script below `tests` with that Python, and nothing of the user's.
pub(crate) fn script(python: &Path, script: &str) -> Command {
    let mut command = Command::new(python);
    command.args(["-I", "-X", "utf8"]).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script));
    command
}

fn said(command: &mut Command) -> String {
    said_to(command, "")
}

/// What a program printed when it was given this input. It must not fail.
pub(crate) fn said_to(command: &mut Command, input: &str) -> String {
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
