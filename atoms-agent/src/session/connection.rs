//! Runs one session on its connection: reads frames, writes frames, and ends.

use std::future::{poll_fn, ready};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use atoms_runtime::{Envelope, EventInvalid, LogLimit, Shown};
use futures_core::Stream;
use futures_util::{FutureExt, Sink, SinkExt, StreamExt};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Level;

use super::broken::end_of_unread;
use super::identity::AnyIdentity;
use super::inbox::Inbox;
use super::pace::{Pace, Silence};
use super::parting::{DRAIN, LINGER, part, why};
use super::state::Connected;
use super::{Session, SessionEnd, Sessions};
use crate::events::{AgentError, Object, Ready, Severity};
use crate::instance::flight::Flight;
use crate::protocol::rules::Rules;

/// How many frames go out before the connection is flushed.
const BATCH: usize = 64;

/// Clients begin and end sessions as often as they like.
static ENDS: LogLimit = LogLimit::new(100, "more sessions ended, or did not begin");

/// The same, for sessions that ended by a fault of the client.
static FAULTS: LogLimit =
    LogLimit::new(100, "more sessions ended, or did not begin, by a fault of the client");

/// Clients send what they like.
static UNKNOWN: LogLimit = LogLimit::new(10, "more events of clients were of unknown types");

/// An item that is sent to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// One event.
    Frame(Vec<u8>),
    /// The last item: why the session has ended.
    Close(SessionEnd),
}

impl Sessions {
    /// Runs one session, from the client's [`Init`](crate::events::Init) to its end.
    ///
    /// `incoming` are the client's frames, and `outgoing` takes the agent's. An error of `incoming` ends the session
    /// with it. Dropping the future ends the session without telling the client.
    pub async fn run<I, B, O>(&self, incoming: I, outgoing: O) -> SessionEnd
    where
        I: Stream<Item = Result<B, SessionEnd>> + Send + Unpin,
        B: AsRef<[u8]> + Send,
        O: Sink<Outgoing> + Send + Unpin,
    {
        self.run_for(None, incoming, outgoing).await
    }

    /// Runs one session as [`run`](Self::run) does, for a client of which it is known who it is: see
    /// [`Identity`](super::Identity).
    pub async fn run_as<I, B, O>(&self, who: AnyIdentity, incoming: I, outgoing: O) -> SessionEnd
    where
        I: Stream<Item = Result<B, SessionEnd>> + Send + Unpin,
        B: AsRef<[u8]> + Send,
        O: Sink<Outgoing> + Send + Unpin,
    {
        self.run_for(Some(who), incoming, outgoing).await
    }

    async fn run_for<I, B, O>(&self, who: Option<AnyIdentity>, mut incoming: I, mut outgoing: O) -> SessionEnd
    where
        I: Stream<Item = Result<B, SessionEnd>> + Send + Unpin,
        B: AsRef<[u8]> + Send,
        O: Sink<Outgoing> + Send + Unpin,
    {
        let connected = Arc::new(self.0.connections.token());
        let begun = match self.handshake(&mut incoming).await {
            Ok(init) => self.open(init, who).await,
            Err(end) => Err(end),
        };
        let session = match begun {
            Ok(session) => session,
            Err(end) => {
                log_end(None, &end, "a session did not begin");
                self.within(LINGER, self.turn_away(&end, &mut incoming, &mut outgoing)).await;
                return end;
            }
        };
        // This also runs when the future is dropped in the middle.
        let nodes = JoinSet::new();
        let mut running = Running { sessions: self, session: &session, nodes, connected };
        session.tell(Ready);
        running.nodes = self.begin(&session);
        let conversed = AssertUnwindSafe(self.converse(&session, &mut incoming, &mut outgoing));
        if let Err(panic) = conversed.catch_unwind().await {
            session.panicked(panic);
        }
        session.instance().close();
        self.stop(&session, &mut running.nodes).await;
        if let Some(saving) = self.save(&session, &running.connected, ready(())) {
            // Its failure is in the log.
            let _ = saving.await;
        }
        let end = session.0.end.get().cloned().unwrap_or(SessionEnd::ByClient);
        log_end(Some(session.id()), &end, "a session has ended");
        self.within(LINGER, part(&end, &mut incoming, &mut outgoing)).await;
        drop(running);
        end
    }

    /// Reads and writes until there is a reason to end, and then writes the events that are under way.
    async fn converse<I, B, O>(&self, session: &Session, incoming: &mut I, outgoing: &mut O)
    where
        I: Stream<Item = Result<B, SessionEnd>> + Send + Unpin,
        B: AsRef<[u8]> + Send,
        O: Sink<Outgoing> + Send + Unpin,
    {
        let mut writing = pin!(self.write(session, outgoing));
        tokio::select! {
            end = self.read(session, incoming) => session.end_with(end),
            () = &mut writing => return session.end_with(why(incoming)),
            () = session.ended() => {}
            () = self.0.closing.cancelled() => session.end_with(SessionEnd::Shutdown),
        }
        // What comes of it could not come in any more.
        session.0.work.cancel();
        let mut may_interrupt = true;
        match session.0.end.get() {
            None => return,
            Some(end) if end.is_by_absence() => return,
            Some(SessionEnd::ByAgent | SessionEnd::Shutdown | SessionEnd::Idle) => {}
            Some(end) => {
                // Nobody waits for the end of a response any more.
                may_interrupt = false;
                session.instance().begin_turn();
                session.tell(error(end.to_string(), Severity::Fatal));
            }
        }
        session.instance().let_go();
        let cut = async {
            self.0.cut.cancelled().await;
            // Responses say that they were cut short.
            session.instance().begin_turn();
            std::future::pending().await
        };
        self.within(DRAIN, async {
            tokio::select! {
                () = session.instance().quiet() => {}
                () = &mut writing => {}
                () = self.listen(session, incoming), if may_interrupt => {}
                () = cut => {}
            }
        })
        .await;
    }

    async fn read<I, B>(&self, session: &Session, incoming: &mut I) -> SessionEnd
    where
        I: Stream<Item = Result<B, SessionEnd>> + Unpin,
        B: AsRef<[u8]>,
    {
        let mut pace = Pace::new(self.0.options.frames_per_second);
        let mut silence = Silence::new(self.0.options.idle);
        let mut inbox = Inbox::new(session, self.0.options.read_ahead_bytes);
        inbox.take(session.instance().init_event());
        // That of the client's `Init`.
        let mut number = 1;
        // A client that was warned has to read the warning before more frames are read.
        let mut is_warned = false;
        loop {
            tokio::select! {
                biased;
                () = inbox.pass_on(), if inbox.holds_some() => {}
                () = session.room_at_client(), if is_warned => is_warned = false,
                frame = next(&mut pace, incoming), if !is_warned && inbox.has_room() => {
                    let now = Instant::now();
                    pace.count(now);
                    silence.broken(now);
                    match frame {
                        Ok(frame) => {
                            number += 1;
                            is_warned = self.receive(session, &mut inbox, (number, frame.as_ref())).is_err();
                        }
                        Err(end) => return end,
                    }
                }
                () = silence.too_long() => return SessionEnd::Idle,
            }
        }
    }

    /// Lets the event of a frame into the session, if a client may send it, and otherwise warns the client.
    fn receive(
        &self,
        session: &Session,
        inbox: &mut Inbox<'_>,
        (number, frame): (u64, &[u8]),
    ) -> Result<(), Warned> {
        self.0.counters.frames_in.fetch_add(1, Ordering::Relaxed);
        let event = match self.bus().decode(frame) {
            Ok(event) => event,
            Err(unreadable) => {
                inbox.show(Envelope::new(EventInvalid::from(&unreadable)).into());
                if let Some(end) = end_of_unread(Some(session.id()), &unreadable) {
                    session.end_with(end);
                    return Ok(());
                }
                return self.forbid(session, number, &unreadable.to_string());
            }
        };
        match event.known_type() {
            Some(known) if Rules::of(Some(known)).opens => {
                let message = "the session has begun already: a second `system.init` is not taken";
                self.forbid(session, number, message)
            }
            Some(known) if !known.flow().from_client => {
                self.forbid(session, number, &format!("a client may not send `{}`", known.name()))
            }
            known => {
                if known.is_none() {
                    self.note_unknown(session, event.event_type());
                }
                inbox.take(session.claim(event));
                Ok(())
            }
        }
    }

    /// Counts an event of an unknown type, and names it in the log.
    #[cold]
    fn note_unknown(&self, session: &Session, event_type: &str) {
        self.0.counters.unknown.fetch_add(1, Ordering::Relaxed);
        if !tracing::enabled!(Level::DEBUG) || !UNKNOWN.allows() {
            return;
        }
        let known = self.bus().registry().events().iter().filter(|known| known.flow().from_client);
        let likeness = |name: &str| strsim::jaro_winkler(event_type, name);
        let rated = known.map(|known| (likeness(known.name()), known.name()));
        let nearest = rated.filter(|(likeness, _)| *likeness > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
        let (session, r#type, nearest) = (session.id(), Shown(event_type), nearest.map(|(_, name)| name));
        tracing::debug!(session, %r#type, nearest, "a client has sent an event of an unknown type");
    }

    /// Warns a client, and says which of its frames it is about: many have no id.
    fn forbid(&self, session: &Session, number: u64, message: &str) -> Result<(), Warned> {
        self.0.counters.refused.fetch_add(1, Ordering::Relaxed);
        let payload = Object::new().with("frame", number);
        session.tell(AgentError { payload, ..error(message.to_owned(), Severity::Warning) });
        Err(Warned)
    }

    /// Writes the output of the graph, until it is closed or the client cannot be reached.
    async fn write<O: Sink<Outgoing> + Unpin>(&self, session: &Session, outgoing: &mut O) {
        let (instance, client) = (session.instance(), session.instance().end());
        while let Some(flight) = poll_fn(|cx| client.poll_take(cx, || instance.notify_idle())).await {
            let mut written = 0;
            let mut next = Some(flight);
            while let Some(flight) = next {
                if let Some(frame) = self.frame(session, &flight) {
                    if outgoing.feed(Outgoing::Frame(frame)).await.is_err() {
                        return;
                    }
                    self.0.counters.frames_out.fetch_add(1, Ordering::Relaxed);
                }
                written += 1;
                next = if written < BATCH { client.take() } else { None };
            }
            if outgoing.flush().await.is_err() {
                return;
            }
        }
    }

    /// Returns the frame of an event, if it goes to the client.
    fn frame(&self, session: &Session, flight: &Flight) -> Option<Vec<u8>> {
        let known = flight.known?;
        if !known.flow().to_client || session.instance().is_interrupted(flight) {
            return None;
        }
        if flight.rules.ends {
            session.end_after(self.0.options.grace);
        }
        let frame = self.bus().encode(&flight.event);
        frame.map_err(|error| session.not_written(&flight.event, error)).ok()
    }
}

/// Waits for the next frame, and until it may be read. Cancel-safe.
pub(super) async fn next<I, B>(pace: &mut Pace, incoming: &mut I) -> Result<B, SessionEnd>
where
    I: Stream<Item = Result<B, SessionEnd>> + Unpin,
{
    pace.ready().await;
    incoming.next().await.ok_or(SessionEnd::ByClient)?
}

/// Logs the end of a session: at the level INFO if it is a fault of the client, and otherwise at DEBUG.
fn log_end(session: Option<&str>, end: &SessionEnd, what: &str) {
    if end.is_by_fault() {
        if tracing::enabled!(Level::INFO) && FAULTS.allows() {
            tracing::info!(session, end = ?Shown(end), "{what}");
        }
    } else if tracing::enabled!(Level::DEBUG) && ENDS.allows() {
        tracing::debug!(session, end = ?Shown(end), "{what}");
    }
}

/// Keeps a session in the list, and its nodes running, until this is dropped.
struct Running<'a> {
    sessions: &'a Sessions,
    session: &'a Session,
    nodes: JoinSet<()>,
    connected: Connected,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // It has ended for another reason, unless the connection was dropped.
        self.session.end_with(SessionEnd::ByClient);
        // Its tasks hold the session.
        self.session.0.work.cancel();
        self.session.instance().close();
        self.session.instance().let_go();
        let (sessions, session) = (self.sessions.clone(), self.session.clone());
        let mut nodes = std::mem::take(&mut self.nodes);
        nodes.abort_all();
        // One that holds its thread goes on, and may change a state until then.
        let ended = async move { sessions.stop(&session, &mut nodes).await };
        let _ = self.sessions.save(self.session, &self.connected, ended);
        self.sessions.forget(self.session);
    }
}

/// The client was warned.
struct Warned;

pub(super) fn error(message: String, severity: Severity) -> AgentError {
    AgentError { message, severity, payload: Default::default() }
}
