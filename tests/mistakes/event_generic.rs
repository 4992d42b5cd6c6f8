use atoms::prelude::*;

#[event(type = "shop.a")]
struct Generic<T> {
    payload: T,
}

#[event(type = "shop.b")]
struct Borrowed<'a> {
    text: &'a str,
}

#[event(type = "shop.c")]
struct Sized<const N: usize> {
    bytes: [u8; N],
}

#[handler]
fn handle(event: &Generic<u32>) {
    println!("{}", event.payload);
}

fn main() {}
