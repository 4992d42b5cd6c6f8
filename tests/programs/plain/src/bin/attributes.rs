//! Events and handlers with documentation and attributes of their own.

use atoms::prelude::*;

/// An order
///
/// with `documentation`.
#[event(type = "attributes.created")]
#[derive(PartialEq, Eq, Hash)]
#[allow(dead_code, reason = "nobody reads it")]
#[must_use]
pub(crate) struct Created {
    /// Its number.
    #[doc(alias = "id")]
    number: u64,
}

/// It went well.
#[event(type = "attributes.done")]
#[derive(Default)]
struct Done {}

/// Documented.
#[handler(order = -1)]
#[inline]
#[must_use]
fn documented(_: &Created) -> Done {
    Done {}
}

#[doc = "Documented as well."]
#[allow(unused_variables)]
#[cfg_attr(all(), inline(never))]
#[cfg_attr(all(), handler)]
#[cold]
fn allowed(event: &Done) {
    let unused = 1;
}

#[allow(clippy::needless_pass_by_value, clippy::unused_async)]
#[handler(order = 1)]
#[expect(unused_variables)]
async fn expected(event: Created) {
    let unused = 1;
}

#[track_caller]
#[handler]
fn tracked(_: &Done) {}

#[handler]
pub(crate) fn r#move(mut event: Created, bus: State<u8>) {
    event.number += u64::from(*bus);
    assert_eq!(event.number, 8);
}

#[handler]
fn pattern(Created { number }: &Created, _: Context) {
    assert_eq!(*number, 7);
}

/// Replaced.
#[deprecated]
#[event(type = "attributes.version")]
struct FirstVersion {}

/// Documented.
#[event(type = "attributes.version", version = 2, upcasts = FirstVersion)]
struct SecondVersion {
    #[event(key)]
    #[deprecated]
    number: u64,
}

#[expect(deprecated)]
impl From<FirstVersion> for SecondVersion {
    fn from(FirstVersion {}: FirstVersion) -> Self {
        Self { number: 3 }
    }
}

#[deprecated]
#[event(type = "attributes.outdated")]
struct Outdated {}

#[deprecated]
#[handler]
#[allow(deprecated)]
fn outdated(_: &Outdated) {}

fn main() {
    let bus = Bus::builder().state(1_u8).start().unwrap();
    let receipt = run::run(bus.emit(Created { number: 7 }));
    assert_eq!(receipt.deliveries().count(), 4);
    assert_eq!(receipt.follow_ups()[0].deliveries().count(), 2);
    receipt.into_result().unwrap();
    let version = bus.decode(br#"{"type":"attributes.version"}"#).unwrap();
    assert!(version.is::<SecondVersion>());
}
