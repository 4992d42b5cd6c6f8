//! What makes events dependable: posting and requests.

mod post;
mod request;

fn main() {
    println!("\n## Delivery");
    post::table(false);
    post::table(true);
    request::table();
}
