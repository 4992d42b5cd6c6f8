use atoms::prelude::*;

#[request(type = "shop.quote.get", reply = std::rc::Rc<String>)]
struct GetQuote;

#[handler]
fn quote(_: &GetQuote) -> std::rc::Rc<String> {
    "".to_owned().into()
}

async fn ask(bus: &Bus) {
    drop(bus.request(GetQuote));
}

fn main() {}
