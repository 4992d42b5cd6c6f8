use atoms::prelude::*;

#[event(type = "shop.a")]
struct OrderCreated;

struct Database;

#[handler]
fn not_extracted(_: &OrderCreated, _: State<u32>, _: Database) {}

#[handler]
async fn not_extracted_either(_: &OrderCreated, _: Database, _: Context) {}

#[handler]
fn by_reference(_: &OrderCreated, _: &State<u32>) {}

#[handler]
fn changes(_: &mut OrderCreated) {}

#[handler]
#[allow(clippy::too_many_arguments)]
fn too_many(
    _: &OrderCreated,
    _: State<u8>,
    _: State<u16>,
    _: State<u32>,
    _: State<u64>,
    _: State<i8>,
    _: State<i16>,
    _: State<i32>,
    _: State<i64>,
    _: Context,
) {
}

fn main() {}
