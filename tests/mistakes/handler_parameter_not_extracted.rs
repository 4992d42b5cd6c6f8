use atoms::prelude::*;

struct Database;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[handler]
fn only(_: &OrderCreated, _: Database) {}

#[handler]
async fn one_of_several(_: &OrderCreated, _: State<Database>, _: Database, _: Context) {}

#[handler]
fn the_event_twice(_: &OrderCreated, _: OrderCreated) {}

#[handler]
fn by_reference(_: &OrderCreated, _: &Database) {}

#[handler]
fn state_by_reference(_: &OrderCreated, _: &mut State<Database>, _: Context) {}

#[handler]
fn borrows(_: &OrderCreated, _: State<&str>) {}

#[handler]
fn emits_no_event(_: &OrderCreated, _: Emitter<Database>) {}

#[handler]
fn not_shared(_: &OrderCreated, _: State<std::rc::Rc<u8>>) {}

#[handler]
fn behind_cfg(_: &OrderCreated, #[cfg(all())] _: Context) {}

fn main() {}
