//! What a bus is made of.

mod configure;
mod start;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::extensions::Extension;
use crate::catalog::{Entry, EntryInfo};
use crate::engine::emit_layer::{EmitLayer, StandsAroundEmits};
use crate::engine::extensions::Extensions;
use crate::engine::layer::{Layer, Stands};
use crate::engine::limits::Limits;
use crate::engine::received::ReceiveWindow;
use crate::engine::runner::Runner;
use crate::event::{Carried, CarriedType, Event, EventType, InheritedKeys, Restore};
use crate::handler::{Handler, HandlerInfo, HandlerOptions, Shared, States};
use crate::layers::intercept::{Intercepting, Interceptor};
use crate::letters::LetterStore;
use crate::queue::Backlog;
use crate::wire::{Codec, JsonCodec};

/// The longest chain of events that a [`BusBuilder::hop_limit`] may allow.
const MAX_HOPS: u32 = 1_024;

/// A mebibyte.
const MIB: usize = 1024 * 1024;

/// Makes a [`Bus`](crate::Bus).
///
/// ```
/// use atoms::{Bus, event, handler};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated;
///
/// #[handler]
/// fn confirm(_: &OrderCreated) {}
///
/// let bus = Bus::builder().without_discovery().handler::<confirm>().hop_limit(8).start()?;
/// assert_eq!(bus.registry().handlers().len(), 1);
/// # Ok::<(), atoms::StartError>(())
/// ```
pub struct BusBuilder {
    discovery: bool,
    events: Vec<&'static EventType>,
    handlers: Vec<&'static HandlerInfo>,
    entries: Vec<EntryInfo>,
    /// Options that differ from those of the attributes.
    configured: Vec<(&'static HandlerInfo, HandlerOptions)>,
    left_out: Vec<&'static HandlerInfo>,
    /// The modules whose handlers are left out unless they are named.
    left_out_modules: Vec<&'static str>,
    /// What answers requests in place of their handlers.
    pub(super) stand_ins: Vec<(&'static HandlerInfo, Runner)>,
    states: States,
    codec: Box<dyn Codec>,
    hop_limit: u32,
    inherited: InheritedKeys,
    follow_up_limits: Limits,
    stream_limits: Limits,
    frame_limit: usize,
    layers: Vec<Arc<dyn Stands>>,
    emit_layers: Vec<Arc<dyn StandsAroundEmits>>,
    extensions: Extensions,
    dead_letter_capacity: usize,
    dead_letter_bytes: usize,
    letter_store: Option<Arc<dyn LetterStore>>,
    backlog: Option<Arc<dyn Backlog>>,
    restores: HashMap<&'static str, Restore>,
    queue_capacity: usize,
    queue_bytes: usize,
    detached_limit: usize,
    receive_once: Option<ReceiveWindow>,
}

impl BusBuilder {
    pub(super) fn new() -> Self {
        Self {
            discovery: true,
            events: Vec::new(),
            handlers: Vec::new(),
            entries: Vec::new(),
            configured: Vec::new(),
            left_out: Vec::new(),
            left_out_modules: Vec::new(),
            stand_ins: Vec::new(),
            states: States::default(),
            codec: Box::new(JsonCodec),
            hop_limit: 64,
            inherited: InheritedKeys::NONE,
            follow_up_limits: Limits { events: 65_536, bytes: 64 * 1024 * 1024 },
            stream_limits: Limits { events: 1_024, bytes: 16 * 1024 * 1024 },
            frame_limit: 16 * 1024 * 1024,
            layers: Vec::new(),
            emit_layers: Vec::new(),
            extensions: Extensions::default(),
            dead_letter_capacity: 1_024,
            dead_letter_bytes: 64 * MIB,
            letter_store: None,
            backlog: None,
            restores: HashMap::new(),
            queue_capacity: 1_024,
            queue_bytes: 64 * MIB,
            detached_limit: 1_024,
            receive_once: None,
        }
    }

    /// Takes only the handlers, events and entries that are named here, not all that are linked.
    #[must_use]
    pub fn without_discovery(mut self) -> Self {
        self.discovery = false;
        self
    }

    /// Adds a handler, and its events. One that is discovered as well runs once.
    #[must_use]
    pub fn handler<H: Handler>(mut self) -> Self {
        self.handlers.push(H::info());
        self
    }

    /// Adds an event that can be decoded. Adding one that is discovered anyway changes nothing.
    #[must_use]
    pub fn event<E: Event>(mut self) -> Self {
        self.events.push(E::event_type());
        self
    }

    /// Adds an [`Entry`] of any kind. Adding one that is discovered anyway changes nothing.
    #[must_use]
    pub fn entry<T: Entry>(mut self, entry: &'static T) -> Self {
        self.entries.push(EntryInfo::of(entry));
        self
    }

    /// Adds a value that handlers take as [`State<T>`](crate::State). A second one of the type replaces the first; of that,
    /// and of a state that nothing takes, the bus [warns](crate::Bus::start_warnings) when it starts.
    #[must_use]
    pub fn state<T: Shared>(self, state: T) -> Self {
        self.shared_state(Arc::new(state))
    }

    /// As [`state`](Self::state), for a value that is shared already.
    #[must_use]
    pub fn shared_state<T: Shared>(mut self, state: Arc<T>) -> Self {
        self.states.insert(state);
        self
    }

    /// Sets the codec that reads and writes frames: [`JsonCodec`] by default.
    #[must_use]
    pub fn codec(mut self, codec: impl Codec) -> Self {
        self.codec = Box::new(codec);
        self
    }

    /// Lets events inherit these keys of the metadata from the event that they follow from, beside its `correlation_id`
    /// and `session_id`: those that a handler returns, emits, posts or asks, also when they are delivered again, or come
    /// from a store. Called again, it adds further keys.
    ///
    /// Any JSON value is inherited; the limits in bytes count it in each event. A value that an event has itself stays.
    /// What an [`Interceptor`](crate::Interceptor) or an [`EmitLayer`] gets has the inherited values already, with the
    /// [`causation_id`](crate::Metadata::causation_id).
    ///
    /// A frame that is [received](crate::Bus::receive) says its own values, which are inherited like others: where its
    /// sender is not trusted, set or remove them in an [`EmitLayer`]. Events between the nodes of a session follow from no
    /// event of the bus, and inherit none of these keys.
    ///
    /// ```
    /// use atoms::{Bus, Context, Envelope, Metadata, event, handler};
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
    /// fn bill(_: &OrderConfirmed, context: Context) {
    ///     assert_eq!(context.metadata().get("tenant").unwrap(), "t-1");
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = Bus::builder().without_discovery().handler::<confirm>().handler::<bill>();
    /// let bus = builder.inherit(["tenant"]).start()?;
    /// let order = Envelope::new(OrderCreated).with_metadata(Metadata::from_iter([("tenant", "t-1")]));
    /// bus.emit(order).await.into_result()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn inherit(mut self, keys: impl IntoIterator<Item: Into<String>>) -> Self {
        self.inherited = self.inherited.with(keys);
        self
    }

    /// Sets how many events may follow from each other in one chain before the chain is stopped as a loop: 64 by
    /// default, 1,024 at most.
    ///
    /// Emits that handlers make on the bus and await are nested on the stack. So at most 64 of them may await each
    /// other, whatever this limit is. On a bus with layers it is 128 divided by one more than the number of layers
    /// around an emit and its handler, and at most 64.
    #[must_use]
    pub fn hop_limit(mut self, hops: u32) -> Self {
        self.hop_limit = hops.min(MAX_HOPS);
        self
    }

    /// Sets how many unfinished events may follow from one root event, directly or not: 65,536 by default. With zero,
    /// the bus does not start.
    ///
    /// A handler that awaits its [`Emitter`](crate::Emitter) waits as soon as a sixty-fourth of the limit is reached.
    /// Events emitted beyond the limit are lost, and the receipt says so.
    #[must_use]
    pub fn follow_up_capacity(mut self, events: usize) -> Self {
        self.follow_up_limits.events = events;
        self
    }

    /// Sets the same limit in bytes of memory, as [`AnyEvent::size`](crate::AnyEvent::size) counts them: 64 MiB by
    /// default. With zero, the bus does not start. Once the limit is reached, no further event is taken.
    #[must_use]
    pub fn follow_up_bytes(mut self, bytes: usize) -> Self {
        self.follow_up_limits.bytes = bytes;
        self
    }

    /// Sets how many unread events a [stream](crate::Bus::stream) keeps: 1,024 by default. Beyond that the oldest are
    /// lost, and the stream yields a [`Lagged`](crate::Lagged) with their number. With zero, the bus does not start.
    #[must_use]
    pub fn stream_capacity(mut self, events: usize) -> Self {
        self.stream_limits.events = events;
        self
    }

    /// Sets the same limit in bytes of memory, as [`AnyEvent::size`](crate::AnyEvent::size) counts them: 16 MiB by
    /// default. With zero, the bus does not start. An event that is larger is kept alone.
    #[must_use]
    pub fn stream_bytes(mut self, bytes: usize) -> Self {
        self.stream_limits.bytes = bytes;
        self
    }

    /// Sets the size of the largest frame that is read, in bytes: 16 MiB by default. With zero, the bus does not start.
    #[must_use]
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.frame_limit = bytes;
        self
    }

    /// Delivers each event once that [`receive`](crate::Bus::receive) gets more than once, such as from a broker that sends
    /// again what was not confirmed in time: the bus remembers the ids of as many events as the window says.
    ///
    /// A second event with an id is not delivered, and its receipt has a [`Duplicate`](crate::Duplicate). If the first one
    /// is [handled](crate::Duplicate::Handled), the receipt is ok: confirm it to the broker. While the first one is [under
    /// way](crate::Duplicate::UnderWay), the receipt is not ok, and its `into_result` fails: its handlers may fail, or the
    /// process may end, and then the broker must have something to send again. If a handler of the first one fails, or the
    /// future that receives it is dropped, its id is forgotten, and the next one is delivered to all handlers. A frame
    /// without an `id` is always delivered.
    ///
    /// The ids are in memory, and end with the bus. What a store is to remember is posted, as
    /// `bus.post_any(bus.decode(&frame)?)`: an event whose id is in the [backlog](Self::backlog) is not stored again until
    /// its handlers are done, and a handler in a transaction of the store of `atoms::store` is done with an id once and
    /// for all.
    ///
    /// ```
    /// use atoms::{Bus, Duplicate, ReceiveWindow, event, handler};
    ///
    /// #[event(type = "shop.order.paid")]
    /// struct OrderPaid;
    ///
    /// #[handler]
    /// fn ship(_: &OrderPaid) {}
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().receive_once(ReceiveWindow::new().ids(10_000)).start()?;
    /// let frame = br#"{"type":"shop.order.paid","id":"payment-7"}"#;
    /// assert_eq!(bus.receive(frame).await?.deliveries().count(), 1);
    /// let again = bus.receive(frame).await?;
    /// assert_eq!((again.duplicate(), again.deliveries().count()), (Some(Duplicate::Handled), 0));
    /// again.into_result()?; // confirm it to the broker; this fails while the first one is being handled
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn receive_once(mut self, window: ReceiveWindow) -> Self {
        self.receive_once = Some(window);
        self
    }

    /// Adds a [`Layer`] around deliveries, inside of those that were added before.
    #[must_use]
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Adds an [`EmitLayer`] around emits, inside of those that were added before.
    #[must_use]
    pub fn emit_layer(mut self, layer: impl EmitLayer) -> Self {
        self.emit_layers.push(Arc::new(layer));
        self
    }

    /// Adds an [`Interceptor`], which is a layer around deliveries, and one around emits.
    #[must_use]
    pub fn interceptor(self, interceptor: impl Interceptor) -> Self {
        let intercepting = Intercepting::new(interceptor);
        self.layer(intercepting.clone()).emit_layer(intercepting)
    }

    /// Adds an [`Extension`], and what it [installs](Extension::install). A bus with two of one type does not start.
    #[must_use]
    pub fn extension<T: Extension>(mut self, extension: T) -> Self {
        let extension = Arc::new(extension);
        self.extensions.add(Arc::clone(&extension));
        extension.install(self)
    }

    /// Sets how many [dead letters](crate::Bus::dead_letters) are kept: 1,024 by default. With zero, the bus does not
    /// start.
    #[must_use]
    pub fn dead_letter_capacity(mut self, letters: usize) -> Self {
        self.dead_letter_capacity = letters;
        self
    }

    /// Sets how many bytes of memory all [dead letters](crate::Bus::dead_letters) together may take: 64 MiB by default.
    /// A larger letter is kept alone. With zero, the bus does not start.
    #[must_use]
    pub fn dead_letter_bytes(mut self, bytes: usize) -> Self {
        self.dead_letter_bytes = bytes;
        self
    }

    /// Keeps the [dead letters](crate::Bus::dead_letters) in this store instead of in memory. The store decides how
    /// many it keeps: [`dead_letter_capacity`](Self::dead_letter_capacity) and
    /// [`dead_letter_bytes`](Self::dead_letter_bytes) apply only to those in memory.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use atoms::{Bus, MemoryLetters, event, handler};
    ///
    /// #[event(type = "shop.order.created")]
    /// struct OrderCreated;
    ///
    /// #[handler]
    /// fn bill(_: &OrderCreated) -> Result<(), &'static str> {
    ///     Err("out of paper")
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let letters = Arc::new(MemoryLetters::default());
    /// let start = || Bus::builder().without_discovery().handler::<bill>().letter_store(letters.clone()).start();
    /// assert!(!start()?.emit(OrderCreated).await.is_ok());
    /// assert_eq!(start()?.dead_letters().len().await?, 1); // another bus, and the same letters
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn letter_store(mut self, store: Arc<dyn LetterStore>) -> Self {
        self.letter_store = Some(store);
        self
    }

    /// Keeps [posted](crate::Bus::post) events in this backlog instead of in the queue in memory. The backlog decides
    /// how many it keeps: [`queue_capacity`](Self::queue_capacity) and [`queue_bytes`](Self::queue_bytes) apply only to
    /// the queue.
    ///
    /// Events that the backlog already holds are delivered, too. A `detached` handler counts as done when it has been
    /// started. An event whose handler is not on this bus any more becomes a dead letter. A shutdown waits for the
    /// handlers that run, and leaves the other events in the backlog. The runtimes in which events are delivered must
    /// have time enabled.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use atoms::{Backlog, Bus, MemoryBacklog, event, handler};
    ///
    /// #[event(type = "shop.order.created")]
    /// struct OrderCreated;
    ///
    /// #[handler(id = "billing.bill")]
    /// fn bill(_: &OrderCreated) {
    ///     println!("billed");
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let backlog = Arc::new(MemoryBacklog::default());
    /// let start = || Bus::builder().without_discovery().handler::<bill>().backlog(backlog.clone()).start();
    ///
    /// let first = start()?;
    /// first.post(OrderCreated).after(Duration::from_millis(1)).await?;
    /// first.shutdown(Duration::from_secs(10)).await?;
    /// assert_eq!(backlog.count().await?, 1);
    ///
    /// let second = start()?; // goes on with what the first one has left
    /// while backlog.count().await? > 0 {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    /// }
    /// # second.shutdown(Duration::from_secs(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn backlog(mut self, backlog: Arc<dyn Backlog>) -> Self {
        self.backlog = Some(backlog);
        self
    }

    /// Restores values of this type with the stored events that [carry](Carried) them. On a bus with a
    /// [`backlog`](Self::backlog), an event cannot be posted if it carries a value that stored events keep and whose
    /// type is not named here.
    #[must_use]
    pub fn carries<T: Carried>(mut self) -> Self {
        self.restores.extend(CarriedType::of::<T>().stored());
        self
    }

    /// Sets how many [posted](crate::Bus::post), unfinished events each priority may hold: 1,024 by default. Events
    /// that are due later have a limit of the same size. With zero, the bus does not start.
    #[must_use]
    pub fn queue_capacity(mut self, events: usize) -> Self {
        self.queue_capacity = events;
        self
    }

    /// Sets how many bytes of [posted](crate::Bus::post), unfinished events each priority may hold: 64 MiB by default.
    /// A larger event is taken alone, when nothing else is there.
    ///
    /// [`AnyEvent::size`](crate::AnyEvent::size) counts the bytes. Events that are due later have a limit of the same
    /// size, and so do events that handlers post while there is no room. With zero, the bus does not start.
    #[must_use]
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Sets how many `detached` handlers, and other [detached tasks](crate::Bus::spawn_detached), may run at once: 1,024 by
    /// default. With zero, the bus does not start.
    #[must_use]
    pub fn detached_limit(mut self, handlers: usize) -> Self {
        self.detached_limit = handlers;
        self
    }
}

impl fmt::Debug for BusBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusBuilder")
            .field("discovery", &self.discovery)
            .field("events", &self.events)
            .field("handlers", &self.handlers)
            .field("entries", &self.entries)
            .field("configured", &self.configured)
            .field("left_out", &self.left_out)
            .field("left_out_modules", &self.left_out_modules)
            .field("stand_ins", &self.stand_ins)
            .field("states", &self.states)
            .field("codec", &self.codec)
            .field("hop_limit", &self.hop_limit)
            .field("frame_limit", &self.frame_limit)
            .field("layers", &self.layers.iter().map(|layer| layer.name()).collect::<Vec<_>>())
            .field("emit_layers", &self.emit_layers.iter().map(|layer| layer.name()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
