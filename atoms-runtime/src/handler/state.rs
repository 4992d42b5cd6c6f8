//! Values that the handlers of a bus share.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::Delivery;
use super::parameters::{ExtractError, FromDelivery, PrepareError};

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
    note = "handlers run on several threads, so a state is `Send + Sync + 'static`: hold an `Arc`, and not an `Rc`, and a `Mutex`, and not a `RefCell` or a `Cell`"
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
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: Arc<T>) {
        self.0.insert(TypeId::of::<T>(), state);
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, MissingState> {
        let state = self.0.get(&TypeId::of::<T>()).cloned();
        state
            .and_then(|state| state.downcast().ok())
            .ok_or(MissingState { type_name: std::any::type_name::<T>() })
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("States").field(&self.0.len()).finish()
    }
}

/// A bus that starts, as [`FromDelivery::prepare`](FromDelivery::prepare) sees it.
#[derive(Debug)]
pub struct StartContext<'a> {
    states: &'a States,
}

impl<'a> StartContext<'a> {
    pub(crate) fn new(states: &'a States) -> Self {
        Self { states }
    }

    /// Returns the state of this type.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, MissingState> {
        self.states.get()
    }
}
