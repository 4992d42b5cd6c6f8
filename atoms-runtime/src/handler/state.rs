//! Values that the handlers of a bus share.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::parameters::{ExtractError, FromDelivery, PrepareError};
use super::{Delivery, HandlerInfo};

/// A value that the handlers of a bus share, given to it by
/// [`BusBuilder::state`](crate::BusBuilder::state).
///
/// ```
/// use atoms::{Bus, State, event, handler};
///
/// struct Greeting(&'static str);
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// fn greet(_: &OrderCreated, greeting: State<Greeting>) {
///     assert_eq!(greeting.0, "hello");
/// }
///
/// let bus = Bus::builder().state(Greeting("hello")).start()?;
/// # Ok::<(), atoms::StartError>(())
/// ```
pub struct State<T>(Arc<T>);

impl<T> State<T> {
    /// Returns the shared value.
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T> From<T> for State<T> {
    /// For calling a handler's function directly.
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&&*self.0).finish()
    }
}

/// What handlers may share: every type that is `Send + Sync + 'static`.
#[diagnostic::on_unimplemented(
    message = "a state cannot be of type `{Self}`",
    label = "cannot be shared between threads",
    note = "handlers run on several threads, so a state is `Send + Sync + 'static`: use an `Arc` instead of an `Rc`, and a `Mutex` instead of a `RefCell` or a `Cell`"
)]
pub trait Shared: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shared for T {}

impl<T: Shared> FromDelivery for State<T> {
    type Prepared = Arc<T>;

    fn prepare(start: &StartContext<'_>) -> Result<Arc<T>, PrepareError> {
        Ok(start.state::<T>()?)
    }

    fn from_delivery(state: &Arc<T>, _: &Delivery<'_>) -> Result<Self, ExtractError> {
        Ok(Self(Arc::clone(state)))
    }
}

/// The bus does not have a state of the requested type.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the bus has no state `{type_name}`: add `.state(...)` with a value of this type to `Bus::builder()`"
)]
pub struct MissingState {
    type_name: &'static str,
}

crate::text::debug_as_display!(MissingState);

impl MissingState {
    /// Returns the name of the requested type.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

/// The states of a bus, by their types.
#[derive(Default)]
pub(crate) struct States {
    by_type: HashMap<TypeId, Stated>,
    replaced: Vec<&'static str>,
}

struct Stated {
    type_name: &'static str,
    state: Arc<dyn Any + Send + Sync>,
    is_used: AtomicBool,
}

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: Arc<T>) {
        let type_name = type_name::<T>();
        let stated = Stated { type_name, state, is_used: false.into() };
        if self.by_type.insert(TypeId::of::<T>(), stated).is_some() && !self.replaced.contains(&type_name) {
            self.replaced.push(type_name);
        }
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, MissingState> {
        let stated = self.by_type.get(&TypeId::of::<T>());
        let state = stated.and_then(|stated| {
            stated.is_used.store(true, Ordering::Relaxed);
            Arc::clone(&stated.state).downcast().ok()
        });
        state.ok_or(MissingState { type_name: type_name::<T>() })
    }

    /// The types of which there were several.
    pub(crate) fn replaced(&self) -> &[&'static str] {
        &self.replaced
    }

    /// The types of those that nobody has taken yet.
    pub(crate) fn unused(&self) -> Vec<&'static str> {
        let unused = self.by_type.values().filter(|stated| !stated.is_used.load(Ordering::Relaxed));
        let mut names: Vec<_> = unused.map(|stated| stated.type_name).collect();
        names.sort_unstable();
        names
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("States").field(&self.by_type.len()).finish()
    }
}

/// A bus that starts, as [`FromDelivery::prepare`](FromDelivery::prepare) sees it.
#[derive(Debug)]
pub struct StartContext<'a> {
    states: &'a States,
    offered: Option<&'a (dyn Any + Send + Sync)>,
    handler: Option<&'a HandlerInfo>,
}

impl<'a> StartContext<'a> {
    pub(crate) fn new(states: &'a States) -> Self {
        Self { states, offered: None, handler: None }
    }

    /// For the parameters of this handler of the bus.
    pub(crate) fn of_handler(self, handler: &'a HandlerInfo) -> Self {
        Self { handler: Some(handler), ..self }
    }

    /// Returns the handler of the bus whose parameters are prepared. There is none for other code that calls handlers, such as
    /// nodes and tools.
    pub fn handler(&self) -> Option<&'a HandlerInfo> {
        self.handler
    }

    /// Adds what code that calls handlers itself offers to their parameters beside the states of the bus.
    #[must_use]
    pub fn offering(self, offered: &'a (dyn Any + Send + Sync)) -> Self {
        Self { offered: Some(offered), ..self }
    }

    /// Returns what the code that calls the handlers offers, if it is of this type. A bus offers nothing.
    pub fn offered<T: 'static>(&self) -> Option<&'a T> {
        self.offered?.downcast_ref()
    }

    /// Returns the state of this type.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, MissingState> {
        self.states.get()
    }
}
