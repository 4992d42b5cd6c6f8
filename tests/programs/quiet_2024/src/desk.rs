//! Nodes and a graph.

use atoms::prelude::*;

use crate::shop::{OrderConfirmed, OrderCreated};

/// A node.
#[derive(Debug, Default)]
pub struct Desk {
    seen: u64,
}

#[node(severity = "fatal")]
impl Desk {
    /// Returns an event.
    ///
    /// # Errors
    ///
    /// Never.
    #[handler]
    pub async fn created(
        &mut self,
        order: OrderCreated,
        context: Context,
    ) -> Result<Option<OrderConfirmed>, String> {
        self.seen += order.count;
        drop(context);
        Ok(std::future::ready(Some(OrderConfirmed { order: order.order })).await)
    }

    /// Sees the others.
    #[handler]
    pub fn others(&mut self, _: &AnyEvent) {
        self.seen += 1;
    }
}

/// Another one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listener;

#[node]
impl Listener {
    #[handler]
    fn confirmed(&mut self, _: &OrderConfirmed) {}
}

graph! {
    /// Both.
    pub struct Desks {
        Desk -> Listener,
    }
}
