//! The attribute and derive macros of [`atoms`](https://docs.rs/atoms-rs), which re-exports them.

mod agent;
mod common;
mod event;
mod event_set;
mod graph;
mod handler;
mod hook;
mod node;
mod tool;

use proc_macro::TokenStream;

/// Makes a struct an event: a plain struct with a type string, which is its name on the wire.
///
/// ```ignore
/// #[event(type = "shop.order.created", must_handle)]
/// pub struct OrderCreated {
///     pub order_id: String,
///     #[event(default = 1)]
///     pub count: u32,
///     #[event(sensitive)]
///     pub card: String,
/// }
/// ```
///
/// The struct has named fields or none, no generics and no lifetimes. Its fields are `Send + Sync`.
///
/// # Keys
///
/// | key | what it does |
/// | --- | --- |
/// | `type = "..."` | the type string, which every event has: segments of `[a-z][a-z0-9_]*` joined by dots, 128 bytes at most |
/// | `must_handle` | a program that emits the event and links no handler of it does not link; an emit is an error if nothing on the bus handles it |
/// | `version = number`, `upcasts = Struct` | a later version of the event; see below |
/// | `from(client)`, `from(bus)` | the client of a session, or the bus, may send it into the session |
/// | `to(client)`, `to(bus)` | what comes out of a session's graph is sent to the client; the event is meant for handlers on the bus |
/// | `interruptible` | it is dropped if its turn is interrupted before it is sent or handled |
/// | `deny_unknown_fields` | a frame with a field that the struct does not have is refused |
/// | `new` | adds `fn new`, which takes the fields that a frame must have; see below |
/// | `crate = path` | where `atoms` is, if not at `::atoms` |
///
/// | key on a field | what it does |
/// | --- | --- |
/// | `default = expression` | the value of the field if a frame does not have it; an expression of the field's type, which may name `Self` |
/// | `key` | events of one value in this field, of any type, are handled in order when they are posted (not when they are emitted or returned by the handler of an emitted event, which is delivered beside its event: `#[handler(post)]` posts them); the field's type is `Hash` and `Serialize`, and at most one field is the key; an event whose field is `None` has no key, and waits for no other |
/// | `sensitive` | `Debug` shows `[redacted]`, and no error of reading or writing shows the value; the wire carries the field as it is |
///
/// A key on a field cannot depend on a `#[cfg_attr(...)]`: write the field twice, each with its `#[cfg(...)]`.
///
/// The namespaces `system`, `agent` and `atoms` are reserved for the framework. A type string without a namespace,
/// such as `created`, causes a warning, which `#[allow(deprecated)]` on the struct silences.
///
/// # Events with defaults in Rust
///
/// With `new`, an event is created from the fields that a frame must have, in their order. The others, which have a `default`,
/// are an `Option`, or are skipped, have the values that they have where a frame lacks them:
///
/// ```ignore
/// #[event(type = "desk.escalation", new)]
/// struct Escalation {
///     reason: String,
///     #[event(default = "medium".into())]
///     severity: String,
/// }
///
/// Escalation::new("the user is frustrated".into());
/// Escalation { severity: "high".into(), ..Escalation::new("the user is frustrated".into()) };
/// ```
///
/// # Versions
///
/// An event whose struct changes keeps its type string and gets a version. An event without `version` is
/// version 1; each later one names the struct of the version just below, and is made from it:
///
/// ```ignore
/// #[event(type = "shop.booking")]
/// struct BookingV1 { name: String }
///
/// #[event(type = "shop.booking", version = 2, upcasts = BookingV1)]
/// struct Booking { first: String, last: String }
///
/// impl From<BookingV1> for Booking { ... }
/// ```
///
/// Frames of every version are read as the newest struct, which is the only one that is written, and that handlers take
/// and emit. The version is the `schema_version` in the metadata, and 1 if a frame has none. If a frame cannot be read as
/// an old version, the error says which one that was.
///
/// # What it adds
///
/// `Clone`, `Debug`, `Serialize` and `Deserialize` are derived, except those that a `derive` *below* `#[event]` names. A
/// `derive` above it is not visible to the macro, and collides. To implement one of these traits by hand, use
/// [`derive(Event)`](macro@Event).
///
/// Serde's attributes on the struct and on its fields work as usual, except those that change the form of an event on the
/// wire (`tag`, `untagged`, `transparent`, `into`, `from` and `try_from`). A field cannot have, or be renamed to, a name of
/// the envelope: `type`, `id`, `timestamp` or `metadata`. `flatten` is allowed, but slower.
///
/// Serde cannot read 128-bit numbers, or keys that are numbers, in a flattened field. An event with one of these
/// cannot be written, and neither can one whose flattened map repeats a key. A key that is an alias of another field, or
/// the name of one that `skip_serializing_if` leaves out, is read as that field.
#[proc_macro_attribute]
pub fn event(args: TokenStream, item: TokenStream) -> TokenStream {
    event::attribute(event::Form::Attribute, args.into(), item.into()).into()
}

/// Makes a struct a request: an event with a reply and exactly one handler, which returns the reply.
///
/// ```ignore
/// #[request(type = "shop.quote.get", reply = Quote)]
/// pub struct GetQuote {
///     pub item: String,
/// }
///
/// #[handler]
/// async fn quote(ask: &GetQuote, prices: State<Prices>) -> Result<Quote, NoSuchItem> {
///     prices.of(&ask.item).await
/// }
///
/// let quote = bus.request(GetQuote { item: "nails".into() }).await?;
/// ```
///
/// The struct, the attributes on its fields, and its form on the wire are those of an [event](macro@event). The reply is
/// any type that is `Send + 'static`, and as visible as the struct.
///
/// # Keys
///
/// | key | what it does |
/// | --- | --- |
/// | `type = "..."` | the type string, which every request has |
/// | `reply = Type` | what its handler returns, or a `Result` of it |
/// | `deny_unknown_fields` | a frame with a field that the struct does not have is refused |
/// | `crate = path` | where `atoms` is, if not at `::atoms` |
///
/// A program that asks a request and links no handler of it does not link, and neither does one that links
/// two handlers of it, on Linux, Android and FreeBSD (x86-64 and ARM64); elsewhere, the bus does not start.
/// Handlers of `&AnyEvent` and subscribers see requests, but cannot answer them. A request is asked, by
/// `bus.request(...)` or `context.request(...)`, and cannot be emitted.
#[proc_macro_attribute]
pub fn request(args: TokenStream, item: TokenStream) -> TokenStream {
    event::attribute(event::Form::Request, args.into(), item.into()).into()
}

/// Makes a struct an event without adding derives, for structs that derive or implement the traits themselves.
///
/// ```ignore
/// #[derive(Debug, Clone, Serialize, Deserialize, Event)]
/// #[event(type = "shop.order.created")]
/// #[serde(deny_unknown_fields)]
/// pub struct OrderCreated {
///     pub order_id: String,
///     #[serde(default = "one")]
///     pub count: u32,
/// }
/// ```
///
/// The keys are those of [`#[event]`](macro@event), in an attribute below the derive, except `deny_unknown_fields` and
/// `default`: write serde's attributes for these. If a field is `sensitive`, the macro implements `Debug`, which must not
/// be derived then.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    event::derive(item.into()).into()
}

/// Makes an enum a set of events, which a handler takes, returns or emits like one event.
///
/// ```ignore
/// #[event_set]
/// enum OrderEvent {
///     Created(OrderCreated),
///     Cancelled(Envelope<OrderCancelled>),
/// }
///
/// #[handler]
/// fn track(event: &OrderEvent) {
///     match event {
///         OrderEvent::Created(order) => println!("{} is new", order.order_id),
///         OrderEvent::Cancelled(order) => println!("{} is cancelled, by {}", order.order_id, order.id()),
///     }
/// }
/// ```
///
/// Each variant holds an event, or an event in its envelope, and no event is in two variants. The enum has no generics. A
/// handler of the set is called once for each event in it, and counts as a handler of each, also for `must_handle`. It
/// takes the set by reference, which holds a copy of the event, or by value, which costs one more copy. If the set gets
/// another event, rustc asks for it in each `match`.
///
/// # `#[other]`
///
/// A variant with `#[other]` on it holds `AnyEvent`, and takes every event that has no variant. A handler of
/// such a set is called for every event, and counts as a handler of the events that have variants.
///
/// # Keys
///
/// | key | what it does |
/// | --- | --- |
/// | `crate = path` | where `atoms` is, if not at `::atoms` |
///
/// # What it adds
///
/// - `Clone` and `Debug`, unless a `derive` *below* `#[event_set]` names them.
/// - `From<E>` for what each variant holds, `From` of the set for `AnyEvent`, and `TryFrom<AnyEvent>` for the
///   set, whose error returns an event that is not in the set. With `#[other]` every event is in it, so there is
///   `From<AnyEvent>` instead.
/// - Without `#[other]` a handler may return the set, in an `Option`, a `Vec`, a tuple or a `Result` as well,
///   and `Emitter<OrderEvent>` emits the events of its variants. With `#[other]` the set does not say which
///   events these would be.
#[proc_macro_attribute]
pub fn event_set(args: TokenStream, item: TokenStream) -> TokenStream {
    event_set::attribute(args.into(), item.into()).into()
}

/// Makes a function a handler, which every bus of the program calls for the event that it takes.
///
/// ```ignore
/// #[handler]
/// async fn confirm(order: &OrderCreated, stock: State<Stock>) -> Result<OrderConfirmed, OutOfStock> {
///     stock.reserve(order.count).await?;
///     Ok(OrderConfirmed { order_id: order.order_id.clone() })
/// }
/// ```
///
/// The function stays as it is written, and can be called. It is a free function, `async` or not, and
/// neither generic nor `const`, `unsafe` or `extern`.
///
/// - The first parameter is the event: `&E` or `E`, which is a copy; `&Envelope<E>` for its id, timestamp
///   and metadata; `&AnyEvent` for every event; an enum with `#[event_set]` for several.
/// - Up to eight further parameters are extracted: `State<T>`, `Emitter<E>` or `Emitter<(A, B)>`,
///   `Context`, types that implement `FromDelivery`, and an `Option` of each, which is `None` where the value does
///   not exist.
/// - What it returns is emitted: `()`, an event, an event in its `Envelope`, an `#[event_set]` without `#[other]`, an `Option`,
///   a `Vec` or a tuple of these, or a `Result`. The handler of a [request](macro@request) returns its reply, or a
///   `Result` of it.
/// - The future of an `async` handler is `Send`.
///
/// | key | what it does |
/// | --- | --- |
/// | `order = number` | the place among the sync handlers of the event: lower ones run earlier, and those of one number by their paths; 0 if not given. Async handlers start in this order as well, after the sync ones, but run at the same time: what they do after their first `await` has no order |
/// | `allow_cycle` | the events that the handler emits may lead back to it |
/// | `when = path` | the handler takes only the events for which this function returns `true`: a `fn(&E) -> bool`, where `E` is what the handler takes, the event, its `Envelope`, or `AnyEvent` |
/// | `pattern = "shop.order.*"` | a handler of `&AnyEvent` takes only events of these types: `*` stands for one segment, and `**` at the end for one or more |
/// | `retry`, `retry(...)` | the handler, which returns a `Result`, is called again after an error; see below |
/// | `timeout = "2s"` | a call of the handler, which is `async`, is dropped after this time, and has failed |
/// | `concurrency = 4` | on one bus at most so many calls of the handler run at once; others wait, and start in order; a handler that emits its own event on the bus, and awaits that, waits for itself |
/// | `post` | what the handler returns or emits is posted when it is done; see below |
/// | `detached` | the handler runs beside the emit, which does not wait for it; nor does the next posted event with the same key, so that its calls may overtake each other. If the runtime ends before the handler does, that is a dead letter |
/// | `id = "billing.mail"` | the identity of the handler, by which a dead letter or a stored event names it; its path if not given. It has 1 to 256 bytes without control characters, and no other handler of the bus has it |
/// | `was = "old::path"`, `was = ["old::path", ...]` | identities that the handler had before, so that what was kept for it then is still found |
/// | `crate = path` | where `atoms` is, if not at `::atoms` |
///
/// | key in `retry(...)` | what it does |
/// | --- | --- |
/// | `attempts = number` | how often the handler is called at most, the first time included; 3 if not given |
/// | `backoff = "exponential"` | each wait between two calls is twice the one before it, which is the default; with `"fixed"` all are the same |
/// | `delay = "100ms"` | the first wait; this one if not given |
/// | `max_delay = "30s"` | the longest wait, if they grow; this one if not given |
/// | `deadline = "1m"` | how long after the first call the last one may start; a call that runs then is not dropped, unless its `timeout` says so |
/// | `jitter` | a random part is added to each wait, so that handlers that failed together do not come again together |
///
/// ```ignore
/// #[handler(retry(attempts = 5, delay = "1s", jitter), timeout = "2s", when = is_large)]
/// async fn mail(order: &OrderCreated, mailer: State<Mailer>) -> Result<(), MailError> {
///     mailer.send(&order.order_id).await
/// }
///
/// fn is_large(order: &OrderCreated) -> bool {
///     order.total_cents > 100_000
/// }
/// ```
///
/// A handler is also called again after it has exceeded its `timeout`, and never after a panic. An error type that
/// implements `Retryable` decides after which errors the handler is called again, and how long it waits at least. With any
/// other error type, it is called again after each. `RequestError` implements `Retryable` by the error of the request's
/// handler, so that a handler does not ask again what failed for good. Events that an attempt emitted through its
/// `Emitter`, or on the bus, stand even if the attempt then fails, and the next attempt emits them again. To emit events
/// once, return them, which emits them when an attempt succeeds, or post the event, since what a handler of a posted event
/// emits through its `Emitter` is held until an attempt succeeds. Times are whole milliseconds with their units, such as
/// `"500ms"`, `"2s"`, `"1m 30s"` and `"1h"`.
///
/// In the place of a literal may be a constant of your program, or the call of a `const fn`, which rustc checks: `timeout =
/// PAY_TIMEOUT` is a `Duration`, as are all waits, `attempts` a `u32`, `concurrency` a `usize`, `order` an `i32`, and
/// `pattern`, `id` and `was` are a `&'static str`. What differs between environments is set when the bus starts: see
/// [`BusBuilder::configure`] and [`BusBuilder::without`].
///
/// [`BusBuilder::configure`]: https://docs.rs/atoms-rs/latest/atoms/struct.BusBuilder.html#method.configure
/// [`BusBuilder::without`]: https://docs.rs/atoms-rs/latest/atoms/struct.BusBuilder.html#method.without
///
/// # Posting what follows
///
/// What the handler of an emitted event returns or emits is delivered beside that event: the emit waits for it, it does not
/// wait for its `#[event(key)]`, and it is lost if the process ends. With `post`, it is posted: keys, limits and the store
/// of the bus apply, and neither the handler's event nor its receipt waits for it. The same is true of the handlers of
/// posted events without `post`.
///
/// ```ignore
/// #[handler(post)]
/// async fn pay(order: &OrderCreated, bank: State<Bank>) -> Result<OrderPaid, BankError> {
///     bank.charge(&order.order_id).await?;
///     Ok(OrderPaid { order_id: order.order_id.clone() }) // handled after all earlier events of this order
/// }
/// ```
///
/// All that the handler returns and emits is held until it is done, and posted with the normal priority if it succeeds; what
/// a failed attempt emitted is thrown away. On a bus with a store, they are stored in one commit.
///
/// If the queue is full, the handler's emit waits for room, which slows down whoever emits: for 30 seconds at most, since what
/// takes the room may wait for this emit. The handler is done by then, so its `timeout` does not count that wait. If the emit
/// is dropped meanwhile, no event is posted, and the handler's event is a dead letter.
///
/// An emit for which another handler waits does not wait for room, since that handler may be what takes it. But an emit in a
/// task that a handler has spawned is not known to belong to it: if the handlers of posted events wait for such tasks, and
/// take all the room, they all wait for 30 seconds. Emit in the handler itself, or raise `queue_capacity`. Without waiting, or after
/// it, the events take room beyond the capacity, as a handler's `bus.post(...)` does. On a bus with a store, which has no such
/// room, or if there is no room at all, the handler fails, and its event is a dead letter. `bus.post(event)` in a handler
/// posts one event.
///
/// A sync function with `retry`, `concurrency`, `post` or `detached` may have to wait, and so runs among the async handlers. It
/// still blocks its thread while it runs.
///
/// # Blocking
///
/// A handler that does not await holds its thread, and blocks everything else that runs on it: the other handlers
/// of its event, and tokio's tasks. On a quiet server that thread may be the one that polls sockets and timers. Then
/// the server answers nothing, not even `/health`, until another thread wakes. With [`Sessions`], a thread of the
/// framework wakes another four times a second. On a runtime with one thread, nothing else runs. Work that takes longer
/// than about a millisecond belongs in `tokio::task::spawn_blocking`, or in an `async` handler that awaits.
///
/// [`Sessions`]: https://docs.rs/atoms-rs/latest/atoms/agent/struct.Sessions.html
///
/// The macro defines a type with the name of the function, for `Bus::builder().handler::<confirm>()`. A type or a module of
/// that name in the same scope collides with it.
#[proc_macro_attribute]
pub fn handler(args: TokenStream, item: TokenStream) -> TokenStream {
    handler::attribute(args.into(), item.into()).into()
}

/// Makes a type a node: a stateful handler of events in a graph, of which each session has its own.
///
/// ```ignore
/// #[derive(Default)]
/// struct SupportBot {
///     complaints: u32,
/// }
///
/// #[node]
/// impl SupportBot {
///     #[handler]
///     async fn listen(&mut self, said: &TranscriptUpdate, out: Emitter<Escalation>) {
///         if said.content.contains("angry") {
///             self.complaints += 1;
///             out.emit(Escalation { reason: "the user is angry".into() }).await;
///         }
///     }
/// }
/// ```
///
/// An event that comes to a node passes on to those behind it before the node handles it, so that what the
/// node emits comes after it. A handler that takes its event **by value** consumes it: it does not pass on.
/// A handler of `&AnyEvent` takes what no other handler of the node takes. What handlers return is emitted,
/// and their further parameters are extracted, as those of a [handler](macro@handler) on the bus: `Emitter`,
/// `State<T>`, `Context`, `Session`, `Identity<T>`, `SessionState<T>`. A node handles one event after the other, in the order in which they come.
///
/// After an error the client is sent an `agent.error`, and the node goes on with its state; after a panic, it
/// is made anew. The client is sent the kind of the failure, and an `error_id`, under which the log has the whole text of
/// the error. Each second the first hundred failures are logged at the level WARN, and those
/// beyond at DEBUG. The handling of an event that is `interruptible` is dropped, at its next await, when its turn
/// is interrupted.
///
/// # Blocking
///
/// A method that does not await holds its thread, and the server may answer nothing meanwhile: see
/// [`#[handler]`](macro@handler#blocking). It cannot be interrupted, and outlives the end of its session. Where it
/// holds its thread for longer than half a second, the log says which one it is and, later, how long it took;
/// `SessionsBuilder::blocking_limit` sets that time. When the server shuts down, what holds its thread at the
/// deadline ends with the process: see `Server::serve`.
///
/// # Keys
///
/// | key | what it does |
/// | --- | --- |
/// | `output` | the node gives responses, by its `#[respond]`, and keeps the conversation |
/// | `group = "coach"` | the output nodes of a session speak one at a time, those of another group at the same time |
/// | `background` | the node observes, beside the talk: see [below](#background-nodes) |
/// | `severity = "fatal"` | the severity of its handlers' errors in `agent.error`; `"warning"` if not given. A failed response is always `"fatal"`. The session has ended only if a close follows |
/// | `expose_errors` | `agent.error`, and the reason of a close, tell the client the text of the node's errors; the text of a panic is in the log only |
/// | `crate = path` | where `atoms` is, if not at `::atoms` |
///
/// # Methods
///
/// | attribute | the method |
/// | --- | --- |
/// | `#[handler]` | `fn(&mut self, event: &OrderCreated, ...)` or `fn(&mut self, event: OrderCreated, ...)`, `async` or not |
/// | `#[handler(timeout = "2s")]`, or a constant | the same, `async`: it is dropped at its next await when it takes longer, which is a failure; the node goes on with its state |
/// | `#[respond]` | `fn(&mut self, request: &LlmRequest, ...) -> impl Stream<Item = String>`, or of `Result<String, E>`, `async` or not: see [below](#responses) |
/// | `#[respond(pass_on)]` | the same, and the event passes on to the nodes behind |
/// | `#[factory]` | `fn(init: &Init, ...) -> Self`, or a `Result` of it: makes the node, in place of `Default` |
/// | `#[started]` | `fn(&mut self, ...)`: called when the node has been made, also when it is made anew |
/// | `#[started(may_fail)]` | the same; after an error, the client is told, the node goes on, and `#[stopped]` is not called |
/// | `#[stopped]` | `fn(&mut self, ...)`: called when the session ends, if the node has started |
///
/// If a `#[factory]` or a `#[started]` returns an error or panics, the session ends, with the close code 1011, unless it is
/// that of a [background node](#background-nodes).
/// After a `#[started]` that failed, `#[stopped]` is not called, not even with `may_fail`: it might overwrite what the
/// node could not load.
///
/// All nodes of a session are made and started at the same time, and each handles its first event after that. They are stopped
/// at the same time, too, each after its last event. What they share is loaded before and saved after all that: see
/// `SessionState`.
///
/// The `impl` block may have other methods, and the type other `impl` blocks.
///
/// # Responses
///
/// The stream of a `#[respond]` goes to the client as a response: a start, a chunk for each text, and an end. A node may have
/// several of these methods, each for the event in its first parameter, which may be any event or set of events. Only one node
/// is to answer a request, so a response consumes its event, also one that it takes by reference; with `pass_on`, nodes behind
/// see the event, before the response. `Conversation`, which only output nodes keep, is what was said so far.
///
/// The start has the id of the request that is answered: of the [`LlmRequest`] itself, or of the one that the event
/// follows from, by whichever nodes are between. It is null if the event follows from no request.
///
/// A method that returns an `Option` or a `Result` of the stream says nothing if there is none, and neither a start nor an
/// end: an agent that is muted returns `None`. `Session::mute` lets no node of a session respond. After an error the client is told
/// of it. Otherwise the response begins before the method is called.
///
/// Of the output nodes of a session one speaks at a time: while it does, the event that another one is to answer waits, and that
/// node goes on with other events. The next one begins when the end of the response before has come out of the graph. With
/// `#[node(output, group = "coach")]`, the nodes of that group speak one at a time, and at the same time as other groups. Where
/// a graph has several output nodes, the `metadata` of the events of a response has the type of its `node`. At most 64 events
/// wait so in a node, or as many bytes as its mailbox takes; further ones become dead letters.
///
/// A node stops what others say, and what waits to be said, by an [`AgentInterrupt`]: it emits that before the event with which
/// another one, or itself, is to go on.
///
/// An interrupt ends a response at its next await, and drops the events that were to be answered in its turn, whatever the
/// events say of themselves.
///
/// [`AgentInterrupt`]: https://docs.rs/atoms-rs/latest/atoms/agent/events/struct.AgentInterrupt.html
/// [`LlmRequest`]: https://docs.rs/atoms-rs/latest/atoms/agent/events/struct.LlmRequest.html
///
/// # Background nodes
///
/// A node with `background` passes nothing on and consumes nothing; what it emits itself goes on. It holds nobody up: no sender
/// waits for it. When 1,024 events wait for it, or four times the bytes of `SessionsBuilder::mailbox_bytes`, it misses further
/// ones, which the other nodes get. The log warns of that, and `Counts::background_missed` counts it.
///
/// Its failures are in the log and in `Counts::background_failures`. The client is told of none: handlers on the bus may take
/// their [`AgentError`]. One that cannot be made or started is left out, and the session goes on without it.
///
/// At the end of a session it has as long as the other nodes for what waits: at most ten seconds.
///
/// [`AgentError`]: https://docs.rs/atoms-rs/latest/atoms/agent/events/struct.AgentError.html
#[proc_macro_attribute]
pub fn node(args: TokenStream, item: TokenStream) -> TokenStream {
    node::attribute(args.into(), item.into()).into()
}

/// Connects nodes to a graph, which rustc checks: one instance of it runs in each session.
///
/// ```ignore
/// graph! {
///     /// One per connection.
///     pub struct SupportDesk {
///         SupportBot -> Supervisor,
///         Counter -> Supervisor,
///     }
/// }
///
/// let sessions = Sessions::builder(SupportDesk::graph()).start(&bus)?;
/// println!("{}", SupportDesk::mermaid());
/// ```
///
/// An edge leads from a node to one behind it. What the client sends goes to the roots, the nodes that no
/// edge leads to; what comes out of the leaves, the nodes that no edge leads from, goes to the client, if the
/// events say `to(client)`. Where several edges meet, an event comes once. A node that leads to background nodes only is a
/// leaf, too, since these pass nothing on.
///
/// # Routes
///
/// Braces hold several nodes, each with an edge from those before. An event goes along all of these edges, so a router chooses
/// by the event that it emits: only one of the nodes handles it. In its handler, it consumes the request.
///
/// ```ignore
/// graph! {
///     struct Desk {
///         Router -> { Sales, Support } -> Log,
///     }
/// }
///
/// #[node]
/// impl Router {
///     #[handler]
///     async fn choose(&mut self, _: LlmRequest, out: Emitter<(SalesTurn, SupportTurn)>) { .. }
/// }
///
/// #[node(output)]
/// impl Sales {
///     #[respond]
///     fn answer(&mut self, _: SalesTurn) -> impl Stream<Item = String> + use<> { .. }
/// }
/// ```
///
/// An edge may list the events, or sets of events, that go along it. It carries these only, and what stops a response, which
/// are interrupts, and what conversations are made of, which are `TranscriptUpdate`s. An event that no edge of a node carries,
/// or those to background nodes only, leaves the graph there, as it does from a leaf.
///
/// ```ignore
/// graph! {
///     struct Desk {
///         Router -[SalesTurn, Refund]-> Sales,
///         Router -[SupportTurn]-> Support,
///     }
/// }
/// ```
///
/// # Checks
///
/// It does not compile if a node emits what no node behind it handles and nobody else is sent, if a node
/// handles what nobody sends it, if an edge lists an event that does not leave the node before it, or if nodes are connected in
/// a circle.
///
/// A node is named by its type, and one name is one node. A second node of the same type, with a state of its own, has another
/// name: `type Second = SupportBot;`. A node is not generic, but its type may be: `Counter<u8>`, with `#[node]` on
/// `impl Counter<u8>`.
///
/// The type has the functions `graph()` and `mermaid()`. `#[graph(crate = path)]` on the struct says where
/// `atoms` is, if not at `::atoms`.
#[proc_macro]
pub fn graph(input: TokenStream) -> TokenStream {
    graph::graph(input.into()).into()
}

/// Gives back what is in its list, and not the struct below it. Where the path to it is not found, the struct without
/// attributes stays, so that rustc reports the path alone, and not the attributes that it does not know.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn in_place_of(item: TokenStream, _bare: TokenStream) -> TokenStream {
    item
}

/// Reports that `#[node]` needs the feature `agent` of `atoms-rs`.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn node_without_agent(_args: TokenStream, item: TokenStream) -> TokenStream {
    node::without_agent::node(item.into()).into()
}

/// Reports that `graph!` needs the feature `agent` of `atoms-rs`.
#[doc(hidden)]
#[proc_macro]
pub fn graph_without_agent(input: TokenStream) -> TokenStream {
    node::without_agent::graph(&input.into()).into()
}

/// Makes a function a tool, which an agent calls by its name, with JSON, and which a program calls by its type.
///
/// ```ignore
/// /// Pays money back to a customer.
/// #[tool(approve = "manager")]
/// fn refund(
///     /// The order, as on the invoice.
///     order_id: String,
///     /// How much, in cents; all of it if not given.
///     cents: Option<u64>,
///     #[tool(default = Currency::Euro)] currency: Currency,
///     shop: State<Shop>,
/// ) -> Result<Refund, RefundError> {
///     shop.refund(&order_id, cents, currency)
/// }
///
/// let paid = refund::call(&bus, RefundArgs { order_id, cents: None, currency: Currency::Euro }).await?;
/// let paid = bus.tools().call("refund", json!({ "order_id": "o-1" })).await?;
/// ```
///
/// The function stays as it is written, and can be called. It is a free function, `async` or not, and
/// neither generic nor `const`, `unsafe` or `extern`.
///
/// - A parameter is an argument. It has a name, and a type that is `Clone`, `Serialize`, `Deserialize`, `JsonSchema`,
///   `Send` and `Sync`. Its doc comment tells the model what it is. An `Option` may be missing.
/// - Parameters of the types `State`, `Emitter`, `Context`, `Session`, `Tx` and `Run`, and of an `Option` of these, are
///   extracted, like those of a [handler](macro@handler). The macro knows these types by their names. Another type that is
///   extracted has `#[extract]` before it, such as the `Identity` of the client in whose session the tool is called, or the
///   `Principal` or the `Sender` of the call. At most eight parameters are extracted.
/// - It returns a value that is `Serialize` and `Deserialize`, or a `Result` of it, which is spelled `Result`.
/// - The doc comment of the function tells the model what the tool does.
/// - The future of an `async` tool is `Send`.
///
/// | key | what it does |
/// | --- | --- |
/// | `name = "refund"` | the name of the tool, which no other tool of the program has; the name of the function if not given. It has 1 to 64 of the characters `A-Z`, `a-z`, `0-9`, `_` and `-` |
/// | `args = RefundArgs` | the name of the struct of the arguments; `RefundArgs` for a function `refund` if not given |
/// | `approve = "manager"` | a person who has this role must approve the arguments of each call, within 24 hours if `ToolSettings::approval_deadline` sets no other time; otherwise the call is denied |
/// | `timeout = "2s"` | a call of the function, which is `async`, is dropped after this time, and has failed |
/// | `concurrency = 4` | on one bus at most so many calls of the function run at once; others wait |
/// | `read_only` | the tool changes nothing |
/// | `idempotent` | a second call with the same arguments changes nothing more |
/// | `crate = path` | where `atoms` is, if not at `::atoms` |
///
/// | attribute on a parameter | what it does |
/// | --- | --- |
/// | `#[tool(default = expression)]` | the argument's value if a call does not have it; an expression of its type |
/// | `#[tool(sensitive)]` | `Debug` and the events of the call do not show the argument |
/// | `#[extract]` | the parameter is extracted, although its name is not one of those above |
/// | `#[arg]` | the parameter is an argument, although its type has one of these names |
///
/// `timeout` and `concurrency` may be constants of your program, as those of a [handler](macro@handler).
///
/// # What it adds
///
/// - The struct of the arguments, as visible as the function, with a field for each. It is `Clone`, `Debug`, `Serialize`
///   and `Deserialize`.
/// - A type with the name of the function, for `refund::call` and for [hooks](macro@hook): `Call<refund>`.
///
/// A type of one of these names in the same scope collides with it, and so does a module of the function's name.
#[proc_macro_attribute]
pub fn tool(args: TokenStream, item: TokenStream) -> TokenStream {
    tool::attribute(args.into(), item.into()).into()
}

/// Makes a function a hook, which is called before a tool, or after it, whoever calls the tool.
///
/// ```ignore
/// #[hook(before)]
/// fn limit(call: &mut Call<refund>) -> Verdict<refund> {
///     match call.args.cents {
///         Some(cents) if cents > 10_000 => Verdict::deny("more than 100 needs a director"),
///         _ => Verdict::Allow,
///     }
/// }
///
/// #[hook(before, tools = "shop_*", sender = "aiagents.Main*")]
/// async fn guard(call: &mut ToolCall, rules: State<Rules>) -> Result<Verdict, RulesError> {
///     rules.judge(call.tool().name(), call.principal()).await
/// }
///
/// #[hook(after, detached)]
/// async fn audit(done: &ToolDone) {
///     println!("{done:?}");
/// }
/// ```
///
/// The function stays as it is written, and can be called. It is a free function, `async` or not, and
/// neither generic nor `const`, `unsafe` or `extern`.
///
/// - The first parameter of a before-hook is the call: `&mut Call<refund>` of one tool, whose arguments it may change, or
///   `&mut ToolCall` of any tool. Arguments that it changed are validated again. It returns a `Verdict<refund>`, or a
///   `Verdict`, or a `Result` of it. If it returns an error, panics or takes too long, the call is denied.
/// - The first parameter of an after-hook is the outcome of the call: `&mut Done<refund>`, or `&mut ToolDone` of any tool. It
///   may replace the result, and returns nothing, or a `Result<(), E>`.
/// - A hook with `func` is called as a configuration says that names it (`atoms::tools::Bindings`): before or after the calls
///   of an agent. It takes the `EventData` of a call of any tool, and returns it, or nothing, or a `Result` of one of the
///   two. What it returns replaces the arguments, or the result. If it returns an error, panics or takes too long, a call
///   that is not made yet is denied, and the result of one that is made is held back.
/// - Up to eight further parameters are extracted, like those of a [handler](macro@handler).
/// - The future of an `async` hook is `Send`.
///
/// | key | what it does |
/// | --- | --- |
/// | `before`, `after` | when the hook is called; one of the two is given, or `func` |
/// | `func = "services.audit.log"` | the name by which a configuration names the hook, and says when it is called, and for whom: that of an element, a dot, and that of a function. The hook has neither `before` and `after` nor `detached` and `sender` |
/// | `order = number` | the place among the hooks of a call: lower ones run earlier, and those of one number by their paths; 0 if not given |
/// | `timeout = "2s"` | a call of the hook, which is `async`, is dropped after this time, and has failed; 30 seconds if not given |
/// | `tools = "shop_*"` | a hook of any tool is called only for tools of these names; `*` stands for any characters, or none |
/// | `sender = "aiagents.Main*"` | the hook is called only for calls of these senders |
/// | `detached` | the hook runs beside the call, which does not wait for it; a shutdown of the bus does. It takes what it sees by `&`, and returns nothing, or a `Result<(), E>`. The log has its errors |
/// | `crate = path` | where `atoms` is, if not at `::atoms` |
///
/// `order` and `timeout` may be constants of your program, as those of a [handler](macro@handler).
///
/// The macro defines a type with the name of the function. A type or a module of that name in the same scope collides with
/// it.
#[proc_macro_attribute]
pub fn hook(args: TokenStream, item: TokenStream) -> TokenStream {
    hook::attribute(args.into(), item.into()).into()
}

/// Makes a function an agent, which is started by its name, works in a run, and calls tools with its name as their sender.
///
/// ```ignore
/// /// Collects what the report needs.
/// #[agent(name = "aiagents.dataCollector", tools = [search, read_page])]
/// async fn data_collector(task: Task, context: Context, run: Run) -> Result<Data, CollectError> {
///     let found = search::call(context.bus(), SearchArgs { words: task.words }).await?;
///     drop(run.progress(1, 2, "reading"));
///     ...
/// }
///
/// let collector = bus.agents().get("aiagents.dataCollector")?;
/// let data = collector.start(Task { words: "..." })?.await?;
/// ```
///
/// The function stays as it is written, and can be called. It is a free `async` function, and neither generic nor `unsafe` or
/// `extern`.
///
/// - The first parameter is what the agent works on. Its type is `Deserialize`; `serde_json::Value` takes any task.
/// - Up to eight further parameters are extracted, like those of a [handler](macro@handler): a `State`, the `Context` with the bus,
///   the `Run`, and a `ToolSet`, which has the agent's tools for calls by their names.
/// - It returns a `Result<T, E>`. `T` is `Serialize`, and `E` is an error or text.
/// - The doc comment says what the agent does.
/// - The future is `Send`.
///
/// | key | what it does |
/// | --- | --- |
/// | `name = "aiagents.Main"` | the name, which no other agent of the program has: segments of letters, digits and `_`, joined by dots |
/// | `tools = [refund]` | the tools that its `ToolSet` has, each by the path of its function |
/// | `crate = path` | where `atoms` is, if not at `::atoms` |
///
/// The macro defines a type with the name of the function. A type or a module of that name in the same scope collides with
/// it.
#[proc_macro_attribute]
pub fn agent(args: TokenStream, item: TokenStream) -> TokenStream {
    agent::attribute(args.into(), item.into()).into()
}
