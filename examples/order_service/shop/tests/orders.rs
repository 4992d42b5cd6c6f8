//! What the shop does with an order.

use std::time::Duration;

use atoms::prelude::*;
use atoms::testing::{Recording, StandIn, TestDelivery};
use shop::{
    GetQuote, NoSuchItem, OrderConfirmed, OrderPlaced, PaymentDue, PaymentReceived, Prices, TIME_TO_PAY,
    Tenant,
};

fn bus() -> atoms::BusBuilder {
    Bus::builder().inherit([Tenant::KEY]).state(Prices::from_iter([("nails", 2)]))
}

fn order(item: &str) -> OrderPlaced {
    OrderPlaced { order_id: "o-1".into(), item: item.into(), count: 200, email: "ada@example.com".into() }
}

/// In the service, another crate handles it.
#[handler]
fn mailed(_: &OrderConfirmed) {}

#[tokio::test(start_paused = true)]
async fn an_order_is_confirmed_and_a_reminder_follows_when_the_time_to_pay_is_over() {
    let bus = bus().start().unwrap();
    let recorded = Recording::of(&bus).patience(TIME_TO_PAY + Duration::from_secs(1));
    let placed = Envelope::new(order("nails")).with_metadata(Tenant("t-1".into()).metadata());
    bus.post(placed).await.unwrap();
    bus.idle().await;

    recorded.in_order::<(OrderPlaced, GetQuote, OrderConfirmed)>();
    let confirmed = recorded.emitted::<OrderConfirmed>().once();
    assert_eq!(confirmed.total_cents, 400);
    recorded.nothing_else();

    let due = recorded.expect::<PaymentDue>().await;
    assert_eq!(due.total_cents, 400);
    let waited = due.timestamp().unix_micros() - confirmed.timestamp().unix_micros();
    assert_eq!(Duration::from_micros(waited.unsigned_abs()), TIME_TO_PAY);
    for metadata in [confirmed.metadata(), due.metadata()] {
        assert_eq!(metadata.get(Tenant::KEY).unwrap(), "t-1");
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_paid_is_not_reminded() {
    let bus = bus().start().unwrap();
    let recorded = Recording::of(&bus);
    bus.emit(order("nails")).await.into_result().unwrap();
    bus.emit(PaymentReceived { order_id: "o-2".into(), cents: 400 }).await.into_result().unwrap();
    assert_eq!(bus.delayed().list().await.unwrap().len(), 1);
    bus.emit(PaymentReceived { order_id: "o-1".into(), cents: 400 }).await.into_result().unwrap();
    assert_eq!(bus.delayed().list().await.unwrap().len(), 0);
    tokio::time::sleep(2 * TIME_TO_PAY).await;
    recorded.emitted::<PaymentDue>().never();
}

#[tokio::test]
async fn what_the_shop_does_not_have_is_not_confirmed() {
    let bus = bus().start().unwrap();
    let recorded = Recording::of(&bus);
    let receipt = bus.emit(order("saws")).await;
    assert!(receipt.failures()[0].error.to_string().contains("there are no saws in this shop"), "{receipt}");
    bus.idle().await;
    recorded.emitted::<OrderConfirmed>().never();
}

#[tokio::test]
async fn the_price_is_asked_of_whoever_knows_it() {
    let answer =
        |ask: &GetQuote| if ask.count > 100 { Ok(ask.count) } else { Err(NoSuchItem(ask.item.clone())) };
    let bus = bus().stand_in(answer).start().unwrap();
    let recorded = Recording::of(&bus);
    bus.post(order("saws")).await.unwrap();
    bus.idle().await;
    assert_eq!(recorded.emitted::<OrderConfirmed>().once().total_cents, 200);
}

#[test]
fn an_event_without_a_shop_has_no_tenant() {
    let bus = bus().start().unwrap();
    let of = |event: Envelope<OrderPlaced>| TestDelivery::new(&bus, event).extract::<Option<Tenant>>();
    assert_eq!(of(order("nails").into()), None);
    let tenant = Tenant("t-1".into());
    assert_eq!(of(Envelope::new(order("nails")).with_metadata(tenant.metadata())), Some(tenant));
}
