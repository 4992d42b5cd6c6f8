//! What all conversations share: the shop's order book, its opening hours, and its tickets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) const OPENING_HOURS: &str = "Monday to Friday from 9 to 18, and on Saturday from 10 to 14";

/// A small shop. The bus has it as a state, so that every node can ask for it.
pub(crate) struct Shop {
    orders: BTreeMap<u32, Order>,
    last_ticket: AtomicU32,
}

pub(crate) struct Order {
    pub(crate) item: &'static str,
    pub(crate) progress: Progress,
}

/// How far an order has come.
#[derive(Clone, Copy)]
pub(crate) enum Progress {
    Packed,
    Shipped,
    Delivered,
}

impl Shop {
    /// A shop with three orders, one of each kind.
    pub(crate) fn open() -> Self {
        let orders = [
            (1001, Order { item: "kettle", progress: Progress::Shipped }),
            (1002, Order { item: "desk lamp", progress: Progress::Packed }),
            (1003, Order { item: "bookshelf", progress: Progress::Delivered }),
        ];
        Self { orders: BTreeMap::from(orders), last_ticket: AtomicU32::new(0) }
    }

    pub(crate) fn order(&self, number: u32) -> Option<&Order> {
        self.orders.get(&number)
    }

    /// A number for something that a human has to look at.
    pub(crate) fn next_ticket(&self) -> u32 {
        self.last_ticket.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packed => "is being packed and leaves tomorrow",
            Self::Shipped => "is on its way and arrives tomorrow",
            Self::Delivered => "was delivered on Monday",
        })
    }
}
