//! What makes events dependable: posting.

mod post;

fn main() {
    println!("\n## Delivery");
    post::table(false);
    post::table(true);
}
