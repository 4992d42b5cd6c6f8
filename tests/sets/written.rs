//! How a set may be written.

#![deny(warnings)]

use crate::{Cancelled, Created, Noted};

/// Nothing of the prelude is taken to be what it was.
mod shadowed {
    use ::atoms::{AnyEvent, event_set};

    #[expect(dead_code, reason = "only the names matter")]
    mod prelude {
        pub(super) struct Option;
        pub(super) struct Result;
        pub(super) struct Vec;
        pub(super) struct Clone;
        pub(super) struct Debug;
        pub(super) struct From;
        pub(super) struct TryFrom;
        pub(super) struct Some;
        pub(super) struct Event;
        pub(super) fn drop() {}
    }

    #[allow(unused_imports, reason = "the names are in scope, and not used")]
    use prelude::*;

    #[allow(dead_code, reason = "only the names matter")]
    mod std {}
    #[allow(dead_code, reason = "only the names matter")]
    mod core {}

    #[event_set]
    #[allow(dead_code, reason = "that it compiles is all")]
    pub(super) enum Closed {
        Created(super::Created),
        Noted(::atoms::Envelope<super::Noted>),
    }

    #[event_set]
    pub(super) enum Open {
        Created(super::Created),
        #[other]
        Other(AnyEvent),
    }
}

/// With a path of its own, derives, docs, and events that only this module sees.
pub(crate) mod with_attributes {
    use atoms::{Envelope, event, event_set, handler};

    mod re_exported {
        #[allow(clippy::single_component_path_imports, reason = "it gives the crate another path")]
        pub(super) use atoms;
    }

    #[event(type = "sets.private")]
    #[derive(PartialEq)]
    struct Private {}

    #[event(type = "sets.old")]
    #[derive(PartialEq)]
    #[deprecated]
    struct Old {}

    /// Documented.
    #[event_set(crate = re_exported::atoms)]
    #[derive(Clone, PartialEq)]
    #[non_exhaustive]
    #[allow(private_interfaces, deprecated)]
    pub enum Attributed {
        /// Of this module only.
        Private(Private),
        #[cfg(any())]
        NotThere(Missing),
        #[cfg(not(any()))]
        There(super::Created),
        Old(Old),
    }

    #[handler]
    pub(crate) fn handle(event: Attributed) {
        assert!(event == Attributed::There(super::Created { number: 1 }));
    }

    #[event_set]
    #[derive(Debug)]
    #[cfg(not(any()))]
    pub(crate) enum BehindCfg {
        #[cfg(any())]
        One(super::Created),
        #[cfg(not(any()))]
        Other(Envelope<super::Created>),
    }
}

macro_rules! set {
    ($name:ident { $($variant:ident: $event:ty),* }) => {
        #[atoms::event_set]
        enum $name {
            $($variant($event)),*
        }
    };
}

/// Its variants hold what the macro names itself.
macro_rules! named_by_crate {
    ($name:ident) => {
        #[atoms::event_set]
        enum $name {
            Created($crate::Created),
            Noted($crate::Noted),
        }
    };
}

named_by_crate!(NamedByCrate);

set!(FromMacro { Created: Created, Cancelled: atoms::Envelope<Cancelled>, Noted: Noted });

#[test]
fn a_set_shows_itself_as_a_derive_would() {
    let set = FromMacro::from(Created { number: 1 });
    assert_eq!(format!("{:?}", set.clone()), "Created(Created { number: 1 })");
    assert_eq!(format!("{set:#?}"), "Created(\n    Created {\n        number: 1,\n    },\n)");
    let other = shadowed::Open::from(atoms::AnyEvent::from(atoms::Envelope::new(Noted {})));
    let text = format!("{:?}", other.clone());
    assert!(text.starts_with("Other(Envelope {") && text.ends_with("event: Noted })"), "{text}");
    let closed = shadowed::Closed::Created(Created { number: 2 });
    assert_eq!(format!("{:?}", closed.clone()), "Created(Created { number: 2 })");
    assert!(matches!(FromMacro::from(Noted {}), FromMacro::Noted(_)));
    assert!(matches!(NamedByCrate::from(Noted {}), NamedByCrate::Noted(_)));
}

#[tokio::test]
async fn a_set_keeps_its_attributes() {
    let bus = crate::bus().handler::<with_attributes::handle>().start().unwrap();
    let receipt = bus.emit(Created { number: 1 }).await;
    assert_eq!(receipt.deliveries().count(), 1);
    receipt.into_result().unwrap();
    let behind: with_attributes::BehindCfg = atoms::Envelope::new(Created { number: 1 }).into();
    assert!(format!("{:?}", behind.clone()).starts_with("Other("));
}

#[test]
fn a_set_may_stand_in_a_function() {
    #[atoms::event_set]
    enum Local {
        Created(Created),
    }

    #[atoms::handler]
    fn local(event: &Local) {
        let Local::Created(_) = event;
    }

    assert_eq!(<local as atoms::Handler>::info().event_types().len(), 1);
}
