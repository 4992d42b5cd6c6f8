//! The terminal client, driven through pipes.

#![cfg(not(miri))]

#[path = "served/mod.rs"]
mod served;

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use atoms::agent::events::LlmRequest;
use atoms::prelude::*;
use futures_util::{Stream, stream};

use served::{Server, command};

const PATIENCE: Duration = Duration::from_secs(10);

/// A running client, which is killed when this is dropped.
struct Chat {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<u8>,
    shown: String,
}

impl Chat {
    fn with(url: &str) -> Self {
        let mut child =
            command("chat").arg(url).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, from_child) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let (sender, stdout) = mpsc::channel();
        thread::spawn(move || from_child.bytes().try_for_each(|byte| sender.send(byte.unwrap())));
        Self { child, stdin, stdout, shown: String::new() }
    }

    fn type_in(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for this text, and gives all that was shown since it was called last.
    #[track_caller]
    fn until(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while !self.shown.ends_with(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(byte) = self.stdout.recv_timeout(left) else {
                panic!("`{text}` is not shown: {}", self.shown)
            };
            self.shown.push(char::from(byte));
        }
        std::mem::take(&mut self.shown)
    }

    /// Waits until the client has left, and gives whether it did so well, and the rest of what it showed.
    fn end(mut self) -> (bool, String) {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it does not end: {}", self.shown);
            thread::sleep(Duration::from_millis(10));
        }
        self.shown.extend(self.stdout.iter().map(char::from));
        (self.child.wait().unwrap().success(), std::mem::take(&mut self.shown))
    }

    #[cfg(unix)]
    fn press_ctrl_c(&self) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_turn_is_shown_and_quit_leaves() {
    let server = Server::start("support_desk", &[]);
    let mut chat = Chat::with(&server.socket());
    assert_eq!(chat.until("You: "), "Agent: Hello! How can I help you?\nYou: ");
    chat.type_in("Where is order 1001?");
    let shown = chat.until("You: ");
    assert!(
        shown.starts_with("\n[tool_call_start: {\"context\":{\"arguments\":{\"number\":1001}}"),
        "{shown}"
    );
    assert!(shown.contains("\n[tool_call_end: {"), "{shown}");
    let answer = "\nAgent: Your order 1001, the kettle, is on its way and arrives tomorrow.\nYou: ";
    assert!(shown.ends_with(answer), "{shown}");
    chat.type_in("I want a human");
    let shown = chat.until("You: ");
    assert!(shown.contains("[escalation: {\"reason\":\"User asks for a human\""), "{shown}");
    chat.type_in("/quit");
    assert_eq!(chat.end(), (true, "\n".to_owned()));
}

#[test]
fn the_end_of_the_input_leaves() {
    let server = Server::start("support_desk", &[]);
    let mut chat = Chat::with(&server.socket());
    chat.until("You: ");
    chat.type_in("");
    chat.type_in("Thanks");
    drop(chat.stdin.take());
    let answered = "\nAgent: You are welcome! Is there anything else?\nYou: \n";
    assert_eq!(chat.end(), (true, answered.to_owned()));
}

#[test]
fn the_agent_may_end_the_call() {
    let server = Server::start("support_desk", &[]);
    let mut chat = Chat::with(&server.socket());
    chat.until("You: ");
    chat.type_in("bye");
    let goodbye = "\nAgent: Goodbye, and have a nice day!\n[the agent ends the call]\n";
    assert_eq!(chat.end(), (true, goodbye.to_owned()));
}

#[cfg(unix)]
#[test]
fn ctrl_c_interrupts_an_answer_and_then_leaves() {
    let server = Server::start("support_desk", &[]);
    let mut chat = Chat::with(&server.socket());
    chat.until("You: ");
    chat.type_in("What can you do?");
    chat.until("Agent: I can tell ");
    chat.press_ctrl_c();
    let shown = chat.until("You: ");
    assert!(shown.ends_with("\n[interrupted]\nYou: "), "{shown}");
    chat.type_in("Thanks");
    chat.until("anything else?\nYou: ");
    chat.press_ctrl_c();
    assert_eq!(chat.end(), (true, "\n".to_owned()));
}

#[test]
fn without_an_agent_there_is_no_chat() {
    let (is_well, shown) = Chat::with("ws://127.0.0.1:1/ws").end();
    assert_eq!((is_well, shown.as_str()), (false, ""));
}

/// Answers with all that was said so far, and fails if that ends with "forget".
#[derive(Default)]
struct Memory;

#[node(output, expose_errors)]
impl Memory {
    #[respond]
    fn recall(
        &mut self,
        _: &LlmRequest,
        said: Conversation,
    ) -> impl Stream<Item = Result<String, &'static str>> + use<> {
        let texts =
            said.messages().iter().map(|message| Ok(format!("<{}: {}>", message.role, message.content)));
        let failure = (said.last_user_text() == Some("forget")).then_some(Err("I forgot"));
        stream::iter(texts.chain(failure).collect::<Vec<_>>())
    }
}

graph! {
    struct Memories {
        Memory,
    }
}

/// Runs a chat with a [`Memory`].
async fn with_memory(talk: impl FnOnce(Chat) + Send + 'static) {
    let server = atoms::server::Server::new(Memories::graph()).bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", server.local_addr().unwrap());
    tokio::spawn(server.serve(Bus::start().unwrap()));
    tokio::task::spawn_blocking(move || talk(Chat::with(&url))).await.unwrap();
}

#[tokio::test]
async fn the_agent_is_told_what_it_said() {
    with_memory(|mut chat| {
        assert_eq!(chat.until("You: "), "You: ", "nobody greets");
        chat.type_in("one");
        assert_eq!(chat.until("You: "), "\nAgent: <user: one>\nYou: ");
        chat.type_in("two");
        let recalled = "\nAgent: <user: one><assistant: <user: one>><user: two>\nYou: ";
        assert_eq!(chat.until("You: "), recalled);
    })
    .await;
}

#[tokio::test]
async fn what_an_agent_says_does_not_command_the_terminal() {
    with_memory(|mut chat| {
        chat.until("You: ");
        chat.type_in("\x1b]0;title\x07\x1b[31mred\u{202e}");
        let shown = chat.until("You: ");
        assert!(!shown.contains(['\x1b', '\x07']), "{shown:?}");
        assert!(shown.contains(r"\u{1b}]0;title\u{7}\u{1b}[31mred\u{202e}>"), "{shown:?}");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_fails_is_no_end() {
    with_memory(|mut chat| {
        chat.until("You: ");
        chat.type_in("forget");
        let shown = chat.until("You: ");
        assert!(shown.starts_with("\nAgent: <user: forget>\n[error: "), "{shown}");
        assert!(shown.contains("I forgot (error "), "{shown}");
        chat.type_in("still there?");
        assert!(chat.until("You: ").ends_with("<user: still there?>\nYou: "));
    })
    .await;
}
