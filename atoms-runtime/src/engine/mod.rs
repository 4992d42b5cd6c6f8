//! The engine: takes events to their handlers, and keeps account of what becomes of them.

pub(crate) mod calls;
pub(crate) mod deliver;
pub(crate) mod emission;
mod emit_error;
pub(crate) mod emit_layer;
pub(crate) mod extensions;
pub(crate) mod first_poll;
pub(crate) mod follow_ups;
pub(crate) mod handled;
mod held;
pub(crate) mod layer;
pub(crate) mod limits;
pub(crate) mod outlet;
pub(crate) mod parent;
pub(crate) mod post_check;
pub(crate) mod posts;
pub(crate) mod receipt;
pub(crate) mod received;
mod root;
pub(crate) mod route;
pub(crate) mod runner;
pub(crate) mod scope;
pub(crate) mod step;
pub(crate) mod subscribers;
pub(crate) mod table;
pub(crate) mod tasks;
pub(crate) mod trace;
pub(crate) mod under_way;
pub(crate) mod unfinished;
pub(crate) mod untaken;
pub(crate) mod worklist;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

pub use emit_error::{EmitError, Failure};
pub use emit_layer::{EmitLayer, NextEmit};
pub use handled::{Handled, NotHandled};
pub use layer::{Around, HandlerCall, Layer, Next, SyncLayer, SyncNext};
pub use post_check::{PostCheck, PostLayer};
pub use receipt::{Duplicate, LostEvents, Receipt};
pub use received::ReceiveWindow;
pub use route::{Route, Routed};
pub use runner::{NotDone, Outcome};
pub use subscribers::Subscription;
pub use unfinished::Unfinished;

use self::emit_layer::StandsAroundEmits;
use self::extensions::Extensions;
use self::handled::Waiters;
use self::layer::Stands;
use self::limits::Limits;
use self::post_check::PostMark;
use self::posts::Posts;
use self::received::ReceivedIds;
use self::subscribers::Subscribers;
use self::table::Tables;
use self::tasks::Tasks;
use self::under_way::UnderWay;
use self::unfinished::InFlight;
use self::untaken::Untaken;
use crate::catalog::{Registry, StartWarning};
use crate::event::{InheritedKeys, Restore};
use crate::handler::States;
use crate::letters::Letters;
use crate::store::{Frames, StoredEvents};
use crate::wire::Codec;

/// Runs the handlers of the events that are emitted on it.
///
/// A bus is an explicit value, and cheap to clone: all clones are the same bus. Two buses in one
/// program share nothing but the registry.
///
/// ```
/// use std::time::Duration;
/// use atoms::{Bus, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
///
/// #[handler]
/// fn confirm(order: &OrderCreated) {
///     println!("confirmed {}", order.order_id);
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::start()?;
/// bus.emit(OrderCreated { order_id: "o-1".into() }).await.into_result()?;
/// bus.receive(br#"{"type":"shop.order.created","order_id":"o-2"}"#).await?.into_result()?;
/// bus.shutdown(Duration::from_secs(10)).await?;
/// # Ok(())
/// # }
/// ```
///
/// What goes on is told by [`queue_depths`](Bus::queue_depths), by [`dead_letters`](Bus::dead_letters), and by what
/// `atoms::control` adds (feature `control`): on a bus with `.counted()`, `bus.activity()` returns the counts, failures and
/// latencies of each handler and each type of events, and `bus.stats()` these and all that is open.
#[derive(Clone)]
pub struct Bus(pub(crate) Arc<Engine>);

/// What all clones of a bus share.
pub(crate) struct Engine {
    pub(crate) tables: Tables,
    pub(crate) subscribers: Subscribers,
    pub(crate) registry: Registry,
    pub(crate) states: States,
    pub(crate) codec: Box<dyn Codec>,
    pub(crate) hop_limit: u32,
    pub(crate) nested_limit: u32,
    pub(crate) follow_up_limits: Limits,
    pub(crate) stream_limits: Limits,
    pub(crate) frame_limit: usize,
    pub(crate) closed: AtomicBool,
    pub(crate) in_flight: InFlight,
    pub(crate) under_way: Arc<UnderWay>,
    pub(crate) tasks: Tasks,
    pub(crate) dead_letters: Arc<Letters>,
    pub(crate) untaken: Untaken,
    pub(crate) warnings: OnceLock<Vec<StartWarning>>,
    /// What stands around the handlers that something else than the bus calls; around its own, the tables have it.
    pub(crate) layers: Box<[Arc<dyn Stands>]>,
    pub(crate) emit_layers: Box<[Arc<dyn StandsAroundEmits>]>,
    /// If one of them looks at what is posted.
    pub(crate) post_mark: Option<PostMark>,
    /// Who waits for the receipts of posted events.
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) extensions: Extensions,
    pub(crate) queue: <Self as Posts>::Queue,
    /// What is posted, if not in the queue.
    pub(crate) stored: Option<<Self as Posts>::Stored>,
    /// How the values that events carry are brought back with them, by the names under which they are stored.
    pub(crate) restores: HashMap<&'static str, Restore>,
    /// The keys of the metadata that events inherit.
    pub(crate) inherited: InheritedKeys,
    /// If each event is received once.
    pub(crate) received: Option<ReceivedIds>,
}

impl Engine {
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

impl Engine {
    /// What a store writes the events of this bus with.
    pub(crate) fn stored_events(self: &Arc<Self>) -> StoredEvents {
        let engine = Arc::downgrade(self);
        StoredEvents::of(engine)
    }
}

impl Frames for Engine {
    fn codec(&self) -> &dyn Codec {
        &*self.codec
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn restores(&self) -> &HashMap<&'static str, Restore> {
        &self.restores
    }
}

impl From<Arc<Engine>> for Bus {
    fn from(shared: Arc<Engine>) -> Self {
        Self(shared)
    }
}
