//! Who the client of a session is.

use std::any::{Any, type_name};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use atoms_runtime::{
    Carried, Carrying, Delivery, ExtractError, FromDelivery, PrepareError, StartContext, Stored,
};

use crate::node::declared::Declared;

/// Who the client of a session is, as the server has found out: a parameter of handlers and factories.
///
/// `T` is what `atoms::server::Routes::authenticate` returns, or what the program gives to
/// [`Sessions::run_as`](crate::Sessions::run_as). The events of the session carry it, and so do those that follow from
/// them on the bus. A handler that takes it fails if there is none, or one of another type; one that takes an
/// `Option<Identity<T>>` gets `None`.
///
/// What a client says of itself, for example in its `initial_variables`, is no identity: it may say anything.
///
/// ```
/// use atoms::agent::events::{Speak, UserJoined};
/// use atoms::agent::{Identity, node};
///
/// struct Customer {
///     name: String,
/// }
///
/// #[derive(Default)]
/// struct Greeter;
///
/// #[node]
/// impl Greeter {
///     #[handler]
///     fn greet(&mut self, _: &UserJoined, customer: Identity<Customer>) -> Speak {
///         Speak { text: format!("Hello, {}!", customer.name) }
///     }
/// }
/// ```
pub struct Identity<T>(Arc<T>);

impl<T> Identity<T> {
    /// Returns the shared value.
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T> From<T> for Identity<T> {
    /// For calling a handler's function directly.
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Clone for Identity<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Identity<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Identity<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&&*self.0).finish()
    }
}

impl<T: Send + Sync + 'static> FromDelivery for Identity<T> {
    type Prepared = ();

    fn prepare(start: &StartContext<'_>) -> Result<(), PrepareError> {
        if let Some(declared) = start.offered::<Declared>() {
            declared.takes_identity::<T>();
        }
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let Some(identity) = delivery.carried::<AnyIdentity>() else {
            return Err(ExtractError::missing(
                "it is not known who the client is: authenticate it with `Routes::authenticate`, or run the session with \
                 `Sessions::run_as`",
            ));
        };
        identity.shared().map(Self).ok_or_else(|| {
            let (wanted, found) = (type_name::<T>(), identity.type_name);
            ExtractError::missing(format!(
                "the identity of the client is a `{found}`, and not a `{wanted}`: take an `Identity<{found}>`"
            ))
        })
    }
}

/// An [`Identity`] of any type: see [`Sessions::run_as`](crate::Sessions::run_as).
///
/// Events carry it. It ends with the process: a posted event that is kept in a store has none.
#[derive(Clone)]
pub struct AnyIdentity {
    value: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
}

impl AnyIdentity {
    /// Creates the identity with this value.
    pub fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self { value: Arc::new(value), type_name: type_name::<T>() }
    }

    /// Returns the value, if it is of this type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.value.downcast_ref()
    }

    /// Adds it to what the events of a conversation carry.
    pub(crate) fn carried_by(&self, carrying: Carrying) -> Carrying {
        // Tools that are called in the session are called by its principal.
        #[cfg(feature = "control")]
        let carrying = match self.get::<atoms_control::Principal>() {
            Some(principal) => carrying.with(principal.clone()),
            None => carrying,
        };
        carrying.with(self.clone())
    }

    fn shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.value).downcast().ok()
    }
}

impl Carried for AnyIdentity {
    const STORED: Option<Stored<Self>> = None;
}

/// Shows the type only, since the value may hold secrets.
impl fmt::Debug for AnyIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyIdentity").field(&self.type_name).finish()
    }
}
