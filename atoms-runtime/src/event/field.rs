//! What the fields of an event must be.
//!
//! A field that is wrong makes what is derived for the event wrong as well, and rustc would tell of each. So the check of
//! the fields is the length of an array, `type __FieldsOfOrderCreated = [(); { ...; 1 }]`, and what is derived has the
//! condition `where __FieldsOfOrderCreated:`. It always holds. But if the check does not compile, there is no such
//! length, and rustc does not look for mistakes where a condition is one already.

use std::fmt::Debug;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The type of a field, which the check calls the functions of [`Fields`] on.
#[derive(Debug)]
pub struct Field<T: ?Sized>(PhantomData<T>);

/// An event with a check of its fields. Where another event holds it, its own check is enough; to go through it once
/// more, for events that hold each other, would never end.
pub trait Checked {}

impl<T: Checked> Checked for Box<T> {}

/// The check of a type that is no event, by its place in the event and by how it is spelled. Nothing is ever called.
#[rustfmt::skip]
#[allow(missing_docs, reason = "each is named after what it asks for")]
pub trait Fields<T: ?Sized> {
    fn written() where T: WrittenField + SharedField {}
    fn array() where T: ArrayField {}
    fn channel() where T: ChannelField {}
    fn clock() where T: ClockField {}
    fn counted() where T: CountedField {}
    fn dynamic() where T: DynamicField {}
    fn lock() where T: LockField {}
    fn thread_bound() where T: ThreadBoundField {}
    fn secret() where T: SecretField + SharedField {}
    fn converted() where T: ConvertedField + SharedField {}
    fn skipped() where T: SkippedField + SharedField {}
    fn shared() where T: SharedField {}
}

impl<T: ?Sized> Fields<T> for Field<T> {}

#[allow(missing_docs, reason = "they check nothing")]
impl<T: Checked> Field<T> {
    pub fn written() {}
    pub fn array() {}
    pub fn channel() {}
    pub fn clock() {}
    pub fn counted() {}
    pub fn dynamic() {}
    pub fn lock() {}
    pub fn thread_bound() {}
    pub fn secret() {}
    pub fn converted() {}
    pub fn skipped() {}
    pub fn shared() {}
}

/// Checks an event of which nothing is derived by `#[derive(Event)]`.
pub fn derived<T: DerivedEvent>() {}

/// What an event is besides.
#[diagnostic::on_unimplemented(
    message = "an event implements `Debug`, `Clone`, `Serialize` and `Deserialize`, and `{Self}` does not implement all of them",
    label = "lacks `Debug`, `Clone`, `Serialize` or `Deserialize`",
    note = "remove `#[derive(Event)]`: `#[event(type = \"...\")]` alone derives all four; or derive them as well: `#[derive(Debug, Clone, Serialize, Deserialize, Event)]`"
)]
pub trait DerivedEvent {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Debug + Serialize + DeserializeOwned> DerivedEvent for T {}

/// Written to the wire and read back.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize`, `Clone` or `Debug`",
    note = "if the type is yours, derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it; in a crate without `serde`, derive those of `atoms::serde`, with `#[serde(crate = \"atoms::serde\")]`",
    note = "if it is another crate's, turn on that crate's `serde` feature, convert the field with `#[serde(with = \"module\")]`, or keep it off the wire with `#[serde(skip)]`",
    note = "if it is not data, such as a connection or a task, it does not belong in an event: handlers take it as `State<T>`"
)]
pub trait WrittenField {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Debug + Serialize + DeserializeOwned> WrittenField for T {}

/// What a field is in any case.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Send` or `Sync`",
    note = "handlers on several threads see one event: hold the value itself, not a `Cell`, a `RefCell` or an `Rc` of it"
)]
pub trait SharedField {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> SharedField for T {}

/// Spelled as an array.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize`, `Clone` or `Debug`",
    note = "serde writes and reads arrays of up to 32 elements: hold a `Vec` instead of a longer one",
    note = "what is in the array needs `Clone`, `Debug`, `Serialize` and `Deserialize`"
)]
pub trait ArrayField {}

/// Spelled as an end of a channel.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize`, `Clone` or `Debug`",
    note = "a channel cannot be written to the wire: if it is for an answer, make the struct a `#[request(type = \"...\", reply = Type)]`, whose handler returns the answer; if not, handlers take the channel as `State<T>`",
    note = "if it is not a channel, but a type of yours, derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it"
)]
pub trait ChannelField {}

/// Spelled as an `Instant`.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize`, `Clone` or `Debug`",
    note = "an `Instant` of the standard library or of tokio means nothing to another process: hold an `atoms::Timestamp` or a `std::time::SystemTime`",
    note = "if it is a type of yours, derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it"
)]
pub trait ClockField {}

/// Spelled as an `Arc`.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize`, `Clone` or `Debug`",
    note = "hold the value itself, such as a `String` instead of an `Arc<str>`; or let serde write and read an `Arc`: `serde = {{ version = \"1\", features = [\"rc\"] }}` in your `Cargo.toml`",
    note = "what the `Arc` holds needs `Debug`, `Serialize`, `Deserialize`, `Send` and `Sync`"
)]
pub trait CountedField {}

/// With a `dyn Trait` in it.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize`, `Clone`, `Debug`, `Send` or `Sync`",
    note = "a `dyn Trait` cannot be read from the wire: hold an enum of the types that it may be, or, instead of a closure, a value that says what to do",
    note = "if it is not data, it does not belong in an event: handlers take it as `State<T>`"
)]
pub trait DynamicField {}

/// Spelled as a lock or an atomic number.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize`, `Clone` or `Debug`",
    note = "an event is cloned, with what it holds: hold the value without a lock or an atomic; a value that handlers share is a `State<T>`",
    note = "if it is a type of yours, derive `Clone`, `Debug`, `Serialize` and `Deserialize` for it"
)]
pub trait LockField {}

/// Spelled as an `Rc`.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize`, `Clone`, `Debug`, `Send` or `Sync`",
    note = "the `Rc` of the standard library does not leave its thread, and handlers on several threads see one event: hold the value itself"
)]
pub trait ThreadBoundField {}

macro_rules! written_and_shared {
    ($($Spelled:ident)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<T: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static> $Spelled for T {}
        )*
    };
}

written_and_shared! { ArrayField ChannelField ClockField CountedField DynamicField LockField ThreadBoundField }

/// Written to the wire and read back, and not shown.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Serialize`, `Deserialize` or `Clone`",
    note = "if the type is yours, derive `Clone`, `Serialize` and `Deserialize` for it; in a crate without `serde`, derive those of `atoms::serde`, with `#[serde(crate = \"atoms::serde\")]`",
    note = "if it is another crate's, turn on that crate's `serde` feature, or convert the field with `#[serde(with = \"module\")]`"
)]
pub trait SecretField {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Serialize + DeserializeOwned> SecretField for T {}

/// Written or read by a function of the user's.
#[diagnostic::on_unimplemented(
    message = "a field of an event cannot be of type `{Self}`",
    label = "lacks `Clone` or `Debug`",
    note = "if the type is yours, derive `Clone` and `Debug` for it; if not, wrap it in a type of yours that has them"
)]
pub trait ConvertedField {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Debug> ConvertedField for T {}

/// Not read: an event that comes over the wire has the default value.
#[diagnostic::on_unimplemented(
    message = "a field that is not read from the wire cannot be of type `{Self}`",
    label = "lacks `Default`, `Clone` or `Debug`",
    note = "an event that is read from the wire needs a value for this field: derive `Default` for the type, or write `#[event(default = value)]` on the field",
    note = "derive `Clone` and `Debug` for the type as well"
)]
pub trait SkippedField {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Debug + Default> SkippedField for T {}
