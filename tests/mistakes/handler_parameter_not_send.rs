//! What an async handler has extracted is moved between threads. A sync one may have it.

use std::rc::Rc;

use atoms::prelude::*;
use atoms::{Delivery, ExtractError, FromDelivery, PrepareError, StartContext};

#[event(type = "shop.order.created")]
struct OrderCreated {}

struct Local(#[allow(dead_code)] Rc<u8>);

impl FromDelivery for Local {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), _: &Delivery<'_>) -> Result<Self, ExtractError> {
        Ok(Self(Rc::new(1)))
    }
}

#[handler]
fn sync(_: &OrderCreated, _: Local) {}

#[handler]
async fn asynchronous(_: &OrderCreated, _: Local) {}

fn main() {}
