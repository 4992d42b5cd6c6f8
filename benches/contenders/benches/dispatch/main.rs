//! One event to 1, 4 and 16 handlers, its receipt included.

mod asynchronous;
mod sync;
mod threads;

fn main() {
    println!("\n## Dispatch");
    [1, 4, 16].into_iter().for_each(sync::table);
    [1, 4].into_iter().for_each(asynchronous::table);
    threads::table();
}
