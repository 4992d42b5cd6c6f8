//! Handlers of a test file that other tests do not want.

use atoms::prelude::*;
use atoms::testing::Recording;

use crate::failure;

#[event(type = "kit.left_out.asked")]
struct Asked {}

#[event(type = "kit.left_out.answered")]
struct Answered {
    by: String,
}

#[handler]
fn outside(_: &Asked) -> Answered {
    Answered { by: "outside".into() }
}

mod within {
    use super::*;

    #[handler]
    pub(super) fn inside(_: &Asked) -> Answered {
        Answered { by: "inside".into() }
    }

    pub(super) mod deeper {
        use super::*;

        #[handler]
        pub(crate) fn deep(_: &Asked) -> Answered {
            Answered { by: "deep".into() }
        }
    }

    pub(super) const PATH: &str = module_path!();
}

async fn answers(bus: atoms::BusBuilder) -> Vec<String> {
    // The other files of this program have handlers that need states.
    let bus = bus
        .without_handlers_of("testing::deliveries")
        .without_handlers_of("testing::recordings")
        .start()
        .unwrap();
    let recorded = Recording::of(&bus);
    bus.emit(Asked {}).await.into_result().unwrap();
    recorded.emitted::<Answered>().payloads().into_iter().map(|answered| answered.by).collect()
}

#[tokio::test]
async fn the_handlers_of_a_module_and_those_within_it_are_left_out_unless_they_are_named() {
    assert_eq!(answers(Bus::builder()).await, ["outside", "deep", "inside"]);
    assert_eq!(answers(Bus::builder().without_handlers_of(within::PATH)).await, ["outside"]);
    assert_eq!(
        answers(Bus::builder().without_handlers_of(&within::PATH[..within::PATH.len() - 1])).await.len(),
        3
    );
    let named = Bus::builder().without_handlers_of(module_path!()).handler::<within::deeper::deep>();
    assert_eq!(answers(named).await, ["deep"]);
    // The events are still known.
    let bus = Bus::builder().without_handlers_of("testing").start().unwrap();
    bus.decode(br#"{"type":"kit.left_out.asked"}"#).unwrap().downcast::<Asked>().unwrap();
    let recorded = Recording::of(&bus);
    assert!(failure(|| recorded.emitted::<Answered>().once()).contains("came never"));
}
