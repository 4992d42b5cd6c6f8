use atoms::prelude::*;

struct Quote;

struct NoError;

#[request(type = "shop.quote.get", reply = Quote)]
struct GetQuote;

#[handler]
fn another(_: &GetQuote) -> String {
    String::new()
}

#[handler]
async fn nothing(_: GetQuote) {}

#[handler]
fn maybe(_: &Envelope<GetQuote>) -> Option<Quote> {
    None
}

#[handler]
async fn another_in_a_result(_: &GetQuote) -> Result<String, String> {
    Err("no".into())
}

#[handler]
fn no_error(_: &GetQuote) -> Result<Quote, NoError> {
    Ok(Quote)
}

#[handler]
fn itself(ask: &GetQuote) -> GetQuote {
    ask.clone()
}

fn main() {}
