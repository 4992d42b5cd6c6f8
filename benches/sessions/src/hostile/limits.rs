//! What the attacked server is set up with, and how much memory it may take for that.

use std::time::Duration;

/// How many sessions there may be at once.
pub const SESSIONS: usize = 400;

/// The largest frame, in bytes.
pub const FRAME: usize = 1_024 * 1_024;

/// How many frames of one client are read in a second.
pub const FRAMES_PER_SECOND: u32 = 1_000;

/// How long a connection may take to say what it wants.
pub const HEADER: Duration = Duration::from_secs(2);

/// How long a client may take to begin its session.
pub const HANDSHAKE: Duration = Duration::from_secs(2);

/// How long a client may say nothing.
pub const IDLE: Duration = Duration::from_secs(5);

/// How long a client that does not do its part may be held: one of the limits, then 10 seconds in which a session
/// ends what is under way, 2 in which it waits for the client to close, and some for a busy machine.
pub const HELD: Duration = Duration::from_secs(5 + 10 + 2 + 5);

/// What no client may be shown, and is in the errors of a handler.
pub const SECRET: &str = "db://user:password@host";

/// What no client may be shown, and is the value of a sensitive field.
pub const CARD: &str = "4111-1111-1111-1111";

/// How many bytes the server may have in memory.
pub fn memory() -> u64 {
    const BASE: usize = 64 * 1_024 * 1_024;
    const CONNECTION: usize = 8 * FRAME;
    (BASE + SESSIONS * CONNECTION) as u64
}
