//! Clients whose events are traps.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::hostile::frames;
use crate::hostile::limits::{CARD, FRAME};
use crate::hostile::raw::{End, Raw, TEXT, frame};

/// How long each goes on before it begins anew.
const TIME: Duration = Duration::from_secs(5);

/// Sends an event again and again.
async fn send(address: SocketAddr, event: &str, per_second: u32) -> io::Result<End> {
    Raw::begun(address).await?.converse(&frame(TEXT, event.as_bytes()), per_second, TIME).await
}

/// Lines and colours for a log, wherever a text of the client's may get into one.
pub(super) async fn control_characters(address: SocketAddr) -> io::Result<End> {
    let forged = r"\n2026-01-01T00:00:00Z ERROR forged\u001b[31m\u009b\u2028";
    let events = [
        format!(r#"{{"type":"soak.fail","id":"{forged}","panics":false}}"#),
        format!(r#"{{"type":"soak.letter","id":"{forged}","text":"{forged}"}}"#),
        format!(r#"{{"type":"soak.fail","metadata":{{"correlation_id":"{forged}"}},"panics":true}}"#),
        format!(r#"{{"type":"soak.hop","metadata":{{"source":"{forged}"}},"left":"{forged}"}}"#),
        format!(r#"{{"type":"{forged}","{forged}":"{forged}"}}"#),
        format!(r#"{{"type":"agent.transcript.update","role":"{forged}","content":""}}"#),
    ];
    let all: Vec<u8> = events.iter().flat_map(|event| frame(TEXT, event.as_bytes())).collect();
    Raw::begun(address).await?.converse(&all, 10, TIME).await
}

/// Arrays in arrays in arrays.
pub(super) async fn deep_json(address: SocketAddr) -> io::Result<End> {
    let (deep, shut) = (frames::filled("[", 2), frames::filled("]", 2));
    send(address, &format!(r#"{{"type":"system.llm.request","extra_params":{{"a":{deep}{shut}}}}}"#), 2).await
}

/// As many values as a frame has room for, each of which takes more memory than its text.
pub(super) async fn many_values(address: SocketAddr) -> io::Result<End> {
    let objects = frames::filled("{},", 3);
    let members: String = (0..FRAME / 16).map(|number| format!(r#""{number:x}":0,"#)).collect();
    let one = format!(r#"{{"type":"system.llm.request","messages":[{objects}{{}}]}}"#);
    let other = format!(r#"{{"type":"system.llm.request","extra_params":{{{members}"":0}}}}"#);
    let both = [frame(TEXT, one.as_bytes()), frame(TEXT, other.as_bytes())].concat();
    Raw::begun(address).await?.converse(&both, 1, TIME).await
}

/// A sensitive value of the wrong type.
pub(super) async fn sensitive_values(address: SocketAddr) -> io::Result<End> {
    send(address, &format!(r#"{{"type":"soak.card","card.number":"{CARD}"}}"#), 20).await
}

/// Handlers that fail, and panic.
pub(super) async fn failing_handlers(address: SocketAddr) -> io::Result<End> {
    let events = [r#"{"type":"soak.fail","panics":false}"#, r#"{"type":"soak.fail","panics":true}"#];
    let both: Vec<u8> = events.iter().flat_map(|event| frame(TEXT, event.as_bytes())).collect();
    Raw::begun(address).await?.converse(&both, 20, TIME).await
}

/// A field that panics when it is read.
pub(super) async fn traps(address: SocketAddr) -> io::Result<End> {
    let mut raw = Raw::begun(address).await?;
    raw.send(&frame(TEXT, br#"{"type":"soak.card","card.number":1,"trap":{}}"#)).await?;
    raw.closed_with(1_011).await
}
