//! A call of a tool by its name, with JSON as a model sends it.

use std::hint::black_box;

use atoms::prelude::*;
use contenders::poll_once;
use contenders::runner::Table;
use serde_json::{Value, json};

/// Pays money back to a customer.
#[tool]
fn refund(
    /// The order, as on the invoice.
    order_id: String,
    cents: u64,
    reason: Option<String>,
) -> u64 {
    black_box((order_id, reason));
    black_box(cents)
}

const FRAME: &str = r#"{"order_id":"o-20261121-0042","cents":4200,"reason":"the parcel came open, and half of it was missing"}"#;

fn parsed() -> Value {
    serde_json::from_str(black_box(FRAME)).expect("it is JSON")
}

/// Measures such a call against what it cannot do without.
pub(crate) fn table() {
    let bus = Bus::builder().without_discovery().tool::<refund>().start().expect("the tool needs nothing");
    let schema = <refund as Tool>::info().schema();
    let validator = jsonschema::validator_for(schema).expect("it is a schema");

    let mut table = Table::new("A call of 100 bytes of JSON");
    table.add("parse, validate (jsonschema), read, call the function, write", None, || {
        let arguments = parsed();
        validator.validate(&arguments).expect("it is valid");
        let RefundArgs { order_id, cents, reason } =
            serde_json::from_value(arguments).expect("it is of this type");
        black_box(json!(refund(order_id, cents, reason)));
    });
    table.add("parse, and call by name", None, || {
        let called = poll_once(bus.tools().call("refund", parsed()));
        black_box(called.expect("it succeeds"));
    });
    table.run();
}
