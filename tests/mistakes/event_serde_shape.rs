use atoms::prelude::*;

#[event(type = "shop.a")]
#[serde(tag = "kind")]
struct Tagged {
    order: String,
}

#[event(type = "shop.b")]
#[serde(untagged)]
struct Untagged {
    order: String,
}

#[event(type = "shop.c")]
#[serde(transparent)]
struct Transparent {
    order: String,
}

#[event(type = "shop.d")]
#[serde(into = "String", from = "String")]
struct Converted {
    order: String,
}

#[event(type = "shop.e")]
#[derive(Debug)]
struct Shown {
    #[event(sensitive)]
    card: String,
}

fn main() {}
