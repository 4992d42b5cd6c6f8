//! What newcomers write for a parameter, and what they mean.

use atoms::prelude::*;

trait Mailer: Send + Sync {
    fn send(&self);
}

struct Database;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.paid")]
struct OrderPaid;

#[event(type = "shop.order.sent")]
struct OrderSent;

#[handler]
async fn emits_two(_: &OrderCreated, out: Emitter<OrderPaid, OrderSent>) {
    out.emit(OrderPaid).await;
}

#[handler]
fn has_no_size(_: &OrderCreated, mailer: State<dyn Mailer>) {
    mailer.send();
}

#[handler]
fn the_event_last(_database: State<Database>, _: &OrderCreated) {}

#[handler]
fn two_events(_: &OrderCreated, _: &OrderPaid) {}

#[handler]
fn the_bus(_: &OrderCreated, _: &Bus) {}

fn builder() -> atoms::BusBuilder {
    Bus::builder().state(std::rc::Rc::new(1))
}

#[derive(Default)]
struct Desk;

#[node]
impl Desk {
    #[handler]
    fn emits_two(&mut self, _: &OrderCreated, out: Emitter<OrderPaid, OrderSent>) {
        drop(out.emit(OrderPaid));
    }
}

fn main() {}
