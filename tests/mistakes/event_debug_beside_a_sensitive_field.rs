use atoms::prelude::*;

#[event(type = "shop.customer.logged_in")]
#[derive(Debug, PartialEq)]
struct LoggedIn {
    #[event(sensitive)]
    password: String,
}

fn main() {}
