//! A chat with an agent in the terminal: `cargo run --example chat`, or `cargo run --example chat -- URL`.
//!
//! The agent is at `ws://127.0.0.1:8080/ws` unless the argument says otherwise; `cargo run --example
//! support_desk` starts one there. Ctrl-c interrupts an answer; at the prompt, or for the second time, it leaves.
//! So do `/quit` and the end of the input.
//!
//! What goes over the wire are the standard events, so this talks to every agent of the protocol. The agent is
//! told what it said, too, since it keeps what its clients tell it.

mod answer;
mod screen;
mod user;

use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Duration;
use std::{env, error};

use atoms::agent::events::{
    AgentError, ConversationType, EndCall, Init, LlmRequest, Log, ResponseChunk, ResponseEnd, ResponseStart,
    Role, Speak, SystemInterrupt, TranscriptUpdate, TransferCall, UserJoined,
};
use atoms::prelude::*;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use answer::Answer;
use screen::Screen;
use user::User;

/// Where the support desk listens.
const DEFAULT_URL: &str = "ws://127.0.0.1:8080/ws";

/// How long the agent has to say the first word, and the server to close the connection.
const PATIENCE: Duration = Duration::from_secs(2);

type Failure = Box<dyn error::Error>;

/// What an agent sends.
#[event_set]
enum FromAgent {
    Spoken(Speak),
    Begun(ResponseStart),
    Said(ResponseChunk),
    Ended(ResponseEnd),
    Logged(Log),
    Failed(AgentError),
    HungUp(EndCall),
    Transferred(TransferCall),
    #[other]
    Other(AnyEvent),
}

/// A conversation with an agent.
struct Chat {
    bus: Bus,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    screen: Screen,
}

impl Chat {
    async fn send<E: Event>(&mut self, event: impl Into<Envelope<E>>) -> Result<(), Failure> {
        let frame = self.bus.encode(&event.into().into())?;
        Ok(self.socket.send(Message::binary(frame)).await?)
    }

    /// The next event; `None` when the agent has closed the connection.
    async fn next(&mut self) -> Result<Option<FromAgent>, Failure> {
        while let Some(message) = self.socket.next().await {
            if let frame @ (Message::Text(_) | Message::Binary(_)) = message? {
                return Ok(Some(self.bus.decode(&frame.into_data())?.into()));
            }
        }
        self.screen.note("the agent has left")?;
        Ok(None)
    }

    /// Begins the session, and waits a while for a greeting.
    async fn begin(&mut self) -> Result<ControlFlow<()>, Failure> {
        self.send(Init::new(ConversationType::Chat)).await?;
        self.send(UserJoined).await?;
        // Not every agent greets.
        timeout(PATIENCE, self.greeting()).await.unwrap_or(Ok(Continue(())))
    }

    async fn greeting(&mut self) -> Result<ControlFlow<()>, Failure> {
        while let Some(event) = self.next().await? {
            let is_greeting = matches!(event, FromAgent::Spoken(_));
            let shown = self.screen.show(&event)?;
            if is_greeting || shown.is_break() {
                return Ok(shown);
            }
        }
        Ok(Break(()))
    }

    /// What the user says next; `None` if the user or the agent leaves instead.
    async fn prompt(&mut self, user: &mut User) -> Result<Option<String>, Failure> {
        loop {
            self.screen.prompt()?;
            tokio::select! {
                line = user.lines.recv() => {
                    if user.sees_lines && line.is_some() {
                        self.screen.line_was_ended();
                    }
                    match line.as_deref().map(str::trim) {
                        None | Some("/quit") => return Ok(None),
                        Some("") => {}
                        Some(text) => return Ok(Some(text.to_owned())),
                    }
                }
                event = self.next() => match event? {
                    Some(event) if self.screen.show(&event)?.is_continue() => {}
                    _ => return Ok(None),
                },
                _ = user.interrupts.recv() => return Ok(None),
            }
        }
    }

    /// One turn: what the user says, and the answer. It breaks if the conversation is over.
    async fn turn(&mut self, said: String, user: &mut User) -> Result<ControlFlow<()>, Failure> {
        self.send(TranscriptUpdate { role: Role::User, content: said }).await?;
        let request = Envelope::new(LlmRequest { messages: None, extra_params: Default::default() });
        let mut answer = Answer::to(request.id().to_string());
        self.send(request).await?;
        let outcome = self.listen(&mut answer, user).await?;
        self.screen.end_line()?;
        if !answer.text.is_empty() && outcome.is_continue() {
            self.send(TranscriptUpdate { role: Role::Assistant, content: answer.text }).await?;
        }
        Ok(outcome)
    }

    /// Shows the answer as it comes.
    async fn listen(&mut self, answer: &mut Answer, user: &mut User) -> Result<ControlFlow<()>, Failure> {
        loop {
            tokio::select! {
                event = self.next() => {
                    let Some(event) = event? else { return Ok(Break(())) };
                    if let Some(outcome) = answer.take(&event, &mut self.screen)? {
                        return Ok(outcome);
                    }
                }
                _ = user.interrupts.recv() => {
                    self.send(SystemInterrupt).await?;
                    match (answer.is_interrupted, answer.has_begun) {
                        (true, _) => return Ok(Break(())),
                        // A request whose answer has not begun is dropped without a word.
                        (false, false) => return Ok(Continue(())),
                        (false, true) => answer.is_interrupted = true,
                    }
                }
            }
        }
    }

    /// Closes the connection, and waits a while for the server to close it as well.
    async fn leave(&mut self) -> Result<(), Failure> {
        self.screen.end_line()?;
        // One that is closed already need not be closed.
        if self.socket.close(None).await.is_ok() {
            let _ = timeout(PATIENCE, async { while let Some(Ok(_)) = self.socket.next().await {} }).await;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = env::args().nth(1).unwrap_or_else(|| DEFAULT_URL.to_owned());
    let (socket, _) = connect_async(&url).await.map_err(|error| format!("no agent at {url}: {error}"))?;
    let mut chat = Chat { bus: Bus::start()?, socket, screen: Screen::new() };
    let mut user = User::at_the_terminal();
    if chat.begin().await?.is_continue() {
        while let Some(said) = chat.prompt(&mut user).await? {
            if chat.turn(said, &mut user).await?.is_break() {
                break;
            }
        }
    }
    chat.leave().await
}
