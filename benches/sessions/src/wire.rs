//! The frames of a session, and what type a frame is of.

use memchr::memmem;

/// The client's first frame.
pub const INIT: &[u8] = br#"{"type": "system.init", "timestamp": "2025-01-02T03:04:05.678901", "version": "1.0.0", "session_context": {"initial_variables": {}, "conversation_type": "chat", "caller": null}, "output_agent_settings": null}"#;

/// What the client says when somebody is there to be greeted.
pub const JOINED: &[u8] = br#"{"type": "system.user.joined", "timestamp": "2025-01-02T03:04:05.678901"}"#;

/// What a turn begins with.
pub const TURN: [&[u8]; 2] = [
    br#"{"type": "agent.transcript.update", "timestamp": "2025-01-02T03:04:05.678901", "role": "user", "content": "Where is my order?"}"#,
    br#"{"type": "system.llm.request", "timestamp": "2025-01-02T03:04:05.678901", "messages": null, "extra_params": {}}"#,
];

/// The answer to [`INIT`].
pub const READY: &[u8] = br#"{"type": "agent.ready", "timestamp": "2025-01-02T03:04:05.678901"}"#;

/// The answer to [`JOINED`].
pub const GREETING: &[u8] = br#"{"type": "agent.speak", "timestamp": "2025-01-02T03:04:05.678901", "text": "Hello, how can I help you today?"}"#;

/// The answer to [`TURN`].
pub const ANSWER: [&[u8]; 3] = [
    br#"{"type": "agent.llm.response.start", "timestamp": "2025-01-02T03:04:05.678901", "request_id": null}"#,
    br#"{"type": "agent.llm.response.chunk", "timestamp": "2025-01-02T03:04:05.678901", "text": "Your order left the warehouse this morning and will be there tomorrow."}"#,
    br#"{"type": "agent.llm.response.end", "timestamp": "2025-01-02T03:04:05.678901"}"#,
];

/// The type string of a frame: the text behind the first `"type"`, which in these frames is the event's own.
pub fn kind(frame: &[u8]) -> Option<&[u8]> {
    let key = br#""type""#;
    let behind = &frame[memmem::find(frame, key)? + key.len()..];
    let open = memchr::memchr(b'"', behind)?;
    let text = &behind[open + 1..];
    Some(&text[..memchr::memchr(b'"', text)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_found_wherever_it_is() {
        assert_eq!(kind(READY), Some(&b"agent.ready"[..]));
        assert_eq!(kind(br#"{"type":"agent.ready"}"#), Some(&b"agent.ready"[..]));
        assert_eq!(kind(br#"{"timestamp": null, "type" : "agent.ready"}"#), Some(&b"agent.ready"[..]));
    }

    #[test]
    fn a_frame_without_a_type_has_none() {
        assert_eq!(kind(b"{}"), None);
        assert_eq!(kind(br#"{"type": "agent"#), None);
    }
}
