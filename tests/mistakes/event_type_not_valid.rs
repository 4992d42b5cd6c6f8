use atoms::prelude::*;

#[event(type = "Shop.OrderCreated")]
struct HasCapitals;

#[event(type = "shop..created")]
struct HasEmptySegment;

#[event(type = "shop.order created")]
struct HasSpace;

#[event(type = "")]
struct OrderCreated;

#[event(type = "1shop.x")]
struct BeginsWithDigit;

#[event(type = "shop.order-created")]
struct HasDash;

#[event(type = "shop.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
struct IsTooLong;

fn main() {}
