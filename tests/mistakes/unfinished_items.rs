use atoms::prelude::*;

#[event(type = "shop.order.created", from(client))]
#[derive(PartialEq)]
pub struct OrderCreated {
    #[event(key)]
    pub order_id: String,
    #[serde(default)]
    pub count: u32
    pub name: String,
}

#[event(type = "shop.order.paid")]
struct OrderPaid {
    order_id:
}

#[request(type = "shop.order.get", reply = u64)]
struct GetOrder {
    order_id: String,
    count
}

#[handler]
fn confirm(order: &OrderCreated) -> Option<OrderPaid> {
    println!("{order:?} {}", order.order_id);
    None
}

#[handler]
fn answer(_: &GetOrder) -> u64 {
    1
}

#[handler]
fn without_type(order: &) {}

#[handler]
fn without_body(order: &OrderCreated);

#[derive(Default)]
struct Desk;

#[node]
impl Desk {
    #[handler]
    fn see(&mut self, _: &OrderCreated) {}

    #[started]
    fn begin(&mut self,  -> u8) {}
}

graph! {
    struct Shop {
        Desk,
    }
}

async fn emit(bus: &Bus, order: &OrderCreated) {
    let _ = bus.emit(order.clone()).await;
}

fn main() {
    let _ = (Bus::builder().handler::<without_type>(), Shop::graph());
}
