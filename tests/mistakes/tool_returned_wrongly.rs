#![allow(unused_variables)]

use std::rc::Rc;

use atoms::prelude::*;

struct Refund;

struct RefundError;

#[tool]
fn no_data(order_id: String) -> Refund {
    Refund
}

#[tool]
async fn no_data_in_a_result(order_id: String) -> Result<Refund, String> {
    Ok(Refund)
}

#[tool]
fn no_error(order_id: String) -> Result<u8, RefundError> {
    Err(RefundError)
}

type Paid = Result<u8, String>;

#[tool]
fn not_spelled(order_id: String) -> Paid {
    Ok(1)
}

#[tool]
async fn not_send(order_id: String) -> u8 {
    let count = Rc::new(1);
    std::future::ready(()).await;
    *count
}

fn main() {}
