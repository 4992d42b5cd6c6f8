use atoms::prelude::*;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn generic<T: Event>(_: &T) {}

#[handler]
fn sized<const N: usize>(_: &OrderCreated) {}

#[handler]
fn lifetime<'a>(_: &'a OrderCreated) {}

#[handler]
fn hidden(_: &impl Event, _: State<impl Send>) {}

#[handler]
const fn constant(_: &OrderCreated) {}

#[handler]
unsafe fn unchecked(_: &OrderCreated) {}

#[handler]
extern "C" fn foreign(_: &OrderCreated) {}

#[handler]
fn changes(_: &mut OrderCreated) {}

#[handler]
fn keeps(_: &'static OrderCreated) {}

struct Confirmer;

impl Confirmer {
    #[handler]
    fn confirm(&mut self, _: &OrderCreated) {}
}

#[handler]
struct NoFunction;

fn main() {}
