//! Requests, with any type as their reply, at any place.

use std::collections::HashMap;

use atoms::prelude::*;

#[request(type = "requests.map", reply = HashMap<String, Vec<(u8, Option<[u8; 4]>)>>, deny_unknown_fields)]
#[derive(PartialEq)]
pub(crate) struct GetMap {
    #[request(default = 3)]
    size: u32,
    #[request(sensitive)]
    secret: String,
}

type Mapped = HashMap<String, Vec<(u8, Option<[u8; 4]>)>>;

#[handler]
fn map(_: &GetMap) -> Result<Mapped, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Mapped::new())
}

macro_rules! requests {
    ($($name:ident = $type:literal => $reply:ty, $answer:ident;)*) => {
        $(
            #[request(type = $type, reply = $reply, crate = $crate::made_by_macros::re_exported::atoms)]
            struct $name;

            #[handler(crate = $crate::made_by_macros::re_exported::atoms)]
            async fn $answer(_: $name) -> $reply {
                Default::default()
            }
        )*
    };
}

requests! {
    GetSize = "requests.size" => (usize, Vec<u8>), size;
    GetText = "requests.text" => &'static str, text;
    GetNothing = "requests.nothing" => (), nothing;
}

#[cfg(any())]
#[request(type = "requests.never", reply = Nowhere)]
struct Never;

#[test]
fn requests_may_stand_anywhere_and_reply_anything() {
    /// As visible as the request.
    #[derive(Default)]
    struct Inner;

    #[request(type = "requests.inner", reply = Inner)]
    struct GetInner;

    #[handler]
    fn inner(_: &GetInner) -> Inner {
        Inner
    }

    let bus = Bus::builder().without_discovery().handler::<map>().handler::<size>().handler::<text>();
    let bus = bus.handler::<nothing>().handler::<inner>().start().unwrap();
    let requests = bus.registry().events().iter().filter(|event_type| event_type.is_request());
    assert_eq!(requests.count(), 5);
}

#[test]
fn fields_of_requests_are_as_those_of_events() {
    let read: GetMap = serde_json::from_str(r#"{"secret":"s"}"#).unwrap();
    assert_eq!(read, GetMap { size: 3, secret: "s".into() });
    assert!(format!("{read:?}").contains("[redacted]"));
    assert!(serde_json::from_str::<GetMap>(r#"{"secret":"s","more":1}"#).is_err());
}
