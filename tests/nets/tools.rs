//! Tools, in crates as users write them.

use std::sync::LazyLock;

use crate::programs::{Programs, build};

static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| build("build -p teller"));

#[test]
fn a_tool_of_another_crate_is_called_through_its_hooks() {
    let printed = PROGRAMS.printed("calls_a_tool");
    assert!(printed.starts_with("5 dollar\n") && printed.contains("too much"), "{printed}");
}

#[test]
#[cfg(target_os = "linux")]
fn two_tools_of_one_name_do_not_link() {
    let messages = PROGRAMS.failed("two_tools_one_name");
    assert!(messages.contains("duplicate symbol: atoms.entry.tools.pay.back.is_defined_twice"), "{messages}");
    assert!(messages.contains("libteller-"), "{messages}");
}
