use atoms::prelude::*;

#[event(type = "shop.order.placed")]
struct OrderPlaced {
    order_id: String,
}

#[handler]
async fn reserve(order: &OrderPlaced, tx: Tx<'_, Sqlite>) {
    let _ = tx.execute("INSERT INTO reservations (order_id) VALUES (?)", [&order.order_id]);
}

fn main() {}
