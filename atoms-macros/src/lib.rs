//! The attribute and derive macros of [`atoms`](https://docs.rs/atoms), which re-exports them.

mod errors;
mod event;
mod handler;
mod keys;
mod serde_attrs;

use proc_macro::TokenStream;

/// Makes a struct an event.
///
/// The struct has named fields, or none. What is not derived below the attribute is derived by it:
/// `Debug`, `Clone`, `Serialize`, `Deserialize`. Attributes of serde on the fields work as ever.
///
/// ```ignore
/// #[event(type = "shop.order.created", must_handle)]
/// struct OrderCreated {
///     order_id: String,
///     #[event(default = 1)]
///     count: u32,
///     #[event(sensitive)]
///     card: String,
/// }
/// ```
///
/// | key | what it does |
/// | --- | --- |
/// | `type = "..."` | the type string: segments of `[a-z][a-z0-9_]*` joined by dots, 128 bytes at most |
/// | `must_handle` | a program that emits the event and has no handler of it does not link; an emit that nothing on the bus handles is an error |
/// | `deny_unknown_fields` | a frame with a field that the struct does not have is refused |
/// | `crate = path` | where `atoms` is found: `::atoms` by default |
///
/// | key of a field | what it does |
/// | --- | --- |
/// | `default = expr` | the value of a field that a frame does not have |
/// | `sensitive` | `Debug` shows `[redacted]`; the wire carries the field |
#[proc_macro_attribute]
pub fn event(keys: TokenStream, item: TokenStream) -> TokenStream {
    event::attribute(keys.into(), item.into()).into()
}

/// Makes a struct an event, for those who write all their derives themselves.
///
/// It takes the keys of `#[event]`, in an attribute `#[event(...)]` below it, but for `default` on a
/// field. With a `sensitive` field it writes `Debug`, which then must not be derived as well.
///
/// ```ignore
/// #[derive(Debug, Clone, Serialize, Deserialize, Event)]
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
/// ```
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    event::derive(item.into()).into()
}

/// Makes a function a handler, and puts it in the registry. The function stays callable as written.
///
/// The first parameter is the event: `&E`, `E`, `&Envelope<E>`, or `&AnyEvent` for every event. Up to
/// eight further ones are extracted: `State<T>`, `Emitter<E>` or `Emitter<(A, B)>`, `Context`, and
/// types that implement `FromDelivery`. The function returns `()`, an event, an `Option`, a `Vec` or a
/// tuple of events, or a `Result` of these; it may be `async`, and then its future is `Send`.
///
/// ```ignore
/// #[handler(order = -1)]
/// fn confirm(order: &OrderCreated, stock: State<Stock>) -> Result<OrderConfirmed, OutOfStock> {
///     stock.reserve(order.count)?;
///     Ok(OrderConfirmed { order_id: order.order_id.clone() })
/// }
/// ```
///
/// | key | what it does |
/// | --- | --- |
/// | `order = n` | the place among the sync handlers of the event: lower ones run earlier; 0 by default |
/// | `allow_cycle` | the events that the handler emits may lead back to it |
/// | `crate = path` | where `atoms` is found: `::atoms` by default |
///
/// A type of the function's name is defined beside it, for `Bus::builder().handler::<confirm>()`; a
/// module of that name in the same scope collides with it.
#[proc_macro_attribute]
pub fn handler(keys: TokenStream, item: TokenStream) -> TokenStream {
    handler::attribute(keys.into(), item.into()).into()
}
