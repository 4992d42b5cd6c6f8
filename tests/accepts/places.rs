//! Events and handlers stand wherever a struct and a function may.

use atoms::prelude::*;

mod private {
    use atoms::prelude::*;

    #[event(type = "places.private")]
    struct Private;

    /// The handler is visible farther than its event.
    #[handler(allow_cycle)]
    #[allow(private_interfaces)]
    pub(crate) fn handle(_: &Private, _: Emitter<Private>) -> Option<Private> {
        None
    }
}

pub(crate) mod public {
    use atoms::prelude::*;

    #[event(type = "places.public")]
    pub(in crate::places) struct Public {
        pub(super) count: u8,
    }

    #[handler]
    pub(in crate::places) async fn handle(_: &Public) {}
}

#[cfg(any())]
#[event(type = "Not.Looked.At")]
struct NotThere {
    id: Missing,
}

#[cfg(any())]
#[handler(nonsense)]
fn not_there(_: &Missing) {}

#[event(type = "places.behind_cfg")]
#[cfg(not(any()))]
struct BehindCfg;

#[handler]
#[cfg(not(any()))]
fn behind_cfg(_: &BehindCfg) {}

#[test]
fn events_and_handlers_may_stand_in_functions() {
    #[event(type = "places.local")]
    struct Local {
        #[event(default = 7)]
        count: u8,
        #[event(sensitive)]
        other: Option<Part>,
    }

    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Part;

    #[handler]
    fn count(local: &Local) {
        assert_eq!(local.count, 7);
    }

    fn nested() -> &'static atoms::HandlerInfo {
        #[handler(order = 2)]
        async fn count(_: Local) -> Result<(), &'static str> {
            Ok(())
        }
        <count as atoms::Handler>::info()
    }

    let local: Local = serde_json::from_str("{}").unwrap();
    count(&local);
    assert!(local.other.is_none());
    assert!(nested().is_async());
    assert_eq!(<count as atoms::Handler>::info().event_types(), nested().event_types());
}

#[test]
fn visibility_is_the_functions() {
    let handlers = Bus::builder().without_discovery();
    handlers
        .handler::<private::handle>()
        .handler::<public::handle>()
        .handler::<behind_cfg>()
        .start()
        .unwrap();
    assert_eq!(public::Public { count: 1 }.count, 1);
}
