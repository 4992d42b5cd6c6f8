//! Text that came from elsewhere: what may be in an id, and how the rest is shown.

use std::fmt::{self, Display, Write};

use crate::caught::caught;

/// Whether a character leaves a line of text as it looks: it is no control character (C0, DEL, C1), begins no
/// new line or paragraph, and does not change the direction of writing.
const fn is_plain(letter: char) -> bool {
    !matches!(
        letter,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// The first character that is not [plain](is_plain), and its place in bytes.
pub(crate) fn first_odd(text: &str) -> Option<(usize, char)> {
    // Without a way out on the way, the compiler makes vector instructions of it.
    if !text.bytes().fold(false, |is_odd, byte| is_odd | !matches!(byte, b' '..=b'~')) {
        return None;
    }
    text.char_indices().find(|(_, letter)| !is_plain(*letter))
}

/// Shows a value that came from elsewhere, such as a client, in a log line or a message. Control characters, and those
/// that begin a new line or change the direction of writing, are escaped. What is longer than [`Shown::MAX_BYTES`] is cut
/// off. If the value's `Display` panics, the text says so.
///
/// ```
/// use atoms::Shown;
///
/// assert_eq!(Shown("a\nforged line").to_string(), r"a\nforged line");
/// ```
pub struct Shown<T>(pub T);

impl Shown<()> {
    /// The most bytes that are shown.
    pub const MAX_BYTES: usize = 1_024;
}

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.0, Shown::MAX_BYTES, f)
    }
}

impl<T: Display> fmt::Debug for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// What is shown of `text` in so many bytes.
pub(crate) fn shown(text: impl Display, max: usize) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = show(&text, max, &mut out);
    out
}

fn show(text: &dyn Display, max: usize, out: &mut dyn Write) -> fmt::Result {
    let mut part = Part { out, left: max, is_cut: false };
    // An error's `Display` is anybody's code.
    let written = caught(|| write!(part, "{text}"))
        .unwrap_or_else(|panic| write!(part, "(panicked when it was shown: {panic})"));
    if part.is_cut { out.write_str(" ...") } else { written }
}

/// Takes as much text as there is room for, and then stops the one who writes.
struct Part<'a> {
    out: &'a mut dyn Write,
    left: usize,
    is_cut: bool,
}

impl Part<'_> {
    fn put(&mut self, text: &str) -> fmt::Result {
        let end = text.floor_char_boundary(self.left);
        self.out.write_str(&text[..end])?;
        self.left -= end;
        if end < text.len() {
            (self.left, self.is_cut) = (0, true);
            return Err(fmt::Error);
        }
        Ok(())
    }
}

impl Write for Part<'_> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        while let Some((at, letter)) = first_odd(text) {
            self.put(&text[..at])?;
            self.put(&letter.escape_default().to_string())?;
            text = &text[at + letter.len_utf8()..];
        }
        self.put(text)
    }
}

/// Shows errors with `Debug` as with `Display`: what `main` returns is printed by `Debug`.
macro_rules! debug_as_display {
    ($($error:ty),+ $(,)?) => {$(
        impl ::core::fmt::Debug for $error {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(self, f)
            }
        }
    )+};
}

pub(crate) use debug_as_display;

#[cfg(test)]
mod tests {
    use super::*;

    struct Panics;

    impl Display for Panics {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("as far as this ")?;
            panic!("no\nfurther")
        }
    }

    #[test]
    fn what_panics_is_shown_up_to_there() {
        let expected = r"as far as this (panicked when it was shown: no\nfurther)";
        assert_eq!(Shown(Panics).to_string(), expected);
    }

    #[test]
    fn what_would_change_a_line_is_escaped() {
        let text = "é\u{1b}[31m\r\nERROR\u{7f}\u{9b}\u{2028}\u{202e}\"\\";
        let expected = "é\\u{1b}[31m\\r\\nERROR\\u{7f}\\u{9b}\\u{2028}\\u{202e}\"\\";
        assert_eq!(Shown(text).to_string(), expected);
    }

    #[test]
    fn what_is_long_is_cut_off() {
        assert_eq!(shown("ééé", 5), "éé ...");
        assert_eq!(shown("ééé", 6), "ééé");
        assert_eq!(shown(format_args!("{}{}", "a\n", "b"), 3), "a\\n ...");
        assert!(Shown("\n".repeat(100_000)).to_string().len() < Shown::MAX_BYTES + 8);
    }
}
