use atoms::prelude::*;

#[event(type = "shop.a")]
enum Choice {
    Yes,
    No,
}

#[event(type = "shop.b")]
union Bits {
    int: u32,
    float: f32,
}

#[event(type = "shop.c")]
struct Tuple(String);

#[event(type = "shop.d")]
fn function() {}

#[handler]
fn handle(choice: &Choice, _out: Emitter<Tuple>) {
    match choice {
        Choice::Yes | Choice::No => {}
    }
}

fn main() {}
