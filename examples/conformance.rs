//! An agent whose behaviour is known to the letter, for protocol tests: `cargo run --example conformance 8765`.
//!
//! It listens on 127.0.0.1, and on any free port with `0`. What the user says last decides what it does:
//!
//! | on | it does |
//! | --- | --- |
//! | `stream N MS` | N chunks `"0 "`, `"1 "`, ..., MS milliseconds before each |
//! | `boom` | one chunk, then it fails, and the client is told `boom` |
//! | `bye` | it ends the call, and answers no more |
//! | `escalate WHY` | it emits an `escalation_event`, which the supervisor logs and keeps |
//! | anything else | `You said: ` and the text |

use std::time::Duration;

use atoms::agent::Sessions;
use atoms::agent::events::{EndCall, LlmRequest, Log, Object, Role, Speak, TranscriptUpdate, UserJoined};
use atoms::prelude::*;
use atoms::server::Server;
use futures_util::stream::{self, BoxStream, StreamExt};

/// Somebody has to look at this. A client may say so, too.
#[allow(deprecated, reason = "the name has no namespace, and is known to others as it is")]
#[event(type = "escalation_event", from(client))]
struct Escalation {
    reason: String,
    #[event(default = Some("medium".to_owned()))]
    severity: Option<String>,
}

/// Sees everything, and changes nothing.
#[derive(Default)]
struct Root {
    seen: u64,
}

#[node]
impl Root {
    #[handler]
    fn see(&mut self, _: &AnyEvent) {
        self.seen += 1;
    }
}

#[derive(Default)]
struct Talker;

#[node(output, expose_errors)]
impl Talker {
    #[handler]
    fn greet(&mut self, _: &UserJoined) -> Speak {
        Speak { text: "Hello! What can I do for you?".into() }
    }

    #[respond]
    async fn answer(
        &mut self,
        _: &LlmRequest,
        conversation: Conversation,
        out: Emitter<(EndCall, Escalation)>,
    ) -> BoxStream<'static, Result<String, String>> {
        let said = conversation.last_user_text().unwrap_or_default();
        let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
        match word {
            "stream" if numbers(rest).is_some() => numbers(rest).map_or_else(|| say(said), counting),
            "boom" if rest.is_empty() => {
                stream::iter([Ok("about to fail".into()), Err("boom".into())]).boxed()
            }
            "bye" if rest.is_empty() => {
                out.emit(EndCall).await;
                stream::empty().boxed()
            }
            "escalate" => {
                out.emit(Escalation { reason: rest.to_owned(), severity: Some("high".into()) }).await;
                say("I have told my supervisor.")
            }
            _ => say(&format!("You said: {said}")),
        }
    }
}

/// The two numbers of `stream N MS`.
fn numbers(rest: &str) -> Option<(u64, u64)> {
    let (count, pause) = rest.split_once(' ')?;
    Some((count.parse().ok()?, pause.parse().ok()?))
}

fn counting((count, pause): (u64, u64)) -> BoxStream<'static, Result<String, String>> {
    let chunks = stream::iter(0..count).then(move |number| async move {
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        Ok(format!("{number} "))
    });
    chunks.boxed()
}

/// The text in chunks of a word each, with the space before it.
fn say(text: &str) -> BoxStream<'static, Result<String, String>> {
    let mut chunks: Vec<Result<String, String>> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find(' ').map_or(rest.len(), |space| first + space);
        chunks.push(Ok(rest[..end].to_owned()));
        rest = &rest[end..];
    }
    stream::iter(chunks).boxed()
}

/// Keeps escalations, and logs them.
#[derive(Default)]
struct Supervisor;

#[node]
impl Supervisor {
    #[handler]
    fn take_over(&mut self, escalation: Escalation) -> Log {
        let severity = escalation.severity.unwrap_or_else(|| "medium".into());
        let payload = Object::new().with("reason", escalation.reason).with("severity", severity);
        Log { name: "escalation".into(), payload }
    }
}

/// Counts what the user says.
#[derive(Default)]
struct Counter {
    user_turns: u64,
}

#[node]
impl Counter {
    #[handler]
    fn count(&mut self, said: &TranscriptUpdate) -> Option<Log> {
        self.user_turns += u64::from(said.role == Role::User);
        let payload = Object::new().with("user_turns", self.user_turns);
        (said.role == Role::User).then(|| Log { name: "turns".into(), payload })
    }
}

graph! {
    /// What each connection has.
    struct Conformance {
        Root -> Talker -> Supervisor,
        Root -> Counter,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).ok_or("usage: conformance PORT")?.parse::<u16>()?;
    // The clients that test this close the connection themselves.
    let sessions = Sessions::builder(Conformance::graph()).grace(Duration::from_secs(30));
    let server = Server::new(sessions).bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.serve(Bus::start()?).await?;
    Ok(())
}
