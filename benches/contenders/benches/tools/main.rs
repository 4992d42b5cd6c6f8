//! Calls of tools, by their types and as JSON.

mod json;
mod typed;

fn main() {
    println!("\n## Tools");
    typed::table();
    json::table();
}
