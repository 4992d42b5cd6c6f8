use atoms::prelude::*;

#[event(type = "shop.order.created", from(client))]
struct OrderCreated {
    order_id: String,
}

#[handler]
fn confirm(order: &OrderCreated) {
    let id = order.
}

#[derive(Default)]
struct Desk;

#[node]
impl Desk {
    #[handler]
    fn see(&mut self, order: &OrderCreated) {
        let id = &order.order_id
        drop(id);
    }
}

graph! {
    struct Shop {
        Desk,
    }
}

fn main() {
    let _ = (Bus::builder().handler::<confirm>(), Shop::graph());
}
