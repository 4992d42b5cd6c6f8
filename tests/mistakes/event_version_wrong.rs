use atoms::prelude::*;

#[event(type = "shop.booking", version = 2)]
struct BookingV2;

#[event(type = "shop.order", version = 0)]
struct Order;

#[event(type = "shop.table", version = "two")]
struct Table;

#[event(type = "shop.guest", upcasts = Table)]
struct Guest;

#[event(type = "shop.menu", version = 1, upcasts = Table)]
struct Menu;

#[event(type = "shop.bill", version = 2, upcasts = "Table")]
struct Bill;

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, Event)]
#[event(type = "shop.tip", version = 4)]
struct Tip;

#[handler]
fn seat(_: &BookingV2, _: Emitter<(Order, Table, Guest, Menu, Bill)>) {}

fn main() {}
