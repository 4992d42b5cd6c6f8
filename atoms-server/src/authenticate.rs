//! Authenticates requests.

use std::any::{TypeId, type_name};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use atoms_agent::{AnyIdentity, Sessions, ZeroSetting};
use atoms_runtime::LogLimit;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::Routes;

/// A failure of `Authenticate` may repeat for each request.
static NOT_KNOWN: LogLimit = LogLimit::new(10, "more times, it could not be found out who sends a request");

/// Says who sends a request, from its head: a closure of the application, or [`Tokens`](crate::Tokens).
///
/// The identity is a type of the application, or a `Principal`, which the doors to questions and to control need.
///
/// ```
/// use atoms::server::{Parts, Routes, StatusCode};
///
/// struct Customer {
///     id: String,
/// }
///
/// let routes = Routes::new().authenticate(async |head: Parts| -> Result<Customer, StatusCode> {
///     // A proxy in front of this server has checked who it is, and nobody else can reach it.
///     let id = head.headers.get("x-user").and_then(|id| id.to_str().ok());
///     Ok(Customer { id: id.ok_or(StatusCode::UNAUTHORIZED)?.to_owned() })
/// });
/// # let _ = routes;
/// ```
///
/// A closure that needs something clones it for each request: `move |head: Parts| { let db = db.clone(); async move { .. } }`.
pub trait Authenticate: Send + Sync + 'static {
    /// Who somebody is.
    type Identity: Send + Sync + 'static;

    /// Returns who it is, or why they are not let in.
    fn authenticate<'a>(&'a self, head: &'a Parts) -> Authenticating<'a, Self::Identity>;

    /// Returns all roles that those have who are let in, if that is known before they come: by default, it is not. The log then
    /// warns of tools that ask for another role.
    fn roles(&self) -> Option<Vec<String>> {
        None
    }
}

/// What [`Authenticate::authenticate`] returns.
pub type Authenticating<'a, I> = Pin<Box<dyn Future<Output = Result<I, AuthError>> + Send + 'a>>;

/// Why somebody is not let in. A [`StatusCode`] can be turned into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// It is not known who they are. The answer is 401.
    #[error("say who you are: `Authorization: Bearer ...`")]
    Unauthenticated,
    /// They sent a token that is not known. The answer is 401.
    #[error("the bearer token is not known")]
    UnknownToken,
    /// It is known who they are, and they may not come in. The answer is 403.
    #[error("you have no access here")]
    Forbidden,
    /// It cannot be found out now. The answer is 503.
    #[error("who you are cannot be checked now: try again later")]
    Unavailable,
    /// The answer has this status.
    #[error("access is refused: {0}")]
    Status(StatusCode),
}

impl AuthError {
    /// Returns the status of the answer. One that is no error, such as 200, is answered as 500.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::UnknownToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Status(status) if status.is_client_error() || status.is_server_error() => status,
            Self::Status(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<StatusCode> for AuthError {
    fn from(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            other => Self::Status(other),
        }
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}

impl<F, R, I, E> Authenticate for F
where
    F: Fn(Parts) -> R + Send + Sync + 'static,
    R: Future<Output = Result<I, E>> + Send + 'static,
    I: Send + Sync + 'static,
    E: Into<AuthError>,
{
    type Identity = I;

    fn authenticate<'a>(&'a self, head: &'a Parts) -> Authenticating<'a, I> {
        Box::pin(self(head.clone()).map(|who| who.map_err(Into::into)))
    }
}

/// Returns who sends a request. Fails if the application's code refuses, panics or takes too long for this setting, with
/// the time that it waits for a place in `room`.
pub(crate) async fn identify<A: Authenticate + ?Sized>(
    auth: &A,
    head: &Parts,
    (setting, limit): (&str, Duration),
    room: Option<&Semaphore>,
) -> Result<A::Identity, AuthError> {
    let who = async {
        let _place = match room {
            // It is never closed.
            Some(room) => room.acquire().await.ok(),
            None => None,
        };
        auth.authenticate(head).await
    };
    let who = AssertUnwindSafe(who).catch_unwind();
    let why = match timeout(limit, who).await {
        Ok(Ok(who)) => return who,
        Ok(Err(_)) => "`Authenticate` has panicked".to_owned(),
        Err(_) => format!("`Authenticate` took longer than `Routes::{setting}`"),
    };
    if NOT_KNOWN.allows() {
        tracing::error!(why, "who sends a request could not be checked");
    }
    Err(AuthError::Unavailable)
}

/// The settings of what says who begins a session.
#[derive(Clone)]
pub(crate) struct Settings {
    auth: Option<Arc<dyn Identify>>,
    timeout: Duration,
    limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { auth: None, timeout: Duration::from_secs(10), limit: 64 }
    }
}

impl Settings {
    pub(crate) fn has_auth(&self) -> bool {
        self.auth.is_some()
    }

    /// Warns of each identity that nodes take and that this does not say, since a handler that takes it fails.
    pub(crate) fn warn_of_missing(&self, sessions: &Sessions) {
        let said = self.auth.as_ref().map(|auth| auth.identity());
        for &(taken, name) in sessions.taken_identities() {
            match said {
                Some((said, _)) if said == taken => {}
                Some((_, said)) => tracing::warn!(
                    "nodes take an `Identity<{name}>`, and `Routes::authenticate` says that clients are a `{said}`"
                ),
                None => tracing::warn!(
                    "nodes take an `Identity<{name}>`, and nothing says who clients are: add `.authenticate(...)` to \
                     `Routes`"
                ),
            }
        }
    }

    /// The settings that are zero and must not be.
    pub(crate) fn zeros(&self) -> Vec<ZeroSetting> {
        ZeroSetting::find(&[("authenticate_limit", self.limit)], &[("authenticate_timeout", self.timeout)])
    }
}

/// Says who begins a session.
pub(crate) struct Identities {
    settings: Settings,
    room: Semaphore,
}

impl From<Settings> for Identities {
    fn from(settings: Settings) -> Self {
        let room = Semaphore::new(settings.limit.min(Semaphore::MAX_PERMITS));
        Self { settings, room }
    }
}

impl Identities {
    /// Returns who sends this request, if the application says that.
    pub(crate) async fn of(&self, head: &Parts) -> Result<Option<AnyIdentity>, AuthError> {
        match &self.settings.auth {
            Some(auth) => auth.identify(head, self.settings.timeout, &self.room).await.map(Some),
            None => Ok(None),
        }
    }
}

/// An [`Authenticate`] whose identity is of any type.
trait Identify: Send + Sync {
    /// The type of the identity, and its name.
    fn identity(&self) -> (TypeId, &'static str);

    fn identify<'a>(
        &'a self,
        head: &'a Parts,
        limit: Duration,
        room: &'a Semaphore,
    ) -> Authenticating<'a, AnyIdentity>;
}

impl<A: Authenticate> Identify for A {
    fn identity(&self) -> (TypeId, &'static str) {
        (TypeId::of::<A::Identity>(), type_name::<A::Identity>())
    }

    fn identify<'a>(
        &'a self,
        head: &'a Parts,
        limit: Duration,
        room: &'a Semaphore,
    ) -> Authenticating<'a, AnyIdentity> {
        let who = identify(self, head, ("authenticate_timeout", limit), Some(room));
        Box::pin(who.map(|who| who.map(AnyIdentity::new)))
    }
}

/// Who begins a session.
impl Routes {
    /// Finds out who begins a session, before it begins. Without it, nobody is asked. If it fails, the client is answered
    /// with the status, and no session begins.
    ///
    /// Handlers and factories of nodes take what it returns as an [`Identity`](atoms_agent::Identity), and
    /// [`actor_ids`](atoms_agent::SessionsBuilder::actor_ids) sees it. The log warns at the start if nodes take another type. If it is a `Principal`, it is the one in whose name
    /// tools are called in the session, and for whom its turns run, as at the doors to questions and to control.
    ///
    /// ```
    /// use atoms::server::{Parts, Routes, StatusCode};
    ///
    /// struct Customer {
    ///     id: String,
    /// }
    ///
    /// # async fn customer_of(_: &str) -> Option<Customer> { None }
    /// let routes = Routes::new().authenticate(async |head: Parts| -> Result<Customer, StatusCode> {
    ///     let token = head.headers.get("authorization").and_then(|token| token.to_str().ok());
    ///     let token = token.and_then(|token| token.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    ///     customer_of(token).await.ok_or(StatusCode::FORBIDDEN)
    /// });
    /// # let _ = routes;
    /// ```
    ///
    /// A [`token`](Self::token) is asked for as well, if there is one, and pages of other origins are refused before this
    /// is asked. A page in a browser cannot send an `Authorization` header: it sends cookies, or its token as
    /// [`token_from`](Self::token_from) says.
    pub fn authenticate(mut self, auth: impl Authenticate) -> Self {
        self.identities.auth = Some(Arc::new(auth));
        self
    }

    /// Sets how long [`authenticate`](Self::authenticate) may take, and wait for its turn: 10 seconds by default. Then the
    /// client is answered with 503. The server does not start with zero.
    pub fn authenticate_timeout(mut self, timeout: Duration) -> Self {
        self.identities.timeout = timeout;
        self
    }

    /// Sets for how many clients [`authenticate`](Self::authenticate) runs at once: 64 by default. Further ones wait for
    /// their turn. The server does not start with zero.
    pub fn authenticate_limit(mut self, clients: usize) -> Self {
        self.identities.limit = clients;
        self
    }
}
