//! A server that is ready to run.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use atoms_agent::{GraphError, SessionsBuilder, ZeroSetting};
use atoms_runtime::{Bus, HandlerError, Shown};
use futures_util::FutureExt;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::signals::Signals;
use crate::{Routes, Served, listen};

/// An agent server: a session with nodes of its own for each connection.
///
/// ```no_run
/// use atoms::agent::events::{LlmRequest, Speak, UserJoined};
/// use atoms::agent::{Conversation, graph, node};
/// use atoms::Bus;
/// use atoms::server::Server;
/// use futures_util::{Stream, stream};
///
/// #[derive(Default)]
/// struct Echo;
///
/// #[node(output)]
/// impl Echo {
///     #[handler]
///     fn greet(&mut self, _: &UserJoined) -> Speak {
///         Speak { text: "Good day!".into() }
///     }
///
///     #[respond]
///     fn echo(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
///         stream::iter(said.last_user_text().map(|text| format!("You said: {text}")))
///     }
/// }
///
/// graph! {
///     struct Desk {
///         Echo,
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::new(Desk::graph()).bind("127.0.0.1:8080").await?;
/// server.serve(Bus::start()?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is served before `bind` and `serve`"]
pub struct Server {
    sessions: Option<SessionsBuilder>,
    routes: Routes,
    header_timeout: Duration,
    connection_limit: usize,
    shutdown_deadline: Duration,
}

/// A [`Server`] that listens, and does not serve yet.
#[derive(Debug)]
#[must_use = "nothing is served before `serve`"]
pub struct Bound {
    server: Server,
    listener: TcpListener,
}

/// The error with which a server has stopped.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The bus did not start.
    #[error("the bus did not start: {0}")]
    Bus(#[source] HandlerError),
    /// Settings of the server are zero. The error lists all of them.
    #[error("the server cannot serve:{}", .0.iter().map(|zero| format!("\n- {zero}")).collect::<String>())]
    Zero(Vec<ZeroSetting>),
    /// The graph cannot run on this bus.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The network failed.
    #[error("cannot listen: {0}")]
    Io(#[from] io::Error),
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Server {
    /// Creates a server of sessions with this graph, or of those that are set up already.
    pub fn new(sessions: impl Into<SessionsBuilder>) -> Self {
        Self::of(Some(sessions.into()))
    }

    /// Creates a server without sessions, for the other parts of the [`Routes`].
    pub fn without_sessions() -> Self {
        Self::of(None)
    }

    fn of(sessions: Option<SessionsBuilder>) -> Self {
        let ten_seconds = Duration::from_secs(10);
        Self {
            sessions,
            routes: Routes::new(),
            header_timeout: ten_seconds,
            connection_limit: 1_024,
            shutdown_deadline: ten_seconds,
        }
    }

    /// Sets the routes, which say who may connect, and how much they may send.
    pub fn routes(mut self, routes: Routes) -> Self {
        self.routes = routes;
        self
    }

    /// Sets how long a client may take to send its HTTP request headers: 10 seconds by default. It then has to begin
    /// its session in time: see [`SessionsBuilder::handshake_timeout`]. The server does not start with zero.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// Sets how many connections without a session there may be at once: 1,024 by default. Further ones wait to be
    /// accepted until another one has ended, which each does when its one request is answered, and the client has the
    /// answer. The server does not start with zero.
    pub fn connection_limit(mut self, connections: usize) -> Self {
        self.connection_limit = connections;
        self
    }

    /// Sets how long sessions, and then the bus, have to end what is under way when the server shuts down: 10 seconds
    /// by default, for both together. Last messages may take up to two seconds more.
    ///
    /// A client that does not close its side of the connection delays the end by up to two seconds. With zero, what is
    /// under way is dropped at once.
    #[doc(alias = "shutdown_timeout")]
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown_deadline = deadline;
        self
    }

    /// Listens at this address. `127.0.0.1` is for this machine only, and port 0 is any free port.
    ///
    /// Fails if it cannot listen there, or if a setting of the server is zero that must not be. The settings of the
    /// sessions are checked when they start, with the bus.
    pub async fn bind(self, address: impl ToSocketAddrs) -> Result<Bound, ServeError> {
        let mut zeros = self.routes.zeros();
        let limits = [("connection_limit", self.connection_limit)];
        zeros.extend(ZeroSetting::find(&limits, &[("header_timeout", self.header_timeout)]));
        if !zeros.is_empty() {
            return Err(ServeError::Zero(zeros));
        }
        let listener = TcpListener::bind(address).await?;
        Ok(Bound { server: self, listener })
    }
}

impl Bound {
    /// Returns the address at which it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until ctrl-c or SIGTERM, then ends the sessions, and shuts the bus down.
    ///
    /// From then on this ends the process: on a second signal, with the exit code 130 or 143, and two seconds after
    /// the [deadline](Server::shutdown_deadline), with the exit code 1. The log names the handlers that still run.
    /// This also holds after this function has returned, since a handler that holds a thread would keep tokio's
    /// runtime from ending. A program that goes on afterwards uses
    /// [`serve_until`](Self::serve_until), which never ends the process.
    ///
    /// Fails if signals cannot be listened to. Dropping the future stops serving.
    pub async fn serve(self, bus: Bus) -> Result<(), ServeError> {
        let served = Arc::new(OnceLock::new());
        let deadline = self.server.shutdown_deadline;
        let mut signals = Signals::listen(bus.clone(), Arc::clone(&served), deadline).await?;
        let bus = std::future::ready(Ok::<_, HandlerError>(bus));
        if self.run(bus, signals.stop(), served).await? == Ending::Unfinished {
            signals.leave();
        }
        Ok(())
    }

    /// Serves as [`serve`](Self::serve) does, with a bus that is still to be started: until then `/ready` answers 503.
    /// It ends when `stop` does.
    ///
    /// It leaves signals and the end of the process to the caller. A handler that never awaits outlives this, and keeps
    /// tokio's runtime from ending: see `Runtime::shutdown_timeout`.
    pub async fn serve_until<E: Into<HandlerError>>(
        self,
        bus: impl Future<Output = Result<Bus, E>>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        self.run(bus, stop, Arc::new(OnceLock::new())).await.map(drop)
    }

    async fn run<E: Into<HandlerError>>(
        self,
        bus: impl Future<Output = Result<Bus, E>>,
        stop: impl Future<Output = ()>,
        served: Arc<OnceLock<Served>>,
    ) -> Result<Ending, ServeError> {
        let Server { sessions: builder, routes, header_timeout, connection_limit, shutdown_deadline } =
            self.server;
        let limits = listen::Limits {
            connections: connection_limit,
            header_timeout,
            write_timeout: routes.limits.write_timeout,
        };
        #[cfg(feature = "control")]
        let auth = routes.doorkeeper();
        let identities = routes.identities.clone();
        let router = routes.into_router_of(Arc::clone(&served));
        // If the bus has started already, the server is ready before it accepts connections.
        let mut starting = pin!(start(bus, builder, &served));
        let at_once = starting.as_mut().now_or_never();
        let closing = CancellationToken::new();
        // If this future is dropped, or fails, serving stops as well.
        let mut serving = JoinSet::new();
        serving.spawn(listen::serve(self.listener, router, limits, closing.clone()));
        let mut stop = pin!(stop);
        let served = match at_once {
            Some(started) => started?,
            None => tokio::select! {
                biased;
                started = starting => started?,
                () = &mut stop => return Ok(Ending::Clean),
            },
        };
        #[cfg(feature = "control")]
        if let Some(auth) = auth {
            crate::questions::warn_of_unknown(&*auth, served.bus());
        }
        if let Some(sessions) = served.sessions() {
            identities.warn_of_missing(sessions);
        }
        stop.await;
        let ending = shut_down(served, shutdown_deadline).await;
        closing.cancel();
        // Connections that are idle, or half open, do not delay the end.
        let _ = timeout(Duration::from_secs(1), serving.join_next()).await;
        Ok(ending)
    }
}

/// Whether anything still runs after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Clean,
    Unfinished,
}

/// Starts the sessions, if there are any, when the bus has started.
async fn start<E: Into<HandlerError>>(
    bus: impl Future<Output = Result<Bus, E>>,
    builder: Option<SessionsBuilder>,
    served: &OnceLock<Served>,
) -> Result<&Served, ServeError> {
    let bus = bus.await.map_err(|error| ServeError::Bus(error.into()))?;
    let started = match builder {
        Some(builder) => Served::from(builder.start(&bus)?),
        None => Served::from(bus),
    };
    Ok(served.get_or_init(|| started))
}

/// Ends the sessions, and then the bus, both before the deadline.
async fn shut_down(served: &Served, deadline: Duration) -> Ending {
    let begun = Instant::now();
    let left = match served.sessions() {
        Some(sessions) => sessions.shutdown(deadline).await,
        None => 0,
    };
    let bus = served.bus().shutdown(deadline.saturating_sub(begun.elapsed())).await;
    if let Err(error) = &bus {
        tracing::error!(error = ?Shown(error), "the bus did not end in time");
    }
    let has_tasks = served.counts().is_some_and(|counts| counts.tasks > 0);
    if left == 0 && bus.is_ok() && !has_tasks { Ending::Clean } else { Ending::Unfinished }
}
