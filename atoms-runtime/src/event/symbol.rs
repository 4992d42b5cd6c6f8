//! The names that a linker sees.

/// A handler, as the linker knows it: the name of `handler` is what a message about two handlers of one request
/// shows.
pub trait HandlerSymbol: 'static {
    /// Does nothing.
    fn handler();
}

/// Fails to compile where a symbol's name has a character in it that an assembler or a linker's script could take for
/// something else. Returns 1, for the assembly that the symbol stands in: so rustc looks at the name only when it
/// generates code.
pub const fn assert_symbol(name: &str) -> u8 {
    let mut rest = name.as_bytes();
    while let [byte, others @ ..] = rest {
        assert!(
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'),
            "what names a symbol is letters, digits, `_` and `.`: write `#[event]`, which checks it"
        );
        rest = others;
    }
    1
}
