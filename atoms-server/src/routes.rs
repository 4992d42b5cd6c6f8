//! The routes of an agent server.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use atoms_agent::testing::{Connecting, TestClient};
use atoms_agent::{AnyIdentity, Sessions, ZeroSetting};
use atoms_runtime::LogLimit;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Level;
use tungstenite::handshake::server::create_response;

use crate::access::{Access, TokenFrom};
use crate::authenticate::{self, AuthError, Identities};
use crate::listen::note_broken;
use crate::metrics;
use crate::served::Served;
use crate::websocket::{Limits, WebSocket};
#[cfg(feature = "control")]
use crate::{activity, control, door, questions};

/// The routes of an agent server, to be mounted in an axum application.
///
/// | route | what it is |
/// | --- | --- |
/// | `/ws` | a session over WebSocket; one frame, text or binary, is one event |
/// | `/` | `{"status":"running","ready":true,"active_sessions":0}` |
/// | `/health` | `{"status":"ok","active_sessions":0}`, and the `activity` of the handlers on a bus that counts it |
/// | `/ready` | `{"status":"ready","active_sessions":0}`, or 503 before the bus has started and from the shutdown on |
/// | `/metrics` | counts for Prometheus, on a bus that counts also for each handler and each type of events |
/// | `/questions` | the questions that people answer, with the feature `control` and for those who are let in |
/// | `/control` | what runs, to be watched and steered, with the feature `control` and for those who are let in |
///
/// # Frames
///
/// The first frame of a client must be `system.init`. What it says there is the client's word: who the client is, the
/// server finds out with [`authenticate`](Self::authenticate). A frame that cannot be read, or that a client may not send, is
/// answered by an `agent.error`, whose payload has the number of the `frame`: that of the `system.init` is 1. An event of an unknown type is passed on, counted, and not answered; at the level DEBUG,
/// the log names its type, and the nearest that the program knows.
///
/// # Close codes
///
/// [`SessionEnd`](atoms_agent::SessionEnd) says why a session has ended, and the close frame has its text.
///
/// | code | why |
/// | --- | --- |
/// | 1000 | the agent ended the call; a client that closes first gets its own code back |
/// | 1001 | the server shuts down, or the client sent nothing for the [`idle_timeout`](atoms_agent::SessionsBuilder::idle_timeout) |
/// | 1002 | the client broke the WebSocket protocol |
/// | 1007 | a text message was not UTF-8 |
/// | 1008 | the first event was not a `system.init`, or did not come in time; or the client read nothing for the [`write_timeout`](Self::write_timeout) |
/// | 1009 | a message was larger than the [`frame_limit`](Self::frame_limit) |
/// | 1011 | a node could not be made or started, something outside of its handlers panicked, or the client did not answer a ping |
///
/// # Memory
///
/// Everything that a session holds is bounded. Let F be the [`frame_limit`](Self::frame_limit), and E the memory
/// that the largest event takes: about F if it is mostly text, and up to 16 times F if it is full of small values.
/// Each store may hold one event beyond its limit. In bytes, a session holds at most:
///
/// | what | bytes |
/// | --- | ---: |
/// | the message that is read, in a buffer that doubles, and its event | 2 F + E |
/// | the event that is written, and what waits for that | 2 F |
/// | what is read ahead | [`read_ahead_bytes`](atoms_agent::SessionsBuilder::read_ahead_bytes) + E |
/// | the mailbox of each node, and that of the client | [`mailbox_bytes`](atoms_agent::SessionsBuilder::mailbox_bytes) + E |
/// | that of a background node | 4 `mailbox_bytes` + E |
/// | the same behind a node that emits without waiting | 64 `mailbox_bytes` + E |
/// | what each node handles | E |
/// | the conversation of each output node | that of [`conversation_limit`](atoms_agent::SessionsBuilder::conversation_limit) + F |
/// | everything else | about 32 KiB |
///
/// By default, and with one node, that is about 9 times 16 MiB for a client that fills all of it with text. A
/// lower frame limit lowers it most. Times the [`session_limit`](Self::session_limit), and with what the bus may
/// hold, it is the bound of the server's memory. What nodes keep in their own fields is not included.
///
/// A connection that is no session yet holds at most 16 KiB, the longest head of a request that a
/// [`Server`](crate::Server) reads, and the answer. There are no more of these than its
/// [`connection_limit`](crate::Server::connection_limit).
#[cfg_attr(feature = "control", doc = include_str!("questions/door.md"))]
#[cfg_attr(feature = "control", doc = include_str!("control/door.md"))]
#[derive(Clone)]
#[must_use = "there are no routes before `into_router`"]
pub struct Routes {
    access: Access,
    pub(crate) identities: authenticate::Settings,
    pub(crate) limits: Limits,
    session_limit: usize,
    has_probes: bool,
    #[cfg(feature = "control")]
    pub(crate) doors: door::Limits,
    #[cfg(feature = "control")]
    pub(crate) questions: Option<Arc<door::Doorkeeper>>,
    #[cfg(feature = "control")]
    pub(crate) control: control::Options,
}

impl Default for Routes {
    fn default() -> Self {
        let limits = Limits {
            frame: 16 * 1024 * 1024,
            write_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(20),
            pong_timeout: Duration::from_secs(20),
        };
        Self {
            access: Access::default(),
            identities: Default::default(),
            limits,
            session_limit: 10_000,
            has_probes: true,
            #[cfg(feature = "control")]
            doors: Default::default(),
            #[cfg(feature = "control")]
            questions: None,
            #[cfg(feature = "control")]
            control: Default::default(),
        }
    }
}

impl Routes {
    /// Creates routes without a token, for pages of the same host and for clients other than browsers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets only clients open a session that send `Authorization: Bearer` and this token. It is compared in constant
    /// time. The other routes need no token.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.access.token = Some(token.into());
        self
    }

    /// Takes the bearer token of a session from this place as well, for pages in a browser, which cannot send an
    /// `Authorization` header with a WebSocket. Call it for each place. By default, there is none.
    ///
    /// Such a token is moved into the `Authorization` header, in which [`authenticate`](Self::authenticate) finds it. A token
    /// in that header wins, and then one in a subprotocol. The server writes none of them to its log.
    pub fn token_from(mut self, place: TokenFrom) -> Self {
        self.access.token_from.push(place);
        self
    }

    /// Lets pages of this origin connect, such as `https://shop.example`. Without one, only pages of the
    /// server's own host may, and only if that is called `localhost` or by its address: behind a proxy, name the
    /// origin. Clients other than browsers send no origin, and are let in.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.access.origins.push(origin.into());
        self
    }

    /// Lets pages of every site connect.
    pub fn allow_any_origin(mut self) -> Self {
        self.access.any_origin = true;
        self
    }

    /// Sets the size of the largest message that is read, in bytes: 16 MiB by default, as one frame or in fragments. A
    /// larger one ends its session with the close code 1009. The server does not start with zero.
    ///
    /// An idle connection holds two buffers of 4 KiB. While a message is read or written, the connection also
    /// holds that message.
    #[doc(alias = "max_frame_size")]
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.limits.frame = bytes;
        self
    }

    /// Sets how long a client may leave pending output unread: 30 seconds by default. Then its session ends. This also
    /// holds before the session has begun, and for pongs.
    ///
    /// A [`Server`](crate::Server) also closes a connection whose client has not read the whole answer of any other
    /// route in this time. The server does not start with zero.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.limits.write_timeout = timeout;
        self
    }

    /// Sets how long after a client's last pong, or after it has connected, it is pinged: 20 seconds by default.
    /// Proxies often close connections on which nothing was sent for a minute. With [`Duration::MAX`], no client is
    /// pinged. The server does not start with zero.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.limits.ping_interval = interval;
        self
    }

    /// Sets how long a client may take to answer a ping: 20 seconds by default. Then its session ends. The server does
    /// not start with zero.
    pub fn pong_timeout(mut self, timeout: Duration) -> Self {
        self.limits.pong_timeout = timeout;
        self
    }

    /// Sets how many sessions there may be at once: 10,000 by default. Further ones are answered with 503. The server
    /// does not start with zero.
    #[doc(alias = "max_connections")]
    pub fn session_limit(mut self, sessions: usize) -> Self {
        self.session_limit = sessions;
        self
    }

    /// Leaves out `/`, `/health`, `/ready` and `/metrics`, for an application that has such routes of its own.
    /// [`Sessions::counts`] and [`Sessions::is_closing`] are what they say.
    pub fn without_probes(mut self) -> Self {
        self.has_probes = false;
        self
    }

    /// Lets a client in that begins a session with this request, as `/ws` does, and returns it for a test without a socket: the
    /// [`token`](Self::token), the origin and [`authenticate`](Self::authenticate) are asked. Limits of connections are not.
    ///
    /// ```
    /// use atoms::agent::Sessions;
    /// use atoms::server::{Request, Routes, StatusCode};
    ///
    /// # async fn test(routes: Routes, sessions: Sessions) -> Result<(), StatusCode> {
    /// let mut request = Request::new(());
    /// let refused = routes.test_client(&sessions, request.clone()).await.unwrap_err();
    /// assert_eq!(refused, StatusCode::UNAUTHORIZED);
    /// request.headers_mut().insert("authorization", "Bearer ada-token".parse().unwrap());
    /// let client = routes.test_client(&sessions, request).await?.connect().await;
    /// # client.leave().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails with the status that such a client is answered with.
    pub async fn test_client<'a>(
        &self,
        sessions: &'a Sessions,
        request: Request<()>,
    ) -> Result<Connecting<'a>, StatusCode> {
        let (mut head, ()) = request.into_parts();
        self.access.take_token(&mut head);
        self.access.check(&head.headers).map_err(|(status, _)| status)?;
        let identities = Identities::from(self.identities.clone());
        let who = identities.of(&head).await.map_err(AuthError::status)?;
        Ok(TestClient::of(sessions).any_identity(who))
    }

    /// Returns the routes, for a program that has an axum application of its own, of sessions or of a bus without any.
    ///
    /// Beside routes of the same names, which `merge` does not allow, mount them under a prefix, or without those that the
    /// application has itself:
    ///
    /// ```
    /// use atoms::agent::Sessions;
    /// use atoms::server::Routes;
    /// use axum::Router;
    /// use axum::routing::get;
    ///
    /// # fn app(sessions: Sessions) -> (Router, Router) {
    /// let own = || Router::new().route("/health", get(async || "all is well"));
    /// let under_agent = own().nest("/agent", Routes::new().into_router(sessions.clone())); // `/agent/ws`
    /// let beside = own().merge(Routes::new().without_probes().into_router(sessions)); // `/ws`
    /// # (under_agent, beside)
    /// # }
    /// ```
    ///
    /// The program ends the sessions itself, by [`Sessions::shutdown`], limits its connections, and sets `TCP_NODELAY`
    /// on them, without which small frames may take 40 milliseconds longer.
    ///
    /// # Panics
    ///
    /// Panics if a limit or a time-out is zero. [`Server::bind`](crate::Server::bind) returns an error instead.
    pub fn into_router(self, served: impl Into<Served>) -> Router {
        if let Some(zero) = self.zeros().first() {
            panic!("the routes cannot serve: {zero}");
        }
        let served = served.into();
        #[cfg(feature = "control")]
        if let Some(auth) = self.doorkeeper() {
            questions::warn_of_unknown(&*auth, served.bus());
        }
        if let Some(sessions) = served.sessions() {
            self.identities.warn_of_missing(sessions);
        }
        self.into_router_of(Arc::new(OnceLock::from(served)))
    }

    /// What says who may come in at the door to questions, if there is one.
    #[cfg(feature = "control")]
    pub(crate) fn doorkeeper(&self) -> Option<Arc<door::Doorkeeper>> {
        self.questions.clone()
    }

    /// The settings that are zero and must not be.
    pub(crate) fn zeros(&self) -> Vec<ZeroSetting> {
        let limits = [("frame_limit", self.limits.frame), ("session_limit", self.session_limit)];
        let times = [
            ("write_timeout", self.limits.write_timeout),
            ("ping_interval", self.limits.ping_interval),
            ("pong_timeout", self.limits.pong_timeout),
        ];
        let zeros = [ZeroSetting::find(&limits, &times), self.identities.zeros()].concat();
        #[cfg(feature = "control")]
        let zeros = [zeros, self.doors.zeros(), self.control.zeros()].concat();
        zeros
    }

    /// The router of sessions that have not started yet.
    pub(crate) fn into_router_of(self, served: Arc<OnceLock<Served>>) -> Router {
        let room = Arc::new(Semaphore::new(self.session_limit.min(Semaphore::MAX_PERMITS)));
        let access = Arc::new(self.access);
        #[cfg(feature = "control")]
        let doors = {
            let shared = Arc::new(door::Shared::from(self.doors));
            let door =
                |auth| door::Door::new(auth, Arc::clone(&access), Arc::clone(&served), Arc::clone(&shared));
            let questions = self.questions.map(|auth| questions::routes(door(auth)));
            let control = self
                .control
                .auth
                .clone()
                .map(|auth| control::routes(self.control, door(auth), self.limits.write_timeout));
            questions.unwrap_or_default().merge(control.unwrap_or_default())
        };
        let state = Shared {
            served,
            room,
            access,
            identities: Arc::new(self.identities.into()),
            limits: self.limits,
            session_limit: self.session_limit,
            #[cfg(feature = "control")]
            activity: Default::default(),
        };
        let router = Router::new().route("/ws", get(open));
        let probes = || {
            let router = Router::new().route("/", get(running)).route("/health", get(health));
            router.route("/ready", get(ready)).route("/metrics", get(count))
        };
        let router = if self.has_probes { router.merge(probes()) } else { router };
        let router = router.with_state(state);
        #[cfg(feature = "control")]
        let router = router.merge(doors);
        router
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut routes = f.debug_struct("Routes");
        routes
            .field("has_token", &self.access.token.is_some())
            .field("token_from", &self.access.token_from)
            .field("authenticates", &self.identities.has_auth())
            .field("origins", &self.access.origins)
            .field("any_origin", &self.access.any_origin)
            .field("limits", &self.limits)
            .field("session_limit", &self.session_limit)
            .field("has_probes", &self.has_probes);
        #[cfg(feature = "control")]
        routes
            .field("has_questions", &self.questions.is_some())
            .field("has_control", &self.control.auth.is_some());
        routes.finish()
    }
}

/// Clients can connect as often as they like.
static TURNED_AWAY: LogLimit =
    LogLimit::new(10, "more clients were turned away: there are too many sessions");

#[derive(Clone)]
struct Shared {
    served: Arc<OnceLock<Served>>,
    room: Arc<Semaphore>,
    access: Arc<Access>,
    identities: Arc<Identities>,
    limits: Limits,
    session_limit: usize,
    #[cfg(feature = "control")]
    activity: activity::Latest,
}

impl Shared {
    /// Returns what is served, if it has started.
    fn open(&self) -> Option<&Served> {
        self.served.get().filter(|served| !served.is_closing())
    }

    /// What the handlers of the bus have done, if it counts that.
    #[cfg(feature = "control")]
    fn activity(&self) -> Option<Arc<atoms_control::Activity>> {
        self.activity.of(self.served.get()?.bus())
    }

    fn active(&self) -> usize {
        self.served.get().and_then(Served::counts).map_or(0, |counts| counts.active)
    }
}

async fn open(State(shared): State<Shared>, request: Request) -> Response {
    let (mut head, _) = request.into_parts();
    let protocol = shared.access.take_token(&mut head);
    if let Err(refused) = shared.access.check(&head.headers) {
        return refused.into_response();
    }
    let Some(served) = shared.open() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "no session can begin now").into_response();
    };
    let Some(sessions) = served.sessions().cloned() else {
        return (StatusCode::NOT_FOUND, "there are no sessions here").into_response();
    };
    let (mut switching, head) = match switching(head) {
        Ok(switching) => switching,
        Err(refused) => return refused.into_response(),
    };
    let who = match shared.identities.of(&head).await {
        Ok(who) => who,
        Err(refused) => return refused.into_response(),
    };
    let Ok(room) = shared.room.try_acquire_owned() else {
        if tracing::enabled!(Level::INFO) && TURNED_AWAY.allows() {
            tracing::info!(
                limit = shared.session_limit,
                "a client is turned away: there are too many sessions"
            );
        }
        return (StatusCode::SERVICE_UNAVAILABLE, "there are too many sessions").into_response();
    };
    if let Some(protocol) = protocol {
        switching.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let upgrade = hyper::upgrade::on(Request::from_parts(head, ()));
    tokio::spawn(run(sessions, who, upgrade, shared.limits, room));
    switching
}

/// Returns the answer with which a session begins, and the head of its request.
fn switching(head: Parts) -> Result<(Response, Parts), (StatusCode, String)> {
    if head.method != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "a session begins with GET".into()));
    }
    let request = Request::from_parts(head, ());
    let answer = create_response(&request).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok((answer.map(|()| Body::empty()), request.into_parts().0))
}

/// Runs a session on the upgraded connection, to its end.
async fn run(
    sessions: Sessions,
    who: Option<AnyIdentity>,
    upgrade: OnUpgrade,
    limits: Limits,
    room: OwnedSemaphorePermit,
) {
    match upgrade.await {
        Ok(socket) => {
            let (outgoing, incoming) = WebSocket::new(TokioIo::new(socket), limits).split();
            match who {
                Some(who) => sessions.run_as(who, incoming, outgoing).await,
                None => sessions.run(incoming, outgoing).await,
            };
        }
        Err(error) => note_broken(&error),
    }
    drop(room);
}

async fn running(State(shared): State<Shared>) -> impl IntoResponse {
    let ready = shared.open().is_some();
    json_of(json!({"status": "running", "ready": ready, "active_sessions": shared.active()}))
}

async fn health(State(shared): State<Shared>) -> impl IntoResponse {
    let health = json!({"status": "ok", "active_sessions": shared.active()});
    #[cfg(feature = "control")]
    let health = match shared.activity() {
        Some(counted) => {
            let mut health = health;
            health["activity"] = activity::json(&counted);
            health
        }
        None => health,
    };
    json_of(health)
}

async fn ready(State(shared): State<Shared>) -> Response {
    if shared.open().is_some() {
        return json_of(json!({"status": "ready", "active_sessions": shared.active()})).into_response();
    }
    let reason = if shared.served.get().is_some() { "shutting down" } else { "starting" };
    let body = json_of(json!({"detail": {"status": "not_ready", "reason": reason}}));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

async fn count(State(shared): State<Shared>) -> impl IntoResponse {
    let counts = shared.served.get().and_then(Served::counts);
    let text = metrics::text(shared.open().is_some(), counts);
    #[cfg(feature = "control")]
    let text = text + &shared.activity().map(|counted| activity::text(&counted)).unwrap_or_default();
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text)
}

fn json_of(body: Value) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string())
}
