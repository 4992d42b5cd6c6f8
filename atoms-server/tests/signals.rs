//! A server as a process of its own: signals, its end, and handlers that hold their threads.

#![cfg(all(unix, not(miri)))]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use atoms_agent::events::{TranscriptUpdate, UserJoined, UserStartedSpeaking};
use atoms_agent::{graph, node};
use atoms_runtime::{Bus, event};
use atoms_server::Server;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

const INIT: &str = r#"{"type":"system.init","version":"1","session_context":{"initial_variables":{},"conversation_type":"chat"}}"#;
const JOINED: &str = r#"{"type":"system.user.joined"}"#;
const SPEAKS: &str = r#"{"type":"system.user.started_speaking"}"#;

/// How long anything may take that should not take long.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Spinner;

#[node(crate = atoms_agent)]
impl Spinner {
    #[handler]
    fn spin(&mut self, _: &UserJoined) {
        loop {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Repeats what the client said.
    #[handler]
    fn repeat(&mut self, said: &TranscriptUpdate) -> Result<(), String> {
        Err(format!("{} is not known", said.content))
    }

    #[handler]
    fn dawdle(&mut self, _: &UserStartedSpeaking) {
        thread::sleep(Duration::from_millis(1_500));
    }
}

graph! {
    #[graph(crate = atoms_agent)]
    struct Spinning {
        Spinner,
    }
}

#[event(type = "test.spin", crate = atoms_runtime)]
struct Spin;

/// The process: a server whose deadline, in milliseconds, and number of threads are in its environment.
#[test]
#[ignore = "the others start it"]
fn server() {
    fn number(name: &str) -> u64 {
        std::env::var(name).unwrap().parse().unwrap()
    }
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    if let Some(files) = number("TEST_FILES").checked_sub(1) {
        rlimit::Resource::NOFILE.set(files, files).unwrap();
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(number("TEST_THREADS") as usize).enable_all().build().unwrap();
    let serving = runtime.spawn(async move {
        let bus = Bus::start().unwrap();
        if number("TEST_SPINS") > 0 {
            // Later, when all threads sleep.
            let spins = bus.on::<Spin>(|_| {
                loop {
                    thread::sleep(Duration::from_millis(1));
                }
            });
            std::mem::forget(spins);
            let bus = bus.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                for _ in 0..number("TEST_SPINS") {
                    bus.post(Spin).await.unwrap();
                }
            });
        }
        let server =
            Server::new(Spinning::graph()).shutdown_deadline(Duration::from_millis(number("TEST_DEADLINE")));
        let bound = server.bind("127.0.0.1:0").await.unwrap();
        println!("\nlistens at {}", bound.local_addr().unwrap());
        bound.serve(bus).await.unwrap();
    });
    if number("TEST_LOG_BLOCKS") == 1 {
        thread::sleep(Duration::from_millis(300));
        std::mem::forget(std::io::stderr().lock());
    }
    runtime.block_on(serving).unwrap();
}

/// A server that is ended with this.
struct Process {
    child: Child,
    address: SocketAddr,
    log: mpsc::Receiver<String>,
}

impl Process {
    fn start(deadline: u64, threads: u64) -> Self {
        Self::with(deadline, threads, &[])
    }

    /// One with these settings as well.
    fn with(deadline: u64, threads: u64, settings: &[(&str, u64)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server", "--ignored", "--nocapture"])
            .env("TEST_DEADLINE", deadline.to_string())
            .env("TEST_THREADS", threads.to_string())
            .envs(["TEST_FILES", "TEST_SPINS", "TEST_LOG_BLOCKS"].map(|name| (name, "0")))
            .envs(settings.iter().map(|(name, value)| (name, value.to_string())))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("listens at ").map(str::to_owned));
        thread::spawn(move || lines.for_each(drop));
        let log = lines_of(child.stderr.take().unwrap());
        Self { address: address.unwrap().parse().unwrap(), child, log }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// A session of which the node is told this.
    fn session(&self, event: &str) -> WebSocket<TcpStream> {
        let stream = TcpStream::connect(self.address).unwrap();
        let (mut socket, _) = client(format!("ws://{}/ws", self.address), stream).unwrap();
        socket.send(Message::text(INIT)).unwrap();
        assert!(socket.read().unwrap().to_string().contains("agent.ready"));
        // All threads of the server sleep.
        thread::sleep(Duration::from_millis(200));
        socket.send(Message::text(event)).unwrap();
        socket
    }

    /// Waits for a line of the log with this text.
    fn logs(&self, text: &str) -> String {
        let ends = Instant::now() + PATIENCE;
        loop {
            let line = self.log.recv_timeout(ends.saturating_duration_since(Instant::now()));
            match line {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => panic!("`{text}` is not logged: {error}"),
            }
        }
    }

    /// Waits for the end, and returns the exit code.
    fn ends(&mut self) -> Option<i32> {
        let ends = Instant::now() + PATIENCE;
        while Instant::now() < ends {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(stderr: ChildStderr) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || BufReader::new(stderr).lines().try_for_each(|line| sender.send(line.unwrap())));
    lines
}

#[test]
fn a_signal_ends_a_server() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Process::start(60_000, 2);
        let _session = server.session(r#"{"type":"somebody.elses"}"#);
        server.signal(signal);
        assert_eq!(server.ends(), Some(0));
    }
}

#[test]
fn a_second_signal_ends_the_process_and_names_the_handler() {
    for (signal, code, threads) in [("-TERM", 143, 1), ("-INT", 130, 3)] {
        let mut server = Process::start(60_000, threads);
        let _session = server.session(JOINED);
        server.logs("`Spinner::spin`");
        server.signal(signal);
        server.logs("the server shuts down");
        server.signal(signal);
        let line = server.logs("the process ends");
        assert!(line.contains("`Spinner::spin`") && line.contains("holds its thread"), "{line}");
        assert_eq!(server.ends(), Some(code));
    }
}

#[test]
fn the_deadline_ends_the_process_and_names_the_handler() {
    for threads in [1, 3] {
        let mut server = Process::start(500, threads);
        let _session = server.session(JOINED);
        server.logs("`Spinner::spin`");
        server.signal("-TERM");
        let line = server.logs("the process ends");
        assert!(line.contains("`Spinner::spin`"), "{line}");
        assert_eq!(server.ends(), Some(1));
    }
}

#[test]
fn the_log_says_which_handler_a_session_waits_for_at_the_deadline() {
    let mut server = Process::start(500, 3);
    let _session = server.session(SPEAKS);
    thread::sleep(Duration::from_millis(300));
    server.signal("-TERM");
    let line = server.logs("sessions did not end in time");
    assert!(line.contains("`Spinner::dawdle`"), "{line}");
    server.ends();
}

#[test]
fn the_deadline_ends_the_process_if_a_handler_on_the_bus_spins() {
    let mut server = Process::with(500, 3, &[("TEST_SPINS", 1)]);
    thread::sleep(Duration::from_secs(1));
    assert_is_well(&server);
    server.signal("-TERM");
    server.logs("the process ends");
    assert_eq!(server.ends(), Some(1));
}

#[test]
fn the_process_ends_though_posted_events_wait_for_handlers_that_spin() {
    for (signals, code) in [(1, 1), (2, 143)] {
        let mut server = Process::with(1_000, 2, &[("TEST_SPINS", 60)]);
        thread::sleep(Duration::from_secs(1));
        for _ in 0..signals {
            server.signal("-TERM");
            thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(server.ends(), Some(code));
    }
}

#[test]
fn the_process_ends_though_its_log_is_blocked() {
    for (signals, code) in [(1, 1), (2, 143)] {
        let mut server = Process::with(500, 2, &[("TEST_LOG_BLOCKS", 1)]);
        let _session = server.session(JOINED);
        thread::sleep(Duration::from_millis(500));
        for _ in 0..signals {
            server.signal("-TERM");
            thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(server.ends(), Some(code));
    }
}

#[test]
fn a_server_answers_while_a_handler_holds_its_thread() {
    let server = Process::start(500, 4);
    let _session = server.session(JOINED);
    let line = server.logs("nothing else runs there meanwhile");
    assert!(line.contains("`Spinner::spin`") && line.contains("held="), "{line}");
    assert_is_well(&server);
}

#[track_caller]
fn assert_is_well(server: &Process) {
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[test]
fn the_log_says_how_long_a_handler_held_its_thread() {
    let server = Process::start(500, 2);
    let _session = server.session(SPEAKS);
    server.logs("nothing else runs there meanwhile");
    let line = server.logs("has let go of it");
    assert!(line.contains("`Spinner::dawdle`") && line.contains("held="), "{line}");
}

#[test]
fn a_client_does_not_write_lines_into_the_log() {
    let server = Process::start(500, 2);
    let said = r#"{"type":"agent.transcript.update","role":"user","content":"a\n2026-01-01 ERROR \u001b[31mforged\u202e"}"#;
    let _session = server.session(said);
    let line = server.logs("forged");
    assert!(line.contains("WARN") && line.contains(r"a\n2026-01-01"), "{line}");
    assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line}");
}

#[test]
fn connections_that_cannot_be_accepted_are_in_the_log() {
    let server = Process::with(500, 2, &[("TEST_FILES", 41)]);
    let connections: Vec<_> = (0..60).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let line = server.logs("cannot be accepted");
    assert!(line.contains("ERROR") && line.contains("ulimit -n"), "{line}");
    // Once a second, and not for each attempt.
    let line = server.logs("more attempts to accept a connection failed");
    assert!(line.contains("count="), "{line}");
    drop(connections);
    assert_is_well(&server);
}
