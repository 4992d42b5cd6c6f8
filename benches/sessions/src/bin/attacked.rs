//! The server that `hostile` attacks: a graph that answers, remembers, fails, and emits more than is good. For each
//! line on its standard input it prints how many tasks it has.

use std::io::{BufRead, Write};
use std::time::Duration;

use atoms::agent::Sessions;
use atoms::agent::events::{LlmRequest, Log, Object, Speak, UserJoined};
use atoms::prelude::*;
use atoms::server::{Routes, Server};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Deserializer, Serialize};
use sessions::hostile::limits;
use sessions::server::{LISTENING, port};
use tokio::runtime::Handle;

/// Asks for so many entries of the log.
#[event(type = "soak.flood", from(client))]
struct Flood {
    entries: u32,
    /// Whether each waits for room before the next one is made.
    waits: bool,
}

/// Makes its handler fail, or panic.
#[event(type = "soak.fail", from(client))]
struct Fail {
    panics: bool,
}

/// Nobody but its handler may see the number.
#[event(type = "soak.card", from(client))]
struct Card {
    #[event(sensitive)]
    #[serde(rename = "card.number")]
    number: u32,
    #[event(default = None)]
    trap: Option<Trap>,
}

/// Panics when it is read.
#[derive(Debug, Clone, Serialize)]
struct Trap;

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("a trap was read");
    }
}

/// The bus is slow to handle it.
#[event(type = "soak.note", from(client))]
struct Note {
    text: String,
}

/// The bus cannot handle it, and keeps it as a dead letter.
#[event(type = "soak.letter", from(client))]
struct Letter {
    text: String,
}

/// Goes round from handler to handler on the bus, with all that its metadata says.
#[event(type = "soak.hop", from(client))]
struct Hop {
    left: u32,
}

/// What a hop is followed by.
#[event(type = "soak.landed")]
struct Landed {
    left: u32,
}

#[handler(concurrency = 1)]
async fn note(note: &Note) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    std::hint::black_box(&note.text);
}

#[handler]
fn letter(letter: &Letter) -> Result<(), String> {
    Err(format!("{} bytes go nowhere", letter.text.len()))
}

#[handler]
fn hop(hop: &Hop) -> Landed {
    Landed { left: hop.left }
}

#[derive(Default)]
struct Parrot;

#[node(output)]
impl Parrot {
    #[handler]
    fn greet(&mut self, _: &UserJoined) -> Speak {
        Speak { text: "Hello, how can I help you today?".into() }
    }

    #[respond]
    fn repeat(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
        let last = said.last_user_text().unwrap_or("nothing").to_owned();
        stream::iter(["You said: ".to_owned(), last])
    }
}

#[derive(Default)]
struct Talker;

#[node]
impl Talker {
    #[handler]
    async fn flood(&mut self, flood: Flood, out: Emitter<Log>) {
        for number in 0..flood.entries {
            let entry = Log { name: "flood".into(), payload: Object::new().with("number", number) };
            let emitted = out.emit(entry);
            // What became of it is in the log, once a second.
            if flood.waits {
                emitted.await;
            }
        }
    }

    #[handler]
    fn fail(&mut self, fail: Fail) -> Result<(), String> {
        assert!(!fail.panics, "{}", limits::SECRET);
        Err(format!("cannot reach {}", limits::SECRET))
    }

    #[handler]
    fn charge(&mut self, card: Card) -> Log {
        std::hint::black_box(card.number);
        Log { name: "charged".into(), payload: Object::new() }
    }
}

graph! {
    struct Desk {
        Talker -> Parrot,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let sessions = Sessions::builder(Desk::graph())
        .handshake_timeout(limits::HANDSHAKE)
        .idle_timeout(limits::IDLE)
        .frames_per_second(limits::FRAMES_PER_SECOND)
        .read_ahead_bytes(limits::READ_AHEAD)
        .mailbox_bytes(limits::MAILBOX)
        .conversation_limit(limits::CONVERSATION.0, limits::CONVERSATION.1);
    let routes = Routes::new()
        .frame_limit(limits::FRAME)
        .session_limit(limits::SESSIONS)
        .write_timeout(limits::WRITE)
        .ping_interval(limits::PING)
        .pong_timeout(limits::PONG);
    let server = Server::new(sessions).routes(routes).header_timeout(limits::HEADER);
    let server = server.bind(("127.0.0.1", port()?)).await?;
    println!("{LISTENING}{}", server.local_addr()?);
    let runtime = Handle::current();
    std::thread::spawn(move || tell(&runtime));
    server.serve(Bus::start()?).await?;
    Ok(())
}

/// Prints the number of tasks for each line that comes in.
fn tell(runtime: &Handle) {
    for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
        println!("{}", runtime.metrics().num_alive_tasks());
        if std::io::stdout().flush().is_err() {
            return;
        }
    }
}
