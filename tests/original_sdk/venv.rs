//! The Python SDK.

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::python;

/// The Python that has the SDK.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| python::with("smallestai==5.14.0"));

/// Runs a script of this directory with the SDK at hand and `input` to read, and gives what it printed.
pub(crate) fn run(script: &str, args: &[&str], input: &str) -> String {
    let mut script = python::script(&PYTHON, &format!("original_sdk/{script}"));
    script.args(args).env("SMALLESTAI_TELEMETRY", "0").env("no_proxy", "127.0.0.1");
    python::said_to(&mut script, input)
}
