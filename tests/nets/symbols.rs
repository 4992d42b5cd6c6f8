//! The names that reach the linker begin with the framework's prefix, whatever a macro is given, and the
//! runtime that they belong to is in a program once.

use std::sync::LazyLock;

use crate::programs::{Programs, build, refused};

static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| build("build -p symbols"));

#[test]
fn safe_code_cannot_define_the_symbol_of_a_function() {
    assert_eq!(PROGRAMS.printed("no_malloc"), "7\n");
}

#[test]
fn what_names_a_symbol_holds_nothing_but_its_name() {
    let messages = PROGRAMS.failed("more_than_names");
    for event in ["Lines", "Statements", "Operands", "Quotes"] {
        assert!(messages.contains(&format!("event!({event}, ")), "{event}: {messages}");
    }
    assert_eq!(messages.matches("error[E0080]").count(), 4, "{messages}");
    assert!(messages.contains("what names a symbol is letters, digits, `_` and `.`"), "{messages}");
}

#[test]
fn a_program_has_one_runtime() {
    let message = refused("two_runtimes");
    assert!(
        message.contains("Only one package in the dependency graph may specify the same links"),
        "{message}"
    );
    assert!(message.contains("atoms-runtime v0.0.9"), "{message}");
}
