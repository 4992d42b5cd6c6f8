//! What the bot can do, whoever decides it: a model, or rules.

use atoms::prelude::*;

use crate::shop::{OPENING_HOURS, Progress, Shop};

/// The shop has no order of this number.
#[derive(Debug, thiserror::Error)]
#[error("there is no order {0}")]
pub(crate) struct NoOrder(u32);

/// Says where an order is.
#[tool(read_only)]
fn order_status(
    /// The number of the order, which has four digits.
    number: u32,
    shop: State<Shop>,
) -> Result<String, NoOrder> {
    let order = shop.order(number).ok_or(NoOrder(number))?;
    Ok(format!("Your order {number}, the {}, {}.", order.item, order.progress))
}

/// Begins the refund of an order, and says what the customer has to do for it.
#[tool(idempotent)]
fn refund(
    /// The number of the order, which has four digits.
    number: u32,
    shop: State<Shop>,
) -> Result<String, NoOrder> {
    let order = shop.order(number).ok_or(NoOrder(number))?;
    Ok(match order.progress {
        Progress::Packed => {
            format!("Order {number} has not left yet: I have cancelled it, and you will get your money back.")
        }
        Progress::Shipped | Progress::Delivered => {
            format!("Send the {} back within 30 days, and you will get your money back.", order.item)
        }
    })
}

/// Says when the shop is open.
#[tool(read_only)]
fn opening_hours() -> String {
    format!("We are open {OPENING_HOURS}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_depends_on_where_the_order_is() {
        let shop = State::from(Shop::open());
        assert!(refund(1002, shop.clone()).unwrap().contains("cancelled"));
        assert!(refund(1003, shop.clone()).unwrap().contains("Send the bookshelf back"));
        assert_eq!(refund(9999, shop).unwrap_err().to_string(), "there is no order 9999");
    }
}
