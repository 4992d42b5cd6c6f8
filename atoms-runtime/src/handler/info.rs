//! What is known of a handler.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::options::Options;
use super::retry::Judgement;
use super::{AsyncHandler, Input, Params, Retry, SyncHandler, SyncParams};
use crate::event::{AnyEvent, EventType, EventTypes, Request, pattern};

/// By what a bus makes a handler ready to run. Only the engine knows what it is.
pub(crate) type Binding = &'static (dyn Any + Send + Sync);

/// Where a handler stands in the program.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The path of the function: its module and its name.
    pub path: &'static str,
    /// The source file.
    pub file: &'static str,
    /// The line in it.
    pub line: u32,
    /// Whether it stands in a unit test, or beside one in its crate.
    pub is_in_unit_test: bool,
}

impl Place {
    /// What a handler in this place says to the linker of the request that it answers. A crate that is being unit tested
    /// may be in the program a second time, as it is without its tests; its handlers must not count twice.
    const fn answers(&self, answers: fn()) -> fn() {
        if self.is_in_unit_test { || () } else { answers }
    }
}

/// A handler, as the registry describes it.
pub struct HandlerInfo {
    place: Place,
    pub(super) options: Options,
    signature: Signature,
    binding: Option<Binding>,
}

/// What the signature of a handler says of it.
struct Signature {
    is_async: bool,
    is_lent: bool,
    /// Whether the function returns a `Result`.
    returns_result: bool,
    takes_every_event: bool,
    input: EventTypes,
    emits: EventTypes,
    /// Keeps the instances of `Event::__handled_by` alive that the linker looks for.
    _handles: fn(),
    /// The same of `Event::__answered_by`, of which a request has one in a program.
    _answers: fn(),
}

// Each is one expression, since rustc evaluates it for each handler, and takes long to copy a struct.
macro_rules! handlers_of_a_bus {
    ($($(#[$doc:meta])* $kind:ident<H: $Handler:ident>: is_async $is_async:literal, is_lent $is_lent:expr;)*) => {
        impl HandlerInfo {
            $(
                $(#[$doc])*
                pub(crate) const fn $kind<H: $Handler>(place: Place, binding: Binding) -> Self {
                    Self {
                        options: Options::DEFAULT,
                        signature: Signature {
                            is_async: $is_async,
                            is_lent: $is_lent,
                            returns_result: H::RETURNED.can_fail,
                            takes_every_event: H::Input::EVERY_EVENT,
                            input: H::Input::EVENTS,
                            emits: const { EventTypes::all(&[&H::Params::EMITS, &H::RETURNED.emits]) },
                            _handles: H::Input::handled_by::<H>,
                            _answers: place.answers(H::Input::answered_by::<H::Named>),
                        },
                        binding: Some(binding),
                        place,
                    }
                }
            )*
        }
    };
}

handlers_of_a_bus! {
    /// Describes the handler `H`, which stands in this place. The bus runs it by what `binding` says.
    sync<H: SyncHandler>: is_async false, is_lent H::Params::ARE_LENT;
    /// As [`sync`](Self::sync), for an `async` handler.
    asynchronous<H: AsyncHandler>: is_async true, is_lent false;
}

impl HandlerInfo {
    /// Describes an async function that something else than a bus calls, as nodes call their methods: it takes an `I`
    /// and the parameters `P`, and stands in this place of the program's source. In a static that is used, it counts as
    /// a handler for events that declare `must_handle`.
    pub const fn method<I: Input, P: Params>(
        path: &'static str,
        file: &'static str,
        line: u32,
        emits: EventTypes,
        returns_result: bool,
    ) -> Self {
        let place = Place { path, file, line, is_in_unit_test: false };
        let signature = Signature::of::<I>(emits);
        let signature =
            Signature { is_async: true, returns_result, _handles: I::handled_by::<P>, ..signature };
        Self { place, options: Options::DEFAULT, signature, binding: None }
    }

    /// Describes what stands in for the handler of the request `R` in a test.
    pub(crate) const fn stand_in<R: Request>(path: &'static str, place: &'static Location<'static>) -> Self {
        Self::of::<R>(path, place.file(), place.line())
    }

    /// Describes the handler of a delivery in a test, which is to no handler.
    pub(crate) const fn in_test() -> Self {
        Self::of::<AnyEvent>("a test", file!(), line!())
    }

    /// Describes what takes an `I`, and neither the linker nor a bus knows of.
    const fn of<I: Input>(path: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            place: Place { path, file, line, is_in_unit_test: false },
            options: Options::DEFAULT,
            signature: Signature::of::<I>(EventTypes::NONE),
            binding: None,
        }
    }

    /// What a bus makes a runner by; `None` of a handler that something else calls.
    pub(crate) fn binding(&self) -> Option<Binding> {
        self.binding
    }

    /// Returns the identity of the handler, as `id` declares it: by default, its [`path`](Self::path).
    ///
    /// Dead letters and stored events name their handler by it.
    pub fn id(&self) -> &'static str {
        self.options.id.unwrap_or(self.place.path)
    }

    /// Returns the identities that the handler had before, as `was` declares them.
    pub fn was(&self) -> &'static [&'static str] {
        self.options.was
    }

    /// Whether this is, or was, the handler's identity.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.id() == id || self.was().contains(&id)
    }

    /// Returns the path of the function: its module and its name.
    pub fn path(&self) -> &'static str {
        self.place.path
    }

    /// Returns the source file of the function.
    pub fn file(&self) -> &'static str {
        self.place.file
    }

    /// Returns the line in [`file`](Self::file).
    pub fn line(&self) -> u32 {
        self.place.line
    }

    /// Returns the order of the handler among the sync handlers of an event: those of lower order run earlier, and
    /// those of the same order by their path. It is 0 by default.
    ///
    /// Async handlers start in this order as well, after the sync ones, but run at the same time: what they do
    /// after their first `await` has no order.
    pub fn order(&self) -> i32 {
        self.options.order
    }

    /// Returns whether the events that the handler emits may lead back to it.
    pub fn allow_cycle(&self) -> bool {
        self.options.allow_cycle
    }

    /// Returns the `retry` of the handler, if it has one.
    pub fn retry(&self) -> Option<Retry> {
        self.options.retry
    }

    /// What says of the handler's errors whether another attempt may help.
    pub(crate) fn judge(&self) -> Judgement {
        let retry = self.options.retry.as_ref().map(Retry::judge);
        retry.or(self.options.judge).unwrap_or(|_| Some(Duration::ZERO))
    }

    /// Returns the time limit of each call of the handler, if it has one.
    pub fn timeout(&self) -> Option<Duration> {
        self.options.timeout
    }

    /// Whether a call of its function can be dropped.
    pub(super) fn may_be_interrupted(&self) -> bool {
        self.signature.is_async
    }

    /// Whether its function returns a `Result`.
    pub(super) fn returns_result(&self) -> bool {
        self.signature.returns_result
    }

    /// Returns how many calls of the handler may run at once, if there is a limit.
    pub fn concurrency(&self) -> Option<usize> {
        self.options.concurrency
    }

    /// Returns the pattern of the type strings that a handler of `&AnyEvent` takes, if it has one.
    pub fn pattern(&self) -> Option<&'static str> {
        self.options.pattern
    }

    /// Returns whether what the handler emits is posted when it is done, as `post` declares it.
    pub fn posts(&self) -> bool {
        self.options.post
    }

    /// Returns whether the handler is `detached`: it runs beside the emit, which does not wait for it.
    pub fn is_detached(&self) -> bool {
        self.options.detached
    }

    /// Returns whether the handler runs among the async handlers: its function is `async`, or may have to wait because
    /// of its `retry`, `concurrency`, `post` or `detached`. A sync handler with a [`Layer`](crate::Layer) around it that waits
    /// also runs among them, but only its bus knows that.
    pub fn is_async(&self) -> bool {
        let Options { retry, concurrency, post, detached, .. } = &self.options;
        self.signature.is_async || retry.is_some() || concurrency.is_some() || *post || *detached
    }

    /// Returns whether one of its parameters may be extracted from what a layer [lends](crate::Lent). A layer that lends
    /// something need not cover other handlers.
    pub fn is_lent(&self) -> bool {
        self.signature.is_lent
    }

    /// Returns whether the handler says that it may fail: its function returns a `Result`, or it has a `timeout`.
    pub fn can_fail(&self) -> bool {
        self.signature.returns_result || self.timeout().is_some()
    }

    /// Returns the types of events that the handler names. A handler of every event does not name the others.
    pub fn event_types(&self) -> Vec<&'static EventType> {
        self.signature.input.to_vec()
    }

    /// Returns whether the handler sees every event.
    pub fn takes_every_event(&self) -> bool {
        self.signature.takes_every_event
    }

    /// Whether an event that the handler takes counts as handled: not if it is merely one of all. An event
    /// of unknown type is `None`. A request is answered, which a handler by `pattern` cannot do.
    pub(crate) fn counts_for(&self, event_type: Option<&EventType>) -> bool {
        let is_selected = self.pattern().is_some() && !event_type.is_some_and(EventType::is_request);
        is_selected || event_type.is_some_and(|known| self.names(known.name()))
    }

    fn names(&self, type_string: &str) -> bool {
        self.event_types().into_iter().any(|event_type| event_type.name() == type_string)
    }

    /// Returns whether the handler takes events of this type string: it is one of its
    /// [`event_types`](Self::event_types), or the handler takes every event, or its [`pattern`](Self::pattern) selects
    /// it.
    ///
    /// ```
    /// use atoms::{AnyEvent, Handler, handler};
    ///
    /// #[handler(pattern = "shop.order.*")]
    /// fn log(event: &AnyEvent) {
    ///     println!("{event:?}");
    /// }
    ///
    /// assert!(<log as Handler>::info().takes("shop.order.created"));
    /// assert!(!<log as Handler>::info().takes("shop.stock.low"));
    /// ```
    pub fn takes(&self, type_string: &str) -> bool {
        if let Some(pattern) = self.options.pattern {
            return pattern::matches(pattern, type_string);
        }
        self.signature.takes_every_event || self.names(type_string)
    }

    /// What it takes, as the log shows it: type strings, then the pattern of all others.
    pub(crate) fn input(&self) -> String {
        let names = self.event_types().into_iter().map(EventType::name);
        let others = self.signature.takes_every_event.then(|| self.options.pattern.unwrap_or("*"));
        names.chain(others).collect::<Vec<_>>().join(", ")
    }

    /// Returns the types of events that the handler's signature says it may emit, each once.
    pub fn emits(&self) -> Vec<&'static EventType> {
        let mut emitted = Vec::new();
        for event_type in self.signature.emits.to_vec() {
            if !emitted.contains(&event_type) {
                emitted.push(event_type);
            }
        }
        emitted
    }
}

impl Signature {
    /// That of a function that takes an `I`, emits these types, and of which the linker does not know.
    const fn of<I: Input>(emits: EventTypes) -> Self {
        Self {
            is_async: false,
            is_lent: false,
            returns_result: false,
            takes_every_event: I::EVERY_EVENT,
            input: I::EVENTS,
            emits,
            _handles: || (),
            _answers: || (),
        }
    }
}

/// As it is shown: its path and its place.
impl fmt::Debug for HandlerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `shop::confirm (src/lib.rs:12)`
impl fmt::Display for HandlerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.place.path, self.place.file, self.place.line)
    }
}

impl PartialEq for HandlerInfo {
    /// Two handlers are equal if they are the same function.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for HandlerInfo {}
