use std::rc::Rc;

use atoms::prelude::*;
use atoms::{ExtractError, FromSyncDelivery, PrepareError, StartContext, SyncDelivery};

#[event(type = "shop.order.created")]
struct OrderCreated;

struct Transaction<'a>(&'a str);

impl FromSyncDelivery for Transaction<'_> {
    type Prepared = ();
    type Extracted<'d> = Transaction<'d>;

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery<'d>((): &'d (), delivery: &SyncDelivery<'d>) -> Result<Transaction<'d>, ExtractError> {
        Ok(Transaction(delivery.event_type()))
    }
}

struct Statements(Rc<u8>);

impl FromSyncDelivery for Statements {
    type Prepared = ();
    type Extracted<'d> = Self;

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery<'d>((): &'d (), _: &SyncDelivery<'d>) -> Result<Self, ExtractError> {
        Ok(Self(Rc::new(0)))
    }
}

#[handler]
fn takes_both(_: &OrderCreated, transaction: Transaction<'_>, statements: Option<Statements>) {
    println!("{} {:?}", transaction.0, statements.map(|statements| statements.0));
}

#[handler]
async fn borrows(_: &OrderCreated, _: Transaction<'_>) {}

#[handler]
async fn is_not_send(_: &OrderCreated, _: Statements) {}

fn main() {}
