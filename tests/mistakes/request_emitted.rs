use atoms::prelude::*;

#[request(type = "shop.quote.get", reply = String)]
struct GetQuote;

#[event(type = "shop.order.created")]
struct OrderCreated;

#[event(type = "shop.order.packed")]
struct OrderPacked;

async fn emitted(bus: &Bus) {
    drop(bus.emit(GetQuote));
    drop(bus.emit(Envelope::new(GetQuote)));
    drop(bus.emit_all([GetQuote, GetQuote]));
}

async fn posted(bus: &Bus) {
    bus.post(GetQuote).try_send().unwrap();
}

#[handler]
fn returned(_: &OrderCreated) -> GetQuote {
    GetQuote
}

#[handler]
async fn returned_in_a_result(_: &OrderCreated) -> Result<Option<GetQuote>, String> {
    Ok(None)
}

#[handler]
fn by_emitter(_: &OrderCreated, out: Emitter<GetQuote>) {
    drop(out.emit(GetQuote));
}

#[handler]
fn by_emitter_of_several(_: &OrderCreated, out: Emitter<(OrderPacked, GetQuote)>) {
    drop(out.emit(OrderPacked));
}

fn main() {}
