//! What the attacked server is set up with, and how much memory it may take for that.

use std::time::Duration;

const KIB: usize = 1_024;
const MIB: usize = 1_024 * KIB;

/// How many sessions there may be at once: the clients, and some that are about to end.
pub const SESSIONS: usize = 400;

/// The largest message, in bytes.
pub const FRAME: usize = 256 * KIB;

/// Of how many bytes the events may be that are read ahead.
pub const READ_AHEAD: usize = 256 * KIB;

/// Of how many bytes the events may be that wait for a node, or for the client.
pub const MAILBOX: usize = 16 * KIB;

/// How many messages of how many bytes a conversation keeps.
pub const CONVERSATION: (usize, usize) = (1_000, 256 * KIB);

/// Of how many bytes the events may be that wait on the bus: its default.
pub const QUEUE: usize = 64 * MIB;

/// Of how many bytes the dead letters may be: the default of the bus.
pub const DEAD_LETTERS: usize = 64 * MIB;

/// How many frames of one client are read in a second.
pub const FRAMES_PER_SECOND: u32 = 1_000;

/// How long a connection may take to say what it wants.
pub const HEADER: Duration = Duration::from_secs(2);

/// How long a client may take to begin its session.
pub const HANDSHAKE: Duration = Duration::from_secs(2);

/// How long a client may say nothing.
pub const IDLE: Duration = Duration::from_secs(5);

/// How long a client may read nothing of what waits for it.
pub const WRITE: Duration = Duration::from_secs(3);

/// How often a client is pinged. None of the hostile ones answers.
pub const PING: Duration = Duration::from_secs(10);

/// How long it may take to answer.
pub const PONG: Duration = Duration::from_secs(3);

/// How long a client that does not do its part may be held: until it has not answered a ping, which is the longest
/// of the limits, 2 seconds for the close, and some for a busy machine.
pub const HELD: Duration = Duration::from_secs(10 + 3 + 2 + 5);

/// What no client may be shown, and is in the errors of a handler.
pub const SECRET: &str = "db://user:password@host";

/// What no client may be shown, and is the value of a sensitive field.
pub const CARD: &str = "4111-1111-1111-1111";

/// How many nodes a session has.
const NODES: usize = 2;

/// How many bytes an idle session takes, with its tasks and buffers.
const SESSION: usize = 32 * KIB;

/// How much memory an event takes for each byte of its frame, if that is full of small values.
const EXPANSION: usize = 16;

/// What a server takes without sessions, in bytes.
const BASE: usize = 32 * MIB;

/// How many bytes the server may have in memory, if so many of its clients send frames that are full of small
/// values. Those of the others are mostly text, and their events as large as their frames.
pub fn memory(expanding: usize) -> u64 {
    // The bus holds what is posted, and what failed, and of each one event more.
    let bus = QUEUE + DEAD_LETTERS + 2 * FRAME;
    let sessions = (SESSIONS - expanding) * session(FRAME) + expanding * session(EXPANSION * FRAME);
    (BASE + bus + sessions) as u64
}

/// How many bytes a session may take whose events take so many; `Routes` documents the terms.
const fn session(event: usize) -> usize {
    let reading = 2 * FRAME + event;
    let writing = 2 * FRAME;
    let read_ahead = READ_AHEAD + event;
    // The second node is behind one that does not wait.
    let mailboxes = (NODES + 1) * (MAILBOX + event) + 64 * MAILBOX;
    let handled = NODES * event;
    let conversation = CONVERSATION.1 + FRAME;
    SESSION + reading + writing + read_ahead + mailboxes + handled + conversation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_what_the_documentation_says() {
        assert_eq!((memory(0) >> 20, memory(6) >> 20), (1_991, 2_149));
    }
}
