//! The agent that the clients talk to: what the user says last decides what it does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atoms_agent::events::{EndCall, LlmRequest, Log, Object, Role, Speak, TranscriptUpdate, UserJoined};
use atoms_agent::{Conversation, graph, node};
use atoms_runtime::{AnyEvent, Emitter, State, event};
use futures_util::stream::{self, BoxStream, StreamExt};

/// What the agents of a server have done, for tests to look at.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Chunks that were made, of all responses.
    pub(crate) chunks: AtomicU64,
}

/// Known to the agent, and for no client to send.
#[event(type = "internal.note", from(bus), crate = atoms_runtime)]
pub(crate) struct Note {
    pub(crate) text: String,
}

/// The agent is to end the call.
#[event(type = "internal.goodbye", from(bus), crate = atoms_runtime)]
pub(crate) struct Goodbye;

/// Logs the types that are not known.
#[derive(Default)]
struct Watcher;

#[node(crate = atoms_agent)]
impl Watcher {
    #[handler]
    fn watch(&mut self, event: &AnyEvent) -> Option<Log> {
        let payload = Object::new().with("type", event.event_type());
        event.as_raw().map(|_| Log { name: "unknown".into(), payload })
    }
}

#[derive(Default)]
struct Talker;

#[node(output, crate = atoms_agent)]
impl Talker {
    #[handler]
    fn greet(&mut self, _: &UserJoined) -> Speak {
        Speak { text: "Hello!".into() }
    }

    #[handler]
    fn note(&mut self, note: &Note) -> Log {
        Log { name: "note".into(), payload: Object::new().with("text", &note.text) }
    }

    #[handler]
    fn leave(&mut self, _: &Goodbye) -> EndCall {
        EndCall
    }

    #[respond]
    async fn answer(
        &mut self,
        _: &LlmRequest,
        conversation: Conversation,
        done: State<Done>,
        out: Emitter<EndCall>,
    ) -> BoxStream<'static, Result<String, String>> {
        let said = conversation.last_user_text().unwrap_or_default();
        let words: Vec<&str> = said.split(' ').collect();
        match words.as_slice() {
            ["stream", count, pause] => counting(done, count.parse().unwrap(), pause.parse().unwrap()),
            ["boom"] => stream::iter([Ok("about to fail".into()), Err("boom".into())]).boxed(),
            ["panic"] => panic!("as the user wishes"),
            ["bye"] => {
                out.emit(EndCall).await;
                stream::empty().boxed()
            }
            _ => stream::iter(["You said: ".to_owned(), said.to_owned()].map(Ok)).boxed(),
        }
    }
}

fn counting(done: State<Done>, count: u64, pause: u64) -> BoxStream<'static, Result<String, String>> {
    let chunks = stream::iter(0..count).then(move |number| {
        let done = done.clone();
        async move {
            if pause > 0 {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            done.chunks.fetch_add(1, Ordering::Relaxed);
            Ok(format!("{number} "))
        }
    });
    chunks.boxed()
}

/// Counts what the user says, behind the responses.
#[derive(Default)]
struct Counter {
    user_turns: u64,
}

#[node(crate = atoms_agent)]
impl Counter {
    #[handler]
    fn count(&mut self, said: &TranscriptUpdate) -> Option<Log> {
        self.user_turns += u64::from(said.role == Role::User);
        let payload = Object::new().with("user_turns", self.user_turns);
        (said.role == Role::User).then(|| Log { name: "turns".into(), payload })
    }
}

graph! {
    /// Updates are counted when the response before them has ended.
    #[graph(crate = atoms_agent)]
    pub(crate) struct Agent {
        Watcher -> Talker -> Counter,
    }
}
