//! What it costs to watch and to steer.

mod held;
mod memory;
mod on_cost;
mod questions;

fn main() {
    println!("\n## Control");
    for name in on_cost::EMITS {
        on_cost::table(name);
    }
    on_cost::posted();
    held::table();
    questions::table();
}
