use atoms::prelude::*;

#[event(type = "Shop.OrderCreated")]
struct Capitals;

#[event(type = "shop..created")]
struct EmptySegment;

#[event(type = "shop.order created")]
struct Space;

#[event(type = "")]
struct Empty;

#[event(type = "1shop.x")]
struct BeginsWithDigit;

#[event(type = "shop.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
struct TooLong;

#[event(type = 5)]
struct Number;

#[event(type)]
struct NoValue;

fn main() {}
