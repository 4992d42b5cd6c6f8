//! `new`: an event made in Rust has the values that it has if a frame lacks them.

use atoms::prelude::*;

use super::{encode, read};

#[event(type = "test.escalation", new)]
#[derive(PartialEq)]
struct Escalation {
    reason: String,
    #[event(default = "medium".to_owned())]
    severity: String,
    #[serde(default)]
    level: u8,
    #[serde(default = "three", rename = "tries")]
    attempts: u32,
    note: Option<String>,
    #[serde(skip)]
    seen: bool,
    r#async: bool,
    #[cfg(false)]
    absent: u8,
}

fn three() -> u32 {
    3
}

#[event(type = "test.ping", new)]
#[derive(PartialEq)]
struct Ping;

/// How much it costs.
#[request(type = "test.price.get", reply = u64, new)]
struct GetPrice {
    item: String,
    #[event(default = 1)]
    count: u64,
}

#[handler]
fn price(asked: &GetPrice) -> u64 {
    asked.count * asked.item.len() as u64
}

#[test]
fn what_a_frame_may_lack_a_constructor_does_not_take() {
    let made = Escalation::new("angry".to_owned(), true);
    let frame = r#"{"type":"test.escalation","reason":"angry","async":true}"#;
    assert_eq!(made, *read::<Escalation>(frame));
    assert_eq!((&*made.severity, made.attempts, &made.note), ("medium", 3, &None));
    let high = Escalation { severity: "high".to_owned(), ..Escalation::new("angry".to_owned(), true) };
    assert_eq!(*read::<Escalation>(&encode(&AnyEvent::from(Envelope::new(high.clone())))), high);
    assert_eq!(Ping::new(), Ping);
}

#[tokio::test]
async fn a_request_with_defaults_is_asked() {
    let bus = Bus::builder().without_discovery().handler::<price>().start().unwrap();
    assert_eq!(bus.request(GetPrice::new("saw".to_owned())).await.unwrap(), 3);
}
