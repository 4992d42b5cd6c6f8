//! Answering a request in a test.

use atoms::prelude::*;
use atoms::testing::StandIn;
use atoms::{Delivery, Interceptor, RequestError, Veto};

use crate::bus;

struct Warehouse;

#[request(type = "stand_ins.count", reply = usize)]
struct CountStock {
    item: String,
}

fn nails() -> CountStock {
    CountStock { item: "nails".into() }
}

#[handler]
fn count(_: &CountStock, _: State<Warehouse>) -> usize {
    unreachable!("there is no warehouse")
}

#[tokio::test]
async fn a_stand_in_answers_in_place_of_the_handler_which_needs_no_states() {
    let bus = bus().handler::<count>().stand_in(|ask: &CountStock| ask.item.len()).start().unwrap();
    assert_eq!(bus.request(nails()).await.unwrap(), 5);
    assert_eq!(bus.registry().handlers().len(), 1);
    let handler = bus.registry().handlers()[0];
    assert!(handler.path().contains("stand_ins::a_stand_in_answers"), "{handler}");
    assert!(handler.file().ends_with("stand_ins.rs"), "{handler}");
}

#[tokio::test]
async fn a_stand_in_answers_where_there_is_no_handler() {
    let bus = bus().stand_in(|_: &CountStock| 7).start().unwrap();
    assert_eq!(bus.request(nails()).await.unwrap(), 7);
}

#[tokio::test]
async fn a_stand_in_may_fail() {
    let bus = bus().stand_in(|_: &CountStock| Err::<usize, _>("out of order")).start().unwrap();
    let error = bus.request(nails()).await.unwrap_err();
    assert!(matches!(error, RequestError::Failed { .. }), "{error:?}");
    assert!(error.to_string().ends_with("out of order"), "{error}");
}

#[tokio::test]
async fn the_last_stand_in_counts() {
    let bus = bus().stand_in(|_: &CountStock| 1).stand_in(|_: &CountStock| 2).start().unwrap();
    assert_eq!(bus.request(nails()).await.unwrap(), 2);
}

#[tokio::test]
async fn stand_ins_of_two_buses_know_nothing_of_each_other() {
    let counting = |count: usize| bus().stand_in(move |_: &CountStock| count).start().unwrap();
    let (one, two) = (counting(1), counting(2));
    assert_eq!(one.request(nails()).await.unwrap(), 1);
    assert_eq!(two.request(nails()).await.unwrap(), 2);
}

struct NotAt(&'static str);

impl Interceptor for NotAt {
    fn before_delivery(&self, delivery: &Delivery<'_>) -> Result<(), Veto> {
        if delivery.handler().path().contains(self.0) { Err(Veto::new(self.0)) } else { Ok(()) }
    }
}

#[tokio::test]
async fn interceptors_know_a_stand_in_by_its_place() {
    let here = NotAt("interceptors_know_a_stand_in_by_its_place");
    let bus = bus().stand_in(|_: &CountStock| 1).interceptor(here).start().unwrap();
    let error = bus.request(nails()).await.unwrap_err();
    assert!(error.to_string().contains("vetoed by"), "{error}");
}
