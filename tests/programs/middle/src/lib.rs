//! A library in the middle: it emits what other crates handle, and asks what they answer.

use atoms::prelude::*;
use shop::{GetRebate, OrderCreated, OrderPaid};

/// Emits what `billing` handles.
#[handler]
pub fn pay(order: &OrderCreated) -> OrderPaid {
    OrderPaid { order_id: order.order_id.clone() }
}

/// Asks what others answer.
///
/// ```
/// let bus = atoms::Bus::builder().without_discovery().start().unwrap();
/// assert_eq!(run::run(middle::rebate(&bus)), None);
/// ```
pub async fn rebate(bus: &Bus) -> Option<u64> {
    bus.request(GetRebate {}).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_paid() {
        assert_eq!(pay(&OrderCreated { order_id: "o-1".into() }).order_id, "o-1");
    }

    #[test]
    fn there_is_no_rebate() {
        let bus = Bus::builder().without_discovery().start().unwrap();
        assert_eq!(run::run(rebate(&bus)), None);
    }
}
