//! `atoms` under another name, which the macros are not told.

use signals::prelude::*;

#[event(type = "renamed.asked")]
struct Asked {
    count: u64,
}

fn main() {
    println!("{}", Asked { count: 1 }.clone().count);
}
