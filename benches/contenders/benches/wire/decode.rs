//! Frames in: to the struct that one knows, and by the type that the frame says.

use std::hint::black_box;

use atoms::{Bus, handler};
use contenders::poll_once;
use contenders::runner::Table;

use super::many;
use super::order::{Known, OrderPlaced, Place, Size, frame};
use super::tagged::{Flattened, Tagged, Typetag};

#[handler]
fn total(order: &OrderPlaced) {
    black_box(order.total_cents);
}

/// A bus that knows so many events.
pub(crate) fn bus(events: usize) -> Bus {
    let builder = Bus::builder().without_discovery().handler::<total>();
    let builder = many::ADD.iter().take(events - 1).fold(builder, |builder, add| add(builder));
    builder.start().expect("the handlers need nothing")
}

/// Measures frames of one size, with the type in one place.
pub(crate) fn table(size: Size, place: Place) {
    let frame = frame(size, place);
    let target = if matches!(place, Place::Middle) { 1.4 } else { 1.15 };
    let buses = [1, 100, 1_000].map(|events| (events, bus(events)));
    let input = || black_box(&*frame);

    let mut table = Table::new(format!("A frame of {} bytes in, `type` {place:?}", frame.len()));
    table.add("serde_json into the known struct", None, || {
        black_box(&serde_json::from_slice::<Known<'_>>(input()).expect("a sound frame"));
    });
    for (events, bus) in &buses {
        table.add(format!("atoms `receive`, of {events} events"), Some(target), || {
            let receipt = poll_once(bus.receive(input())).expect("a sound frame");
            black_box(&receipt);
        });
    }
    let (_, bus) = &buses[2];
    table.add("atoms `decode`, of 1000 events", None, || {
        black_box(&bus.decode(input()).expect("a sound frame"));
    });
    table.add("enum with `serde(tag)`, of 100", None, || {
        black_box(&serde_json::from_slice::<Tagged>(input()).expect("a sound frame"));
    });
    table.add("`serde(flatten)` of the known struct", None, || {
        black_box(&serde_json::from_slice::<Flattened>(input()).expect("a sound frame"));
    });
    table.add("typetag, of 100", None, || {
        black_box(&serde_json::from_slice::<Box<dyn Typetag>>(input()).expect("a sound frame"));
    });
    table.run();
}
