//! A WebSocket as the connection of a session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atoms_agent::{Outgoing, SessionEnd, Sessions};
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{Sink, SinkExt, Stream, StreamExt, future};

/// Runs a session on the socket, to its end.
pub(crate) async fn run(sessions: Sessions, socket: WebSocket) {
    // A client that sends text gets text, and one that sends bytes gets bytes.
    let speaks_text = Arc::new(AtomicBool::new(false));
    let (outgoing, incoming) = socket.split();
    sessions.run(frames(incoming, Arc::clone(&speaks_text)), messages(outgoing, speaks_text)).await;
}

fn frames(
    incoming: impl Stream<Item = Result<Message, axum::Error>> + Send + Unpin,
    speaks_text: Arc<AtomicBool>,
) -> impl Stream<Item = Result<Bytes, SessionEnd>> + Send + Unpin {
    let open = incoming.take_while(|message| future::ready(!matches!(message, Ok(Message::Close(_)))));
    open.filter_map(move |message| {
        future::ready(match message {
            Ok(Message::Text(text)) => {
                speaks_text.store(true, Ordering::Relaxed);
                Some(Ok(text.into()))
            }
            Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
            Ok(_) => None,
            Err(error) => Some(Err(end_of(error))),
        })
    })
}

fn end_of(error: axum::Error) -> SessionEnd {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => SessionEnd::TooLarge,
        Some(Error::Protocol(ResetWithoutClosingHandshake)) => SessionEnd::ByClient,
        Some(error @ (Error::Protocol(_) | Error::Utf8(_))) => SessionEnd::Protocol(error.to_string()),
        _ => SessionEnd::ByClient,
    }
}

fn messages(
    outgoing: impl Sink<Message, Error = axum::Error> + Send + Unpin,
    speaks_text: Arc<AtomicBool>,
) -> impl Sink<Outgoing, Error = axum::Error> + Send + Unpin {
    outgoing.with(move |outgoing| {
        future::ready(Ok(match outgoing {
            Outgoing::Frame(frame) => message(frame, speaks_text.load(Ordering::Relaxed)),
            Outgoing::Close(end) => {
                Message::Close(Some(CloseFrame { code: end.close_code(), reason: reason(&end).into() }))
            }
        }))
    })
}

fn message(frame: Vec<u8>, as_text: bool) -> Message {
    match String::from_utf8(frame) {
        Ok(text) if as_text => Message::Text(text.into()),
        Ok(text) => Message::Binary(text.into_bytes().into()),
        Err(bytes) => Message::Binary(bytes.into_bytes().into()),
    }
}

/// The longest reason that a [close frame](https://www.rfc-editor.org/rfc/rfc6455#section-5.5) has room for.
const LONGEST_REASON: usize = 123;

fn reason(end: &SessionEnd) -> String {
    let mut reason = end.to_string();
    reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
    reason
}
