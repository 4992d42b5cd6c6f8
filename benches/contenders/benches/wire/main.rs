//! Frames in and out, and finding the type of one.

mod decode;
mod encode;
mod lookup;
#[path = "../many.rs"]
mod many;
mod order;
mod tagged;

fn main() {
    println!("\n## The wire");
    for size in [order::Size::Small, order::Size::Large] {
        for place in [order::Place::First, order::Place::Last, order::Place::Middle] {
            decode::table(size, place);
        }
    }
    [order::Size::Small, order::Size::Large].into_iter().for_each(encode::table);
    lookup::table();
}
