use atoms::prelude::*;

#[event(typ = "shop.a")]
struct Misspelled;

#[event(type = "shop.b", type = "shop.c")]
struct Twice;

#[event(type = "shop.d", must_handel, flavour = "sweet")]
struct Unknown;

#[event(type = "shop.e", must_handle = true)]
struct FlagWithValue;

#[event(type = "shop.f")]
struct Fields {
    #[event(defualt = 5)]
    count: u32,
    #[event(sensitive, sensitive)]
    card: String,
    #[event(default)]
    left: u32,
}

fn main() {}
