//! The original's server: a Python package, installed into an environment of its own beside what cargo builds.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::contender::run;
use crate::failure::Failure;

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/original/requirements.txt");

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/original/server.py");

/// Makes the environment in `home`, unless it is there and has what is required.
///
/// # Errors
///
/// If Python or one of its packages cannot be had.
pub fn install(home: &Path) -> Result<(), Failure> {
    let required =
        fs::read_to_string(REQUIREMENTS).map_err(|source| Failure::unusable(REQUIREMENTS, source))?;
    // Written last, so that an installation that was broken off begins anew.
    let installed = home.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == required) {
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home))?;
    let pip =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS];
    run(Command::new(home.join("bin/python")).args(pip))?;
    fs::write(&installed, required).map_err(|source| Failure::unusable(installed.to_string_lossy(), source))
}

/// The command that starts the server on a port.
pub fn command(home: &Path, port: u16) -> Command {
    let mut command = Command::new(home.join("bin/python"));
    command
        .args([SERVER, &port.to_string()])
        .env("SMALLESTAI_LOG_LEVEL", "WARNING")
        .env("SMALLESTAI_LOG_DIR", home.join("log"))
        .env("SMALLESTAI_TELEMETRY", "0");
    command
}
