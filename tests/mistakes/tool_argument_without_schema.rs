#![allow(unused_variables)]

use atoms::prelude::*;
use atoms::serde::{Deserialize, Serialize};
use atoms::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};

struct Money(u64);

/// Serializable, and without a schema.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(crate = "atoms::serde")]
struct Address {
    street: String,
}

struct Tenant;

impl FromDelivery for Tenant {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery(_: &(), _: &Delivery<'_>) -> Result<Self, ExtractError> {
        Ok(Self)
    }
}

#[tool]
fn nothing(order_id: String, money: Money) {}

#[tool]
async fn no_schema(order_id: String, to: Vec<Address>) {}

#[tool]
fn in_a_tuple(to: (String, Option<Address>)) {}

#[tool]
fn not_marked(order_id: String, tenant: Tenant) {}

#[tool]
fn not_extracted(order_id: String, #[extract] money: Money) {}

#[tool]
fn not_marked_as_extracted(order_id: String, client: Identity<Tenant>) {}

mod own {
    pub struct State;
}

#[tool]
fn by_its_name(state: own::State) {}

fn main() {}
