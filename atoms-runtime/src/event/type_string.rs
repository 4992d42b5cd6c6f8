//! What is a type string: the rule of the macros, for those that are known at run time only.

use crate::text::first_odd;

const MAX_BYTES: usize = 128;

/// The rule, as the messages tell it.
pub(crate) const RULE: &str = "a type string has at most 128 bytes: segments of `a-z`, `0-9` and `_`, each of which begins with a letter, joined by dots";

/// Whether `text` is a type string.
pub(crate) fn is_valid(text: &str) -> bool {
    text.len() <= MAX_BYTES && text.split('.').all(is_segment)
}

/// What is wrong with the type of an event that this program does not know. Others have other rules; but it
/// is shown in logs.
pub(crate) fn check_raw(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("the type of an event is not empty".into());
    }
    if text.len() > MAX_BYTES {
        return Err(format!(
            "the type of an event has at most {MAX_BYTES} bytes, and this one has {}",
            text.len()
        ));
    }
    match first_odd(text) {
        Some((at, letter)) => Err(format!(
            "the type of an event has no control characters, and this one has U+{:04X} at byte {at}",
            u32::from(letter)
        )),
        None => Ok(()),
    }
}

fn is_segment(segment: &str) -> bool {
    segment.starts_with(|first: char| first.is_ascii_lowercase())
        && segment.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn a_type_string_is_segments_joined_by_dots() {
        for text in ["created", "shop.order.created", "a1_.b__2", &"a".repeat(128)] {
            assert!(is_valid(text), "{text}");
        }
        let long = "a".repeat(129);
        for text in
            ["", ".", "...", "1", "Shop.x", "shop..x", ".shop", "shop.", "a b", "a-b", "a._x", "größe"]
        {
            assert!(!is_valid(text), "{text}");
        }
        assert!(!is_valid(&long));
    }
}
