//! What has become of each order.

use std::collections::HashMap;
use std::sync::Mutex;

use atoms::prelude::*;
use serde::Serialize;
use shop::{OrderConfirmed, OrderPlaced, PaymentReceived, Tenant};

/// The orders by their ids. A real service has a database here.
#[derive(Default)]
pub struct Orders(Mutex<HashMap<String, Order>>);

/// An order, as customers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    pub tenant: String,
    pub status: Status,
    pub total_cents: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Placed,
    Confirmed,
    Paid,
}

impl Orders {
    /// Returns the order with this id.
    pub fn get(&self, id: &str) -> Option<Order> {
        self.0.lock().unwrap().get(id).cloned()
    }
}

#[event_set]
enum OfOrder {
    Placed(OrderPlaced),
    Confirmed(OrderConfirmed),
    Paid(PaymentReceived),
}

#[handler]
fn track(event: &OfOrder, tenant: Tenant, orders: State<Orders>) {
    let (id, status, total_cents) = match event {
        OfOrder::Placed(order) => (&order.order_id, Status::Placed, None),
        OfOrder::Confirmed(order) => (&order.order_id, Status::Confirmed, Some(order.total_cents)),
        OfOrder::Paid(payment) => (&payment.order_id, Status::Paid, Some(payment.cents)),
    };
    orders.0.lock().unwrap().insert(id.clone(), Order { tenant: tenant.0, status, total_cents });
}
