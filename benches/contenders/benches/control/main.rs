//! What it costs to watch and to steer.

mod held;
mod memory;
mod on_cost;
mod questions;

fn main() {
    println!("\n## Control");
    // The memory is what is taken anew: what others have freed would be taken first.
    questions::table();
    held::table();
    for name in on_cost::EMITS {
        on_cost::table(name);
    }
    on_cost::posted();
}
