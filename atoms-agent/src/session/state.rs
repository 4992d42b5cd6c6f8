//! Values that the nodes of a session share.

use std::any::{TypeId, type_name};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atoms_runtime::{Delivery, Event, ExtractError, FromDelivery, HandlerError, PrepareError, StartContext};
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::opening::Opening;
use super::{Session, SessionEnd, Sessions};
use crate::events::Init;
use crate::instance::AnyState;
use crate::instance::failure::{self, Why};
use crate::instance::outlet::NodeOutlet;
use crate::node::declared::Declared;

/// A value that all nodes of a session share: a parameter of their methods, and of handlers on the bus for events of the
/// session.
///
/// [`SessionsBuilder::session_state`](crate::SessionsBuilder::session_state) loads it before the nodes are made, and
/// [`save_session_state`](crate::SessionsBuilder::save_session_state) saves it when all of them have stopped. Sessions whose
/// nodes take a state that nobody loads do not start.
///
/// ```
/// use atoms::agent::events::{Speak, TranscriptUpdate};
/// use atoms::agent::{Opening, Session, SessionState, Sessions, graph, node};
/// use atoms::{Bus, HandlerError};
///
/// struct Basket {
///     items: Vec<String>,
/// }
///
/// #[derive(Default)]
/// struct Clerk;
///
/// #[node]
/// impl Clerk {
///     #[handler]
///     fn add(&mut self, said: &TranscriptUpdate, basket: SessionState<Basket>) -> Speak {
///         let mut basket = basket.lock();
///         basket.items.push(said.content.clone());
///         Speak { text: format!("That makes {}.", basket.items.len()) }
///     }
/// }
///
/// graph! {
///     struct Shop {
///         Clerk,
///     }
/// }
///
/// # async fn items_of(_: &str) -> Result<Vec<String>, HandlerError> { Ok(Vec::new()) }
/// # async fn keep(_: &str, _: Vec<String>) -> Result<(), HandlerError> { Ok(()) }
/// let sessions = Sessions::builder(Shop::graph())
///     .session_state(async |opening: Opening| -> Result<Basket, HandlerError> {
///         Ok(Basket { items: items_of(opening.id()).await? })
///     })
///     .save_session_state(async |session: Session, basket: SessionState<Basket>| {
///         let items = basket.lock().items.clone();
///         keep(session.id(), items).await
///     })
///     .start(&Bus::start()?)?;
/// # let _ = sessions;
/// # Ok::<(), HandlerError>(())
/// ```
pub struct SessionState<T>(Arc<Mutex<T>>);

impl<T> SessionState<T> {
    /// Locks the value until the guard is dropped, and returns it. Others wait meanwhile, with their threads: a guard is not
    /// kept while something is awaited, which does not compile in a handler.
    ///
    /// A node that panicked while it held the guard leaves the value as it was then.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> SessionState<T> {
    /// The one of this type among these.
    pub(crate) fn among(states: &[AnyState]) -> Option<Self> {
        states.iter().find_map(|state| Arc::clone(state).downcast().ok()).map(Self)
    }

    pub(crate) fn into_any(self) -> AnyState {
        self.0
    }
}

impl<T> From<T> for SessionState<T> {
    /// For calling a handler's function directly.
    fn from(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }
}

impl<T> Clone for SessionState<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for SessionState<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionState").field(&*self.0).finish()
    }
}

fn missing<T>() -> String {
    let name = type_name::<T>();
    format!(
        "the session has no state `{name}`: add `.session_state(...)` that loads one to `Sessions::builder(...)`"
    )
}

impl<T: Send + 'static> FromDelivery for SessionState<T> {
    type Prepared = ();

    /// On a bus, it is not known yet which sessions there will be.
    fn prepare(start: &StartContext<'_>) -> Result<(), PrepareError> {
        match start.offered::<Declared>() {
            Some(declared) if !declared.has_state::<T>() => Err(PrepareError::Missing(missing::<T>().into())),
            _ => Ok(()),
        }
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let state = match NodeOutlet::of(delivery) {
            Some(outlet) => Self::among(outlet.host.states()),
            None => Session::from_delivery(&(), delivery)?.state(),
        };
        state.ok_or_else(|| ExtractError::missing(missing::<T>()))
    }
}

impl Session {
    /// Returns the state of this type, which its nodes share, if it has one: see [`SessionState`].
    pub fn state<T: Send + 'static>(&self) -> Option<SessionState<T>> {
        SessionState::among(self.0.states.loaded())
    }
}

/// The states of one session.
#[derive(Default)]
pub(super) struct States {
    loaded: Vec<AnyState>,
    is_saved: AtomicBool,
}

impl States {
    pub(super) fn loaded(&self) -> &[AnyState] {
        &self.loaded
    }
}

type Loading = Pin<Box<dyn Future<Output = Result<AnyState, HandlerError>> + Send>>;
type Saving = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;

/// A state that sessions have: how it is loaded, and how it is saved.
#[derive(Clone)]
pub(super) struct Loader {
    type_id: TypeId,
    name: &'static str,
    load: Arc<dyn Fn(Opening) -> Loading + Send + Sync>,
    pub(super) save: Option<Arc<dyn Fn(Session) -> Option<Saving> + Send + Sync>>,
}

impl Loader {
    pub(super) fn new<T, F, R, E>(load: F) -> Self
    where
        T: Send + 'static,
        F: Fn(Opening) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<HandlerError>,
    {
        let load = move |opening| -> Loading {
            let loading = load(opening);
            Box::pin(async move {
                let loaded = loading.await.map_err(Into::into)?;
                Ok(Arc::new(Mutex::new(loaded)) as _)
            })
        };
        Self { type_id: TypeId::of::<T>(), name: type_name::<T>(), load: Arc::new(load), save: None }
    }

    pub(super) fn save<T, F, R, E>(save: F) -> Arc<dyn Fn(Session) -> Option<Saving> + Send + Sync>
    where
        T: Send + 'static,
        F: Fn(Session, SessionState<T>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<HandlerError>,
    {
        Arc::new(move |session| {
            let state = session.state::<T>()?;
            let saving = save(session, state);
            Some(Box::pin(async move { saving.await.map_err(Into::into) }))
        })
    }

    pub(super) fn is_of<T: 'static>(&self) -> bool {
        self.type_id == TypeId::of::<T>()
    }
}

/// The types of the states that sessions have.
pub(super) fn declared(loaders: &[Loader]) -> Declared {
    Declared::new(loaders.iter().map(|loader| loader.type_id).collect())
}

/// Runs a future of the application. Its failure is logged, and its words for the client are returned.
async fn guarded<T>(
    (session, what, state): (&str, &str, &str),
    limit: Duration,
    future: impl Future<Output = Result<T, HandlerError>>,
) -> Result<T, SessionEnd> {
    let why = match timeout(limit, AssertUnwindSafe(future).catch_unwind()).await {
        Ok(Ok(Ok(done))) => return Ok(done),
        Ok(Ok(Err(error))) => match error.downcast::<SessionEnd>() {
            Ok(refused) => return Err(*refused),
            Err(error) => Why::Error(format!("`{state}`: {error}").into()),
        },
        Ok(Err(panic)) => Why::panicked(panic),
        Err(_) => Why::Error(format!("`{state}` took longer than {limit:?}").into()),
    };
    let id = failure::log(Some(session), None, Init::TYPE, what, &why);
    Err(SessionEnd::Failed(failure::told(what, None, id)))
}

impl Sessions {
    /// Loads the states of a session, one after the other.
    pub(super) async fn load(&self, opening: &Opening) -> Result<States, SessionEnd> {
        let what = "the state of the session could not be loaded";
        let mut loaded = Vec::new();
        for loader in &self.0.options.states {
            let load = async { (loader.load)(opening.clone()).await };
            let load = guarded((opening.id(), what, loader.name), self.0.options.state_timeout, load);
            loaded.push(tokio::select! {
                biased;
                () = self.0.closing.cancelled() => return Err(SessionEnd::Shutdown),
                state = load => state?,
            });
        }
        Ok(States { loaded, is_saved: AtomicBool::new(false) })
    }

    /// Saves the states of a session when its nodes have ended, unless that was done. The task goes on if nobody awaits it, and
    /// counts as the connection until it is done.
    pub(super) fn save(
        &self,
        session: &Session,
        connected: &Connected,
        ended: impl Future<Output = ()> + Send + 'static,
    ) -> Option<JoinHandle<()>> {
        let is_saved = || session.0.states.is_saved.swap(true, Ordering::SeqCst);
        if self.0.options.states.iter().all(|loader| loader.save.is_none()) || is_saved() {
            return None;
        }
        let (sessions, session, connected) = (self.clone(), session.clone(), Arc::clone(connected));
        let unsaved = Unsaved(Some(session.clone()));
        let save = async move {
            ended.await;
            sessions.save_all(&session).await;
            unsaved.saved();
            drop(connected);
        };
        Some(Handle::try_current().ok()?.spawn(save))
    }

    async fn save_all(&self, session: &Session) {
        for loader in &self.0.options.states {
            let Some(save) = &loader.save else { continue };
            let save = async {
                match save(session.clone()) {
                    Some(saving) => saving.await,
                    None => Ok(()),
                }
            };
            let limit = self.0.options.state_timeout;
            let save = guarded((session.id(), NOT_SAVED, loader.name), limit, save);
            if self.within(limit.saturating_add(LATER), save).await.is_none() {
                let (session, state) = (session.id(), loader.name);
                tracing::error!(session, state, "{NOT_SAVED}, since the sessions were cut short");
            }
        }
    }
}

const NOT_SAVED: &str = "the state of the session could not be saved";

/// Tells the log that the states of a session were not saved, if this is dropped before they are.
struct Unsaved(Option<Session>);

impl Unsaved {
    fn saved(mut self) {
        self.0 = None;
    }
}

impl Drop for Unsaved {
    fn drop(&mut self) {
        if let Some(session) = &self.0 {
            tracing::error!(session = session.id(), "{NOT_SAVED}: its runtime has ended");
        }
    }
}

/// Counts a connection as open until all that share this have dropped it.
pub(super) type Connected = Arc<TaskTrackerToken>;

/// Its own time-out comes first.
const LATER: Duration = Duration::from_secs(1);
