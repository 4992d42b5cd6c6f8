//! The contenders, and how their servers are started.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::load::Figures;
use crate::original;
use crate::server::LISTENING;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a server that cannot say so is asked whether it listens.
const POLL: Duration = Duration::from_millis(50);

/// The address of a server that has not said it yet.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// All of them; the first is the one to be faster than, the second cannot be beaten.
pub const ALL: [Contender; 3] = [
    Contender { name: "original", program: None },
    Contender { name: "bare", program: Some("bare") },
    Contender { name: "atoms", program: Some("atoms_server") },
];

/// Somebody who has a server.
#[derive(Debug)]
pub struct Contender {
    /// What it is called.
    pub name: &'static str,
    /// The program of this package that is its server, unless it is the original.
    pub program: Option<&'static str>,
}

/// The contender of this name.
pub fn find(name: &str) -> Option<&'static Contender> {
    ALL.iter().find(|contender| contender.name == name)
}

/// Where the programs are.
#[derive(Debug)]
pub struct Programs {
    directory: PathBuf,
    original: PathBuf,
}

/// A server that listens, until it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Programs {
    /// Builds the programs of this package into the target directory that this one was built into, and installs
    /// the original if it takes part.
    ///
    /// # Errors
    ///
    /// If that fails, or a contender has no program.
    pub fn prepare(contenders: &[&Contender]) -> Result<Self, Failure> {
        let this =
            std::env::current_exe().map_err(|source| Failure::unusable("the running program", source))?;
        let target = this.ancestors().nth(2).unwrap_or(Path::new("target"));
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let build = ["build", "--quiet", "--release", "--bins", "--manifest-path", manifest, "--target-dir"];
        run(Command::new(env!("CARGO")).args(build).arg(target))?;
        let programs = Self { directory: target.join("release"), original: target.join("original") };
        for contender in contenders {
            match contender.program {
                None => original::install(&programs.original)?,
                Some(program) if !programs.path(program).is_file() => {
                    return Err(Failure::NoServer { name: contender.name, program });
                }
                Some(_) => {}
            }
        }
        Ok(programs)
    }

    /// Starts a contender's server, and waits until it listens.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or does not listen.
    pub fn serve(&self, contender: &Contender) -> Result<Server, Failure> {
        let listening = match contender.program {
            Some(program) => Server::told(Command::new(self.path(program)).arg("0"))?,
            None => {
                let address = free_address().map_err(|source| Failure::unusable("127.0.0.1", source))?;
                Server::asked(&mut original::command(&self.original, address.port()), address)?
            }
        };
        listening.ok_or(Failure::Deaf(contender.name))
    }

    /// Puts a load on a server, from a process of its own.
    ///
    /// # Errors
    ///
    /// If a session cannot be opened.
    pub fn load(&self, server: &Server, sessions: usize, seconds: f64) -> Result<Figures, Failure> {
        let arguments = [
            server.address.to_string(),
            server.child.id().to_string(),
            sessions.to_string(),
            seconds.to_string(),
        ];
        let mut command = Command::new(self.path("load"));
        command.args(arguments).stderr(Stdio::inherit());
        let output = command.output().map_err(|source| unusable(&command, source))?;
        if !output.status.success() {
            return Err(Failure::Failed { line: line(&command), status: output.status });
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn path(&self, program: &str) -> PathBuf {
        self.directory.join(program)
    }
}

impl Server {
    /// Starts a server that says where it listens.
    fn told(command: &mut Command) -> Result<Option<Self>, Failure> {
        let mut server = Self::start(command.stdout(Stdio::piped()), UNKNOWN)?;
        let mut line = String::new();
        // The pipe stays open: a server may say more.
        if let Some(stdout) = server.child.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line).map_err(|source| unusable(command, source))?;
        }
        let address = line.trim().strip_prefix(LISTENING).and_then(|address| address.parse().ok());
        Ok(address.map(|address| {
            server.address = address;
            server
        }))
    }

    /// Starts a server that listens at `address` after a while.
    fn asked(command: &mut Command, address: SocketAddr) -> Result<Option<Self>, Failure> {
        let mut server = Self::start(command, address)?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && matches!(server.child.try_wait(), Ok(None)) {
            if TcpStream::connect(address).is_ok() {
                return Ok(Some(server));
            }
            thread::sleep(POLL);
        }
        Ok(None)
    }

    fn start(command: &mut Command, address: SocketAddr) -> Result<Self, Failure> {
        Ok(Self { child: command.spawn().map_err(|source| unusable(command, source))?, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end.
///
/// # Errors
///
/// If it cannot be started, or fails.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|source| unusable(command, source))?;
    if status.success() { Ok(()) } else { Err(Failure::Failed { line: line(command), status }) }
}

/// An address that nobody listens on.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn unusable(command: &Command, source: std::io::Error) -> Failure {
    Failure::unusable(command.get_program().to_string_lossy(), source)
}

fn line(command: &Command) -> String {
    let words: Vec<_> = [command.get_program()].into_iter().chain(command.get_args()).collect();
    words.join(OsStr::new(" ")).to_string_lossy().into_owned()
}
