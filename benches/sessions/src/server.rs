//! What the servers of this package have in common: a port from the command line, and a line that says where
//! they listen.

use std::io;

use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// What the line begins with that a server prints once it listens.
pub const LISTENING: &str = "listening on http://";

/// How much a socket reads at once, and about how much it holds back until a flush. The default of 128 KiB
/// would be most of a session's memory.
const BUFFER: usize = 4 * 1_024;

/// The port that the command line names; 0, which is any, if it names none.
///
/// # Errors
///
/// If it is no number.
pub fn port() -> io::Result<u16> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "0".into());
    port.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

/// Listens on the port that the command line names, on the loopback interface, and prints where.
///
/// # Errors
///
/// If the port is no number or is taken.
pub async fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(("127.0.0.1", port()?)).await?;
    println!("{LISTENING}{}", listener.local_addr()?);
    Ok(listener)
}

/// Sockets with small buffers, on either side.
pub fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER)
}
