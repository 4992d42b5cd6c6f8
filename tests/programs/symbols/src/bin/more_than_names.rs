//! Does not build: what the macros are given is more than the names of symbols.

use serde::{Deserialize, Serialize};

macro_rules! event {
    ($name:ident, $($given:tt)*) => {
        #[derive(Debug, Clone, Serialize, Deserialize)]
        struct $name {}

        atoms::__event!($name, $($given)*);
    };
}

event!(Lines, "a\n.globl malloc\nmalloc", deny_unknown_fields: false, sensitive: [], reply: u64);
event!(Statements, "a; .globl malloc; malloc", deny_unknown_fields: false, sensitive: [], reply: u64);
event!(Operands, "a{handler}", deny_unknown_fields: false, sensitive: [], reply: u64);
event!(Quotes, "a\"\n.globl malloc\nmalloc: \"", deny_unknown_fields: false, sensitive: [], must_handle: true);

fn main() {}
