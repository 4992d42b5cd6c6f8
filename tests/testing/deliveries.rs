//! Handlers that a test calls as functions.

use atoms::prelude::*;
use atoms::testing::{TestDelivery, emitter};
use atoms::{Delivery, ExtractError, FromDelivery, Metadata, PrepareError, StartContext};

use crate::{bus, failure};

#[event(type = "kit.delivery.asked")]
struct Asked {}

#[event(type = "kit.delivery.answered")]
struct Answered {
    by: String,
}

#[event(type = "kit.delivery.refused")]
struct Refused {}

/// Whom the event belongs to.
#[derive(Debug)]
struct Tenant(String);

impl FromDelivery for Tenant {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let tenant = delivery.metadata().get("tenant").and_then(|tenant| tenant.as_str());
        tenant.map(|tenant| Self(tenant.to_owned())).ok_or_else(|| ExtractError::missing("no tenant"))
    }
}

#[handler]
async fn answer(
    _: &Asked,
    out: Emitter<(Answered, Refused)>,
    tenant: Option<Tenant>,
    greeting: State<String>,
    context: Context,
) -> Result<(), atoms::HandlerError> {
    assert_eq!(context.handler().path(), "testing::deliveries::answer");
    match tenant {
        Some(tenant) => {
            out.emit(Answered { by: format!("{} {}", *greeting, tenant.0) }).await.into_result()?
        }
        None => out.emit(Refused {}).await.into_result()?,
    }
    Ok(())
}

#[tokio::test]
async fn the_parameters_of_a_handler_are_extracted() {
    let bus = bus().state("hello".to_owned()).start().unwrap();
    let metadata = Metadata::from_iter([("tenant", "t-1")]);
    let asked = Envelope::new(Asked {}).with_metadata(metadata).with_id("a-1".parse().unwrap());
    let delivery = TestDelivery::new(&bus, asked).to::<answer>();
    let call = answer(
        delivery.event(),
        delivery.extract(),
        delivery.extract(),
        delivery.extract(),
        delivery.extract(),
    );
    call.await.unwrap();
    let answered = delivery.emitted::<Answered>().once();
    assert_eq!(answered.by, "hello t-1");
    assert_eq!(answered.metadata().causation_id(), Some("a-1"));
    delivery.nothing_else();

    let delivery = TestDelivery::new(&bus, Asked {});
    assert!(delivery.extract::<Option<Tenant>>().is_none());
    assert!(delivery.try_extract::<Tenant>().unwrap_err().to_string().contains("no tenant"));
    let told = failure(|| delivery.extract::<State<u8>>());
    assert!(told.contains("the bus has no state `u8`"), "{told}");
}

#[handler]
async fn refuse(_: &Asked, out: Emitter<Refused>) {
    out.emit(Refused {}).await;
}

#[tokio::test]
async fn an_emitter_is_made_with_the_recording_of_what_it_emits() {
    let (out, emitted) = emitter();
    refuse(&Asked {}, out).await;
    emitted.emitted::<Refused>().once();
    emitted.nothing_else();
    let (out, emitted) = emitter();
    refuse(&Asked {}, out).await;
    assert!(failure(|| emitted.nothing_else()).starts_with("1 event was emitted"));
}
