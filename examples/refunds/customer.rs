//! A customer: a client over WebSocket.

use std::error::Error;

use atoms::agent::events::{
    ConversationType, Init, LlmRequest, ResponseChunk, ResponseEnd, Role, Speak, TranscriptUpdate, UserJoined,
};
use atoms::prelude::*;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// What the desk sends.
#[event_set]
enum FromDesk {
    Spoken(Speak),
    Said(ResponseChunk),
    Ended(ResponseEnd),
    #[other]
    Other(AnyEvent),
}

/// A session with the desk, which has been greeted.
pub(crate) struct Customer {
    /// Writes and reads events, and has no handlers.
    bus: Bus,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Customer {
    pub(crate) async fn join(address: &str) -> Result<Self, Box<dyn Error>> {
        let (socket, _) = connect_async(format!("ws://{address}/ws")).await?;
        let bus = Bus::builder().without_discovery().event::<Speak>();
        let bus = bus.event::<ResponseChunk>().event::<ResponseEnd>().start()?;
        let mut customer = Self { bus, socket };
        customer.send(Init::new(ConversationType::Chat)).await?;
        customer.send(UserJoined).await?;
        while !matches!(customer.next().await?, FromDesk::Spoken(_)) {}
        Ok(customer)
    }

    /// Says something, and returns the first words of the answer.
    pub(crate) async fn ask(&mut self, text: &str) -> Result<String, Box<dyn Error>> {
        self.send(TranscriptUpdate { role: Role::User, content: text.to_owned() }).await?;
        self.send(LlmRequest { messages: None, extra_params: Default::default() }).await?;
        self.hear().await
    }

    /// Returns the next words of the answer.
    pub(crate) async fn hear(&mut self) -> Result<String, Box<dyn Error>> {
        loop {
            match self.next().await? {
                FromDesk::Said(chunk) => return Ok(chunk.text),
                FromDesk::Ended(_) => return Err("the answer has ended".into()),
                _ => {}
            }
        }
    }

    async fn send<E: Event>(&mut self, event: E) -> Result<(), Box<dyn Error>> {
        let frame = self.bus.encode(&Envelope::new(event).into())?;
        Ok(self.socket.send(Message::binary(frame)).await?)
    }

    async fn next(&mut self) -> Result<FromDesk, Box<dyn Error>> {
        while let Some(message) = self.socket.next().await {
            if let frame @ (Message::Text(_) | Message::Binary(_)) = message? {
                return Ok(self.bus.decode(&frame.into_data())?.into());
            }
        }
        Err("the desk has left".into())
    }
}
