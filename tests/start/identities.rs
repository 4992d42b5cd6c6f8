//! What a dead letter, or a store, calls a handler is one handler.

use super::*;

#[handler(id = "start.mail", was = "start::old::mail")]
fn mail(_: &Asked) {}

#[handler(id = "start.mail")]
fn mail_too(_: &Asked) {}

#[handler(was = ["start.mail", "start.other"])]
fn was_mail(_: &Asked) {}

#[handler(was = "start::old::mail")]
fn was_mail_too(_: &Asked) {}

#[handler]
fn plain(_: &Asked) {}

#[test]
fn the_identity_is_the_path_unless_another_is_given() {
    let bus = bus().handler::<mail>().handler::<plain>().start().unwrap();
    let registry = bus.registry();
    let id = |id| registry.handler(id).map(HandlerInfo::id);
    assert_eq!(id("start.mail"), Some("start.mail"));
    assert_eq!(id("start::old::mail"), Some("start.mail"));
    assert_eq!(id("start::identities::plain"), Some("start::identities::plain"));
    assert_eq!(id("start::identities::mail"), None);
    assert_eq!(<mail as Handler>::info().was(), ["start::old::mail"]);
}

#[test]
fn two_handlers_of_one_identity_do_not_start() {
    let error = refused(bus().handler::<mail>().handler::<mail_too>());
    let [StartProblem::SameIdentity { id, first, second }] = error.problems() else { panic!("{error}") };
    assert_eq!((*id, first.id(), second.id()), ("start.mail", "start.mail", "start.mail"));
    let message = error.to_string();
    assert!(
        message.contains("two handlers have the identity `start.mail`: start::identities::mail "),
        "{message}"
    );
    assert!(message.contains("give one of them another with `#[handler(id = \"...\")]`"), "{message}");
}

#[test]
fn what_a_handler_was_is_no_other_handler() {
    let message = refused(bus().handler::<mail>().handler::<was_mail>()).to_string();
    assert!(message.contains("says `was = \"start.mail\"`, which is the identity of handler"), "{message}");
    let message = refused(bus().handler::<mail>().handler::<was_mail_too>()).to_string();
    assert!(message.contains("both say `was = \"start::old::mail\"`"), "{message}");
    assert!(bus().handler::<was_mail>().handler::<plain>().start().is_ok());
}

/// Two handlers of one name in bodies of functions, which have one path.
fn of_one_path() -> atoms::BusBuilder {
    let one = |bus: atoms::BusBuilder| {
        #[handler]
        fn local(_: &Asked) {}
        bus.handler::<local>()
    };
    let other = |bus: atoms::BusBuilder| {
        #[handler]
        fn local(_: &Asked) {}
        bus.handler::<local>()
    };
    other(one(bus()))
}

#[test]
fn two_handlers_of_one_path_start_where_nothing_is_stored() {
    let bus = of_one_path().start().unwrap();
    assert_eq!(bus.registry().handlers().len(), 2);
    assert!(bus.registry().handler("start::identities::local").is_none());
    let letters = std::sync::Arc::new(atoms::MemoryLetters::new(1, 1_000));
    let message = refused(of_one_path().letter_store(letters)).to_string();
    assert!(message.contains("two handlers have the identity `start::identities::local`"), "{message}");
}
