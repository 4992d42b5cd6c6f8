use atoms::prelude::*;

#[request(type = "shop.quote.get")]
struct GetQuote;

#[handler]
fn quote(_: &GetQuote) -> String {
    String::new()
}

#[request]
struct GetPrice {
    item: String,
}

#[request(type = "shop.stock.get", reply = 5)]
struct GetStock;

#[request(type = "shop.name.get", reply = "String")]
struct GetName;

#[request(type = "shop.size.get", reply)]
struct GetSize;

fn main() {}
