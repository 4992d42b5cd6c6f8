//! The server, as a process of its own.

use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, which is killed when this is dropped.
pub(crate) struct Server {
    process: Child,
    /// Open for as long as the server may write to it.
    _stdout: BufReader<ChildStdout>,
    /// Host and port.
    pub(crate) address: String,
}

impl Server {
    /// Starts this program on any free port, and waits until it listens.
    pub(crate) async fn start(file: &Path) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([OsStr::new("--store"), file.as_ref(), OsStr::new("--port"), OsStr::new("0")]);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut stdout = BufReader::new(process.stdout.take().ok_or("the server has no output")?);
        let mut line = String::new();
        timeout(PATIENCE, stdout.read_line(&mut line)).await??;
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.ok_or_else(|| format!("the server says `{}`", line.trim()))?.to_owned();
        Ok(Self { process, _stdout: stdout, address })
    }

    /// Which process it is.
    pub(crate) fn id(&self) -> u32 {
        self.process.id().unwrap_or_default()
    }

    /// Ends the process where it is, as `kill -9` does.
    pub(crate) async fn kill(mut self) -> std::io::Result<()> {
        self.process.kill().await
    }
}
