use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn confirm(_: &OrderCreated);

trait Shop {
    #[handler]
    fn confirm(_: &OrderCreated);

    #[handler]
    async fn pack(&self, order: &OrderCreated);
}

fn main() {}
