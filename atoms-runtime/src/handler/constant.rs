//! Constants in `#[handler(...)]`, which rustc checks. Each has the message for a value that is refused.

use std::time::Duration;

/// Any number.
pub const fn order(value: i32, _: &str) -> i32 {
    value
}

/// Not zero.
#[track_caller]
pub const fn duration(value: Duration, problem: &str) -> Duration {
    assert!(!value.is_zero(), "{}", problem);
    value
}

/// At least a millisecond, in milliseconds: as many as can be said.
#[track_caller]
pub const fn millis(value: Duration, problem: &str) -> u64 {
    let millis = value.as_millis();
    assert!(millis > 0, "{}", problem);
    if millis > u64::MAX as u128 { u64::MAX } else { millis as u64 }
}

/// At least two.
#[track_caller]
pub const fn attempts(value: u32, problem: &str) -> u32 {
    assert!(value >= 2, "{}", problem);
    value
}

/// At least one.
#[track_caller]
pub const fn concurrency(value: usize, problem: &str) -> usize {
    assert!(value >= 1, "{}", problem);
    value
}

/// An identity: 1 to 256 bytes without control characters.
#[track_caller]
pub const fn id(value: &'static str, problem: &str) -> &'static str {
    let mut rest = value.as_bytes();
    assert!(!rest.is_empty() && rest.len() <= 256, "{}", problem);
    while let [first, others @ ..] = rest {
        let is_c1 = *first == 0xc2 && matches!(others, [0x80..0xa0, ..]);
        assert!(!first.is_ascii_control() && !is_c1, "{}", problem);
        rest = others;
    }
    value
}

/// A pattern of type strings: see [`pattern`](crate::HandlerInfo::pattern).
#[track_caller]
pub const fn pattern(value: &'static str, problem: &str) -> &'static str {
    let bytes = value.as_bytes();
    assert!(bytes.len() <= 128, "{}", problem);
    let (mut start, mut end) = (0, 0);
    while end <= bytes.len() {
        let is_last = end == bytes.len();
        if is_last || bytes[end] == b'.' {
            let (_, from_start) = bytes.split_at(start);
            let (segment, _) = from_start.split_at(end - start);
            let is_rest = matches!(segment, [b'*', b'*']) && is_last;
            assert!(is_rest || matches!(segment, [b'*']) || is_name(segment), "{}", problem);
            start = end + 1;
        }
        end += 1;
    }
    value
}

/// `[a-z][a-z0-9_]*`
const fn is_name(segment: &[u8]) -> bool {
    let [b'a'..=b'z', others @ ..] = segment else { return false };
    let mut rest = others;
    while let [byte, others @ ..] = rest {
        if !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        rest = others;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caught::caught;

    fn is_refused<T>(value: impl FnOnce() -> T) -> bool {
        caught(value).is_err()
    }

    #[test]
    fn what_the_macro_takes_as_a_literal_is_taken_as_a_constant() {
        for text in ["*", "**", "shop.*", "shop.**", "*.order.**", "*.*.**", "shop.order_2.created"] {
            assert_eq!(pattern(text, "no"), text);
        }
        for text in ["x", "old::path", "naïve", &"x".repeat(256)] {
            let text: &'static str = text.to_owned().leak();
            assert_eq!(id(text, "no"), text);
        }
        assert_eq!((order(-3, "no"), attempts(2, "no"), concurrency(1, "no")), (-3, 2, 1));
        assert_eq!(duration(Duration::from_nanos(1), "no"), Duration::from_nanos(1));
        assert_eq!(millis(Duration::from_micros(2_900), "no"), 2);
        assert_eq!(millis(Duration::from_secs(1 << 61), "no"), u64::MAX);
    }

    #[test]
    fn what_the_macro_refuses_as_a_literal_is_refused_as_a_constant() {
        let long = ["a".repeat(127), ".*".into()].concat();
        for text in [
            "",
            "..",
            ".a",
            "a.",
            "shop.order*",
            "shop.***",
            "shop.**.created",
            "Shop.*",
            "shop.#",
            "*.1x",
            &long,
        ] {
            let text: &'static str = text.to_owned().leak();
            assert!(is_refused(|| pattern(text, "no")), "{text}");
        }
        for text in ["", "a\nb", "a\u{9b}", &"x".repeat(257)] {
            let text: &'static str = text.to_owned().leak();
            assert!(is_refused(|| id(text, "no")), "{text:?}");
        }
        assert!(is_refused(|| attempts(1, "no")) && is_refused(|| concurrency(0, "no")));
        assert!(is_refused(|| duration(Duration::ZERO, "no")));
        assert!(is_refused(|| millis(Duration::from_micros(999), "no")));
    }
}
