//! Ends a session in bounded time.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_core::Stream;
use futures_util::{FutureExt, Sink, SinkExt, StreamExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::broken::end_of_unread;
use super::connection::{Outgoing, next};
use super::pace::Pace;
use super::{Session, SessionEnd, Sessions};
use crate::instance::run::joined;
use crate::protocol::rules::Rules;

/// How long a session that ends waits for events that are under way, and then for its nodes to stop.
pub(super) const DRAIN: Duration = Duration::from_secs(10);

/// How long each step of the end may take in a session that is cut short.
const LAST_CHUNK: Duration = Duration::from_millis(300);

/// How long a session that has ended, or did not begin, may take to tell its client, and how long it waits for the client to
/// close the connection.
pub(super) const LINGER: Duration = Duration::from_secs(2);

impl Sessions {
    /// Waits for a future, but not for longer than this, and only for a moment when sessions are cut short.
    pub(super) async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let cut = async {
            self.0.cut.cancelled().await;
            sleep(LAST_CHUNK).await;
        };
        tokio::select! {
            output = future => Some(output),
            () = sleep(limit) => None,
            () = cut => None,
        }
    }

    /// Reads interrupts, and nothing else, until the client is gone.
    pub(super) async fn listen<I, B>(&self, session: &Session, incoming: &mut I)
    where
        I: Stream<Item = Result<B, SessionEnd>> + Unpin,
        B: AsRef<[u8]>,
    {
        let mut pace = Pace::new(self.0.options.frames_per_second);
        loop {
            match next(&mut pace, incoming).await {
                Ok(frame) => {
                    pace.count(Instant::now());
                    self.0.counters.frames_in.fetch_add(1, Ordering::Relaxed);
                    match self.bus().decode(frame.as_ref()) {
                        Ok(event) => session.instance().heed(Rules::of(event.known_type())),
                        // The session ends already, so this is only logged.
                        Err(unreadable) => drop(end_of_unread(Some(session.id()), &unreadable)),
                    }
                }
                Err(SessionEnd::ByClient) => return,
                // The reason for the end is known already.
                Err(_) => return std::future::pending().await,
            }
        }
    }

    /// Waits for the nodes, and for work beside them, to end, which they do at their next await.
    pub(super) async fn stop(&self, session: &Session, nodes: &mut JoinSet<()>) {
        let stopped = async { tokio::join!(joined(nodes), session.0.work.stopped()) };
        if self.within(DRAIN, stopped).await.is_none() {
            tracing::error!(session = session.id(), "nodes that do not stop are aborted");
            // They are not awaited, since one that holds its thread goes on.
            nodes.abort_all();
            self.0.linger(session);
        }
    }
}

/// The reason that a connection cannot be written to, as far as it is known.
pub(super) fn why<I, B>(incoming: &mut I) -> SessionEnd
where
    I: Stream<Item = Result<B, SessionEnd>> + Unpin,
{
    match incoming.next().now_or_never() {
        Some(Some(Err(end))) => end,
        _ => SessionEnd::ByClient,
    }
}

/// Closes the connection, and waits for the client to close it, since the last frames might get lost otherwise.
pub(super) async fn part<I, B, O>(end: &SessionEnd, incoming: &mut I, outgoing: &mut O)
where
    I: Stream<Item = Result<B, SessionEnd>> + Unpin,
    O: Sink<Outgoing> + Unpin,
{
    if *end != SessionEnd::ByClient {
        if outgoing.send(Outgoing::Close(end.clone())).await.is_err() {
            return;
        }
        while let Some(Ok(_)) = incoming.next().await {}
    }
    // A client that is gone need not be told.
    let _ = outgoing.close().await;
}
