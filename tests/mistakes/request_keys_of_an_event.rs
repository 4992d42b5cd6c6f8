use atoms::prelude::*;

#[request(type = "shop.quote.get", reply = String, must_handle)]
struct GetQuote;

#[event(type = "shop.price.get", reply = u64)]
struct GetPrice;

#[request(type = "shop.stock.get", replies = Vec<u64>)]
struct GetStock;

#[request(type = "shop.name.get", reply = String)]
#[event(type = "shop.name.get")]
struct GetName;

#[request(type = "shop.size.get", reply = u64)]
enum GetSize {
    OfPacket,
}

fn main() {}
