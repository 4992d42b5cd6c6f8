//! Values that an event carries in this process.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AnyEvent, Cancellation};

/// A value that an event carries beside its metadata, and that all events which follow from it carry, too.
///
/// It tells something about a chain of events that only this process may tell, such as for whom the events run, or
/// which piece of work they belong to. It is never written to the wire and never read from a frame. An event carries at
/// most one value of each type: [`Envelope::carry`](crate::Envelope::carry) sets it, and a value that an event has
/// itself wins over one that it would inherit.
///
/// ```
/// use atoms::{Bus, Carried, Delivery, Envelope, ExtractError, FromDelivery, PrepareError, StartContext};
/// use atoms::{Stored, event, handler};
///
/// /// For whom a chain of events runs.
/// #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// struct Principal(String);
///
/// impl Carried for Principal {
///     // A posted event that is kept in a store keeps it as well.
///     const STORED: Option<Stored<Self>> = Some(Stored::json("shop.principal"));
/// }
///
/// impl FromDelivery for Principal {
///     type Prepared = ();
///
///     fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
///         Ok(())
///     }
///
///     fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
///         delivery.carried().cloned().ok_or_else(|| ExtractError::missing("the event runs for nobody"))
///     }
/// }
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[event(type = "shop.order.confirmed")]
/// struct OrderConfirmed;
///
/// #[handler]
/// fn confirm(_: &OrderCreated) -> OrderConfirmed {
///     OrderConfirmed
/// }
///
/// #[handler]
/// fn bill(_: &OrderConfirmed, principal: Principal) {
///     println!("billed to {}", principal.0);
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<confirm>().handler::<bill>().start()?;
/// bus.emit(Envelope::new(OrderCreated).carry(Principal("ada".into()))).await.into_result()?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "an event cannot carry a `{Self}`",
    label = "does not implement `Carried`",
    note = "implement `atoms::Carried` for a type of your own, and say in `STORED` whether a stored event keeps it"
)]
pub trait Carried: Any + Send + Sync + Sized {
    /// How a stored event keeps the value; `None` if the value ends with the process.
    const STORED: Option<Stored<Self>>;
}

/// The session that the events of a conversation belong to: what follows from an event that carries this has the session's id
/// in its metadata, and not one that the event itself has there.
///
/// ```
/// use atoms::{Bus, Context, Envelope, InSession, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[event(type = "shop.order.confirmed")]
/// struct OrderConfirmed;
///
/// #[handler]
/// fn confirm(_: &OrderCreated) -> OrderConfirmed {
///     OrderConfirmed
/// }
///
/// #[handler]
/// fn note(_: &OrderConfirmed, context: Context) {
///     assert_eq!(context.metadata().session_id(), Some("s-1"));
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().handler::<confirm>().handler::<note>().start()?;
/// bus.emit(Envelope::new(OrderCreated).carry(InSession::new("s-1"))).await.into_result()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct InSession {
    id: Arc<str>,
    ending: Option<Cancellation>,
}

impl InSession {
    /// The session with this id.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into(), ending: None }
    }

    /// Adds a token that is cancelled when the session ends, and then waits for what is done for the event. Who waits for
    /// something that may never come, such as the answer of a person, stops then.
    ///
    /// Posted events do not have it, since the session does not wait for them.
    #[must_use]
    pub fn ending(mut self, token: Cancellation) -> Self {
        self.ending = Some(token);
        self
    }

    /// Returns the id of the session.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Waits until the session ends, if it waits for what is done here. Cancel-safe.
    pub async fn ends(&self) {
        match &self.ending {
            Some(token) => token.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// The session as an event carries it for which the session does not wait, if this one differs.
    pub(crate) fn unattended(&self) -> Option<Self> {
        self.ending.is_some().then(|| Self { id: Arc::clone(&self.id), ending: None })
    }
}

/// Two are equal if they have one id.
impl PartialEq for InSession {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for InSession {}

impl Carried for InSession {
    // What is stored has the id in its metadata.
    const STORED: Option<Stored<Self>> = None;
}

/// How a stored event keeps a value that it [carries](Carried).
pub struct Stored<T> {
    name: &'static str,
    write: fn(&T) -> serde_json::Result<String>,
    read: fn(&str) -> serde_json::Result<T>,
}

impl<T: Serialize + DeserializeOwned> Stored<T> {
    /// Keeps the value as JSON, under a name that stays the same from one version of the program to the next.
    pub const fn json(name: &'static str) -> Self {
        Self { name, write: |value| serde_json::to_string(value), read: |json| serde_json::from_str(json) }
    }
}

impl<T> Stored<T> {
    /// Returns the name under which a stored event keeps the value.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> fmt::Debug for Stored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stored").field(&self.name).finish()
    }
}

/// A type of the [values](Carried) that events carry, where several types are listed.
#[derive(Debug, Clone, Copy)]
pub struct CarriedType {
    name: Option<&'static str>,
    restore: Restore,
}

/// Brings a value back that was stored as this JSON.
pub(crate) type Restore = fn(AnyEvent, &str) -> serde_json::Result<AnyEvent>;

impl CarriedType {
    /// Describes this type.
    pub const fn of<T: Carried>() -> Self {
        let name = match &T::STORED {
            Some(stored) => Some(stored.name),
            None => None,
        };
        Self { name, restore: AnyEvent::restore::<T> }
    }

    /// The name under which stored events keep such values, if they do, and what brings one back.
    pub(crate) fn stored(self) -> Option<(&'static str, Restore)> {
        Some((self.name?, self.restore))
    }
}

/// The [values](Carried) that an event carries, one of each type. It is cheap to clone.
#[derive(Clone, Default)]
pub struct Carrying(Option<Arc<[Value]>>);

#[derive(Clone)]
struct Value {
    type_id: TypeId,
    value: Arc<dyn Any + Send + Sync>,
    stored: fn(&dyn Any) -> Option<StoredValue>,
}

/// A name, and the JSON of the value that is kept under it.
pub(crate) type StoredValue = (&'static str, serde_json::Result<String>);

impl Carrying {
    /// No values.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Returns whether there are no values.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the value of this type, if there is one.
    pub fn get<T: Carried>(&self) -> Option<&T> {
        let values = self.0.as_deref()?;
        let value = values.iter().find(|value| value.type_id == TypeId::of::<T>())?;
        value.value.downcast_ref()
    }

    /// What a stored event keeps of them.
    pub(crate) fn stored(&self) -> impl Iterator<Item = StoredValue> {
        self.0.iter().flat_map(|values| values.iter()).filter_map(|value| (value.stored)(&*value.value))
    }

    /// Returns these values and `value`, which replaces another one of its type.
    #[must_use]
    pub fn with<T: Carried>(&self, value: T) -> Self {
        let others = self.0.iter().flat_map(|values| values.iter().cloned());
        let others = others.filter(|other| other.type_id != TypeId::of::<T>());
        let own = Value { type_id: TypeId::of::<T>(), value: Arc::new(value), stored: stored::<T> };
        Self(Some(others.chain([own]).collect()))
    }

    /// Returns these values, and those of `others` whose types are not among these.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        match (&self.0, &others.0) {
            (_, None) => self.clone(),
            (None, Some(_)) => others.clone(),
            (Some(own), Some(others)) if Arc::ptr_eq(own, others) => self.clone(),
            (Some(own), Some(others)) => {
                let is_missing = |other: &&Value| !own.iter().any(|own| own.type_id == other.type_id);
                Self(Some(own.iter().chain(others.iter().filter(is_missing)).cloned().collect()))
            }
        }
    }
}

/// The value that is kept as this JSON; `None` if the type is not kept.
pub(crate) fn restored<T: Carried>(json: &str) -> Option<serde_json::Result<T>> {
    T::STORED.map(|stored| (stored.read)(json))
}

fn stored<T: Carried>(value: &dyn Any) -> Option<StoredValue> {
    let (stored, value) = (T::STORED?, value.downcast_ref::<T>()?);
    Some((stored.name, (stored.write)(value)))
}

impl PartialEq for Carrying {
    /// Two are equal if one is a clone of the other; the values are not compared.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        }
    }
}

impl Eq for Carrying {}

impl fmt::Debug for Carrying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.0.as_deref().map_or(0, <[Value]>::len))
    }
}
