//! Frames of all kinds, good and bad.

use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::client::{Client, INIT, asking, assert_warns, text_of};
use crate::server::Running;

/// Asserts that the session goes on after a frame that is answered by a warning.
async fn assert_goes_on_after(frame: Message, words: &str) {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.send_message(frame).await;
    assert_warns(&client.next().await, words);
    assert_eq!(client.hear("hello").await, "You said: hello");
    assert_eq!(server.sessions.counts().refused, 1);
}

#[tokio::test]
async fn malformed_json_is_answered_by_a_warning() {
    assert_goes_on_after(Message::text(r#"{"type":"#), "EOF").await;
}

#[tokio::test]
async fn an_empty_frame_is_answered_by_a_warning() {
    assert_goes_on_after(Message::text(""), "EOF").await;
    assert_goes_on_after(Message::binary(Bytes::new()), "EOF").await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_answered_by_a_warning() {
    assert_goes_on_after(Message::binary(vec![0xff, 0xfe, 0x00]), "UTF-8").await;
}

#[tokio::test]
async fn json_that_is_no_event_is_answered_by_a_warning() {
    for frame in ["null", "[]", "12", r#""system.init""#, "{}", r#"{"type":7}"#, r#"{"type":null}"#] {
        assert_goes_on_after(Message::text(frame), "").await;
    }
}

#[tokio::test]
async fn an_event_with_a_wrong_field_is_answered_by_a_warning() {
    let frame = r#"{"type":"agent.transcript.update","role":"robot","content":"beep"}"#;
    assert_goes_on_after(Message::text(frame), "robot").await;
}

#[tokio::test]
async fn deep_json_is_answered_by_a_warning() {
    let deep = "[".repeat(500_000);
    let known = format!(r#"{{"type":"system.llm.request","messages":null,"extra_params":{{"a":{deep}"#);
    let closed = format!(r#"{{"type":"somebody.elses","a":{deep}{}}}"#, "]".repeat(500_000));
    for frame in [deep, known, closed] {
        assert_goes_on_after(Message::text(frame), "").await;
    }
}

#[tokio::test]
async fn who_speaks_text_is_answered_in_text() {
    let server = Running::start().await;
    let mut client = Client::connect(server.address).await;
    client.send(INIT).await;
    assert!(matches!(client.message().await, Some(Ok(Message::Text(_)))));
    client.ask("hello").await;
    for _ in 0..4 {
        assert!(matches!(client.message().await, Some(Ok(Message::Text(_)))));
    }
}

#[tokio::test]
async fn who_speaks_bytes_is_answered_in_bytes() {
    let server = Running::start().await;
    let mut client = Client::connect(server.address).await;
    for frame in [INIT.to_owned(), asking("hello")] {
        client.send_message(Message::binary(frame.into_bytes())).await;
    }
    for _ in 0..5 {
        assert!(matches!(client.message().await, Some(Ok(Message::Binary(_)))));
    }
}

#[tokio::test]
async fn pings_are_answered_also_while_a_response_streams() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.ask("stream 1000000 1").await;
    for number in 0..5 {
        let payload = Bytes::from(format!("ping {number}"));
        client.send_message(Message::Ping(payload.clone())).await;
        loop {
            match client.message().await {
                Some(Ok(Message::Pong(pong))) => break assert_eq!(pong, payload),
                Some(Ok(Message::Text(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    drop(client);
    server.is_empty().await;
}

#[tokio::test]
async fn a_pong_that_nobody_asked_for_is_nothing() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    client.send_message(Message::Pong("unasked".into())).await;
    assert_eq!(client.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn a_frame_may_come_in_fragments() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    let frame = asking("hello");
    let (start, rest) = frame.split_at(10);
    let (middle, end) = rest.split_at(1);
    let parts = [(start, Data::Text, false), (middle, Data::Continue, false), (end, Data::Continue, true)];
    for (part, opcode, is_last) in parts {
        let part = Frame::message(part.to_owned(), OpCode::Data(opcode), is_last);
        client.send_message(Message::Frame(part)).await;
        client.send_message(Message::Ping("between".into())).await;
    }
    let events = client.response().await;
    assert_eq!(text_of(&events), "You said: hello");
}

/// The bytes of a frame from a client, masked with zeros.
fn raw(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = 0x80 | u8::try_from(payload.len()).unwrap();
    [&[first, length, 0, 0, 0, 0], payload].concat()
}

#[tokio::test]
async fn a_frame_may_come_byte_by_byte() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    for byte in raw(0x81, br#"{"type":"system.user.joined"}"#) {
        client.socket.get_mut().write_all(&[byte]).await.unwrap();
    }
    assert_eq!(client.next().await["type"], "agent.speak");
}

#[tokio::test]
async fn a_connection_may_be_lost_in_the_middle_of_a_frame() {
    let server = Running::start().await;
    let mut client = Client::begin(server.address).await;
    let frame = raw(0x81, br#"{"type":"system.user.joined"}"#);
    client.socket.get_mut().write_all(&frame[..12]).await.unwrap();
    drop(client);
    server.is_empty().await;
}

/// Asserts that a session ends by an orderly close when its client breaks the protocol of WebSockets, and
/// that others do not mind.
async fn assert_closes_at(bytes: &[u8], expected: u16) {
    let server = Running::start().await;
    let mut other = Client::begin(server.address).await;
    let mut client = Client::begin(server.address).await;
    client.socket.get_mut().write_all(bytes).await.unwrap();
    let (_, code) = client.until_closed().await;
    assert_eq!(code, expected);
    server.has(1).await;
    assert_eq!(other.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn text_that_is_not_utf_8_ends_the_session_with_1007() {
    assert_closes_at(&raw(0x81, &[0xff, 0xfe]), 1007).await;
    let in_fragments = [raw(0x01, b"\xe2\x82"), raw(0x80, b"x")].concat();
    assert_closes_at(&in_fragments, 1007).await;
}

#[tokio::test]
async fn a_frame_of_no_known_kind_ends_the_session() {
    assert_closes_at(&raw(0x83, b"what is this?"), 1002).await;
}

#[tokio::test]
async fn a_frame_without_a_mask_ends_the_session() {
    assert_closes_at(&[0x81, 2, b'{', b'}'], 1002).await;
}
