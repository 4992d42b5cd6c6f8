//! Frames out.

use std::hint::black_box;

use atoms::{Codec, JsonCodec};
use contenders::runner::Table;

use super::decode::bus;
use super::order::{Known, Place, Size, frame};
use super::tagged::{Tagged, Typetag};

/// Measures frames of one size.
pub(crate) fn table(size: Size) {
    let frame = frame(size, Place::First);
    let bus = bus(1);
    let known: Known<'_> = serde_json::from_slice(&frame).expect("a sound frame");
    let tagged: Tagged = serde_json::from_slice(&frame).expect("a sound frame");
    let typetag: Box<dyn Typetag> = serde_json::from_slice(&frame).expect("a sound frame");
    let event = bus.decode(&frame).expect("a sound frame");
    let codec: Box<dyn Codec> = Box::<JsonCodec>::default();
    let (mut buffer, mut plain_buffer) = (Vec::new(), Vec::new());

    let mut table = Table::new(format!("A frame of {} bytes out", frame.len()));
    table.add("`serde_json::to_vec` of a flat struct", None, || {
        black_box(&serde_json::to_vec(black_box(&known)).expect("it has only text keys"));
    });
    table.add("atoms, into a reused buffer", Some(1.0), || {
        buffer.clear();
        codec.encode(black_box(&event), &mut buffer).expect("it has only text keys");
        black_box(&buffer);
    });
    table.add("atoms, into a new `Vec`", Some(1.0), || {
        black_box(&bus.encode(black_box(&event)).expect("it has only text keys"));
    });
    table.add("serde_json of a flat struct, into a reused buffer", None, || {
        plain_buffer.clear();
        serde_json::to_writer(&mut plain_buffer, black_box(&known)).expect("it has only text keys");
        black_box(&plain_buffer);
    });
    table.add("enum with `serde(tag)`, to a new `Vec`", None, || {
        black_box(&serde_json::to_vec(black_box(&tagged)).expect("it has only text keys"));
    });
    table.add("typetag, to a new `Vec`", None, || {
        black_box(&serde_json::to_vec(black_box(&typetag)).expect("it has only text keys"));
    });
    table.run();
}
