//! The frames that more than one kind sends.

use super::limits::FRAME;
use super::raw::{TEXT, frame};

/// The room that a large frame has for what is not its filling, in bytes.
const SPARE: usize = 256;

/// Copies of a text that fill a frame when each takes so many bytes.
pub fn filled(text: &str, size: usize) -> String {
    text.repeat((FRAME - SPARE) / size)
}

/// An event of the largest size: this field of it is a long text.
pub fn large(kind: &str, field: &str) -> Vec<u8> {
    frame(TEXT, format!(r#"{{"type":"{kind}","{field}":"{}"}}"#, filled("x", 1)).as_bytes())
}

/// What the user has said, of the largest size.
pub fn transcript() -> Vec<u8> {
    let text = filled("x", 1);
    let event = format!(r#"{{"type":"agent.transcript.update","role":"user","content":"{text}"}}"#);
    frame(TEXT, event.as_bytes())
}

/// A request for a response.
pub fn request() -> Vec<u8> {
    frame(TEXT, br#"{"type":"system.llm.request"}"#)
}

/// A request for so many events.
pub fn flood(entries: u32, waits: bool) -> Vec<u8> {
    frame(TEXT, format!(r#"{{"type":"soak.flood","entries":{entries},"waits":{waits}}}"#).as_bytes())
}

/// The beginning of a session, of the largest size.
pub fn large_init() -> Vec<u8> {
    let context =
        format!(r#"{{"initial_variables":{{"a":"{}"}},"conversation_type":"chat"}}"#, filled("x", 1));
    frame(TEXT, format!(r#"{{"type":"system.init","version":"1","session_context":{context}}}"#).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_frames_are_within_the_limit() {
        for frame in [large("soak.letter", "text"), transcript(), large_init()] {
            assert!(frame.len() > FRAME - 2 * SPARE && frame.len() <= FRAME, "{}", frame.len());
        }
    }
}
