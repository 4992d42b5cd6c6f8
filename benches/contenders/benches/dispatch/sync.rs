//! Sync handlers.

use std::hint::black_box;

use atoms::{Bus, BusBuilder, handler};
use bevy_ecs::observer::On;
use bevy_ecs::world::World;
use contenders::poll_once;
use contenders::runner::Table;

/// The event of all contenders; without text, so that making one allocates nothing.
#[atoms::event(type = "shop.order.created")]
#[derive(bevy_ecs::event::Event)]
pub(crate) struct OrderCreated {
    pub(crate) order: u64,
    pub(crate) total_cents: u64,
}

/// What a contender without a bus has.
pub(crate) type Direct = Vec<Box<dyn Fn(&OrderCreated) + Send + Sync>>;

/// Handlers that differ, so that they are not merged into one, and lists of them for each contender.
macro_rules! handlers {
    ($($name:ident $number:literal)*) => {
        $(
            #[handler]
            fn $name(order: &OrderCreated) {
                black_box(order.total_cents + $number);
            }
        )*

        const ADD: &[fn(BusBuilder) -> BusBuilder] = &[$(|builder| builder.handler::<$name>()),*];

        const BOX: &[fn(&mut Direct)] = &[$(|direct| direct.push(Box::new($name))),*];

        const OBSERVE: &[fn(&mut World)] = &[$(
            |world| {
                world.add_observer(|order: On<OrderCreated>| $name(&order));
            }
        ),*];
    };
}

handlers! {
    h01 1 h02 2 h03 3 h04 4 h05 5 h06 6 h07 7 h08 8
    h09 9 h10 10 h11 11 h12 12 h13 13 h14 14 h15 15 h16 16
}

/// The event that is emitted, of values that the compiler does not know.
///
/// They are made opaque one by one: an event that was made opaque as a whole would be written word by
/// word and then moved at once, which stalls those who take it by value and not the baseline.
#[inline]
pub(crate) fn order() -> OrderCreated {
    OrderCreated { order: black_box(1), total_cents: black_box(4_200) }
}

/// A bus with so many handlers.
pub(crate) fn bus(handlers: usize) -> Bus {
    let builder =
        ADD.iter().take(handlers).fold(Bus::builder().without_discovery(), |builder, add| add(builder));
    builder.start().expect("the handlers need nothing")
}

/// So many boxed functions.
pub(crate) fn direct(handlers: usize) -> Direct {
    let mut direct = Direct::new();
    BOX.iter().take(handlers).for_each(|add| add(&mut direct));
    direct
}

/// Calls them all.
#[inline]
pub(crate) fn call(direct: &Direct) {
    let order = order();
    black_box(order.order);
    for handler in black_box(direct) {
        handler(&order);
    }
}

/// Emits once, and looks at the receipt.
#[inline]
pub(crate) fn emit(bus: &Bus) {
    let receipt = poll_once(bus.emit(order()));
    black_box(&receipt);
}

/// Measures one event to so many handlers.
pub(crate) fn table(handlers: usize) {
    let target = match handlers {
        1 => 5.0,
        4 => 2.5,
        _ => 1.5,
    };
    let (direct, bus) = (direct(handlers), bus(handlers));
    let mut world = World::new();
    OBSERVE.iter().take(handlers).for_each(|observe| observe(&mut world));
    world.flush();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");

    let mut table = Table::new(format!("One event to {handlers} sync handlers"));
    table.add("direct calls through `Vec<Box<dyn Fn(&E)>>`", None, || call(&direct));
    table.add("atoms, polled once", Some(target), || emit(&bus));
    table.add_batch("atoms, awaited on tokio", Some(target), |iterations| {
        runtime.block_on(async {
            for _ in 0..iterations {
                let receipt = bus.emit(order()).await;
                black_box(&receipt);
            }
        });
    });
    table.add("bevy_ecs observers", None, move || world.trigger(order()));
    table.run();
}
