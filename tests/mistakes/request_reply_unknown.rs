use atoms::prelude::*;

#[request(type = "shop.quote.get", reply = Quote)]
struct GetQuote;

#[request(type = "shop.quotes.get", reply = Vec<Quote>)]
struct GetQuotes;

fn main() {}
