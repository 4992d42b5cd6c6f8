//! Finding one's way in the bytes of a JSON object without reading all of it.
//!
//! Nothing here decides whether a frame is sound: what is found in a broken frame is found out when
//! the frame is read.

use std::borrow::Cow;

use memchr::memchr2;

use super::path::{Path, Step};

/// The value of the member `type` of a JSON object, if it has one that is text.
///
/// Most frames have it first or last, where looking it up costs nothing that depends on the size.
pub(super) fn find_type(frame: &str) -> Option<Cow<'_, str>> {
    let plain = first_member(frame).or_else(|| last_member(frame));
    plain.map(Cow::Borrowed).or_else(|| any_member(frame))
}

/// `{ "type" : "..."`, without escapes.
fn first_member(frame: &str) -> Option<&str> {
    let rest = frame.trim_ascii_start().strip_prefix('{')?.trim_ascii_start();
    let rest = rest.strip_prefix("\"type\"")?.trim_ascii_start();
    let rest = rest.strip_prefix(':')?.trim_ascii_start().strip_prefix('"')?;
    let end = memchr2(b'"', b'\\', rest.as_bytes())?;
    (rest.as_bytes()[end] == b'"').then(|| &rest[..end])
}

/// `, "type" : "..." }`, without escapes.
///
/// This is exact for sound JSON: a quote inside of a string has a backslash before it, and the
/// three quotes that are looked at here do not.
fn last_member(frame: &str) -> Option<&str> {
    let rest = frame.trim_ascii_end().strip_suffix('}')?.trim_ascii_end().strip_suffix('"')?;
    let start = memchr::memrchr2(b'"', b'\\', rest.as_bytes())?;
    if rest.as_bytes()[start] == b'\\' {
        return None;
    }
    let (before, value) = (&rest[..start], &rest[start + 1..]);
    let before = before.trim_ascii_end().strip_suffix(':')?.trim_ascii_end();
    let before = before.strip_suffix("\"type\"")?.trim_ascii_end();
    before.ends_with([',', '{']).then_some(value)
}

/// Goes through the members one by one.
fn any_member(frame: &str) -> Option<Cow<'_, str>> {
    let bytes = frame.as_bytes();
    let mut at = skip_space(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    loop {
        at = skip_space(bytes, at + 1);
        let key_end = string_end(bytes, at)?;
        let key = &frame[at..key_end];
        at = skip_space(bytes, key_end);
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at = skip_space(bytes, at + 1);
        if key == "\"type\"" || (key.contains('\\') && unquote(key)? == "type") {
            return unquote(&frame[at..string_end(bytes, at)?]);
        }
        at = skip_space(bytes, value_end(bytes, at)?);
        if bytes.get(at) != Some(&b',') {
            return None;
        }
    }
}

fn unquote(quoted: &str) -> Option<Cow<'_, str>> {
    match quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
        _ => serde_json::from_str::<String>(quoted).ok().map(Cow::Owned),
    }
}

fn skip_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// The place behind the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let mut at = at + 1;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The place behind the value that begins at `at`.
fn value_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            b'}' | b']' if depth > 1 => (depth, at) = (depth - 1, at + 1),
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' | b',' if depth == 0 => return Some(at),
            _ => at += 1,
        }
    }
}

/// Returns whether objects and arrays are nested more than `limit` levels deep.
pub(super) fn is_deeper_than(frame: &[u8], limit: usize) -> bool {
    // An upper bound that the compiler turns into vector instructions answers for almost all.
    let opened = frame.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    if opened <= limit {
        return false;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = frame.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => match string_end(frame, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => return false,
            },
            _ => {}
        }
        if depth > limit {
            return true;
        }
        at += 1;
    }
    false
}

/// An object or array that is open at the place that is looked for.
enum Open {
    Object { key: (usize, usize) },
    Array { index: usize },
}

impl Open {
    /// A key that is broken off, or not there yet, leads nowhere.
    fn step(&self, frame: &[u8]) -> Option<Step> {
        match self {
            Self::Array { index } => Some(Step::Index(*index)),
            Self::Object { key: (start, end) } => {
                let key = unquote(str::from_utf8(frame.get(*start..*end)?).ok()?)?;
                Some(Step::Key(key.into_owned()))
            }
        }
    }
}

/// The path to the value that holds or ends at the byte before `offset`, such as `items[2].price`.
pub(super) fn path_at(frame: &[u8], offset: usize) -> Path {
    let Some(target) = offset.checked_sub(1) else { return Path::default() };
    let mut open = Vec::new();
    let (mut at, mut expects_key) = (0, false);
    while at <= target {
        let Some(byte) = frame.get(at) else { break };
        let mut next = at + 1;
        match byte {
            b'"' => {
                next = string_end(frame, at).unwrap_or(frame.len());
                if expects_key && let Some(Open::Object { key }) = open.last_mut() {
                    (*key, expects_key) = ((at, next), false);
                }
            }
            b'{' => {
                open.push(Open::Object { key: (0, 0) });
                expects_key = true;
            }
            b'[' => open.push(Open::Array { index: 0 }),
            // At its closing bracket, an error is about the whole object or array.
            b'}' | b']' => {
                open.pop();
                expects_key = false;
            }
            b',' => match open.last_mut() {
                Some(Open::Array { index }) => *index += 1,
                Some(Open::Object { key }) => (*key, expects_key) = ((0, 0), true),
                None => {}
            },
            _ => {}
        }
        at = next;
    }
    Path(open.iter().map_while(|open| open.step(frame)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_found_wherever_it_stands() {
        for frame in [
            r#"{"type":"a.b"}"#,
            r#" { "type" : "a.b" , "x" : 1 } "#,
            r#"{"x":"\"type\":\"no\"","y":[{"type":"no"}],"type":"a.b"}"#,
            r#"{"x":{"type":"no"},"type":"a.b","y":"z"}"#,
            r#"{"x":"a\",\"type\":\"no","type":"a.b","y":2}"#,
            r#"{"x":"a\\","ty\u0070e":"a.\u0062","y":2}"#,
            r#"{"n":-1.5e3,"t":true,"type":"a.b","e":{},"a":[]}"#,
        ] {
            assert_eq!(find_type(frame).as_deref(), Some("a.b"), "{frame}");
        }
    }

    #[test]
    fn what_is_no_type_is_not_found() {
        for frame in [
            "",
            "{",
            "{}",
            "[]",
            "5",
            r#""type""#,
            r#"{"type":5}"#,
            r#"{"type""#,
            r#"{"type":"#,
            r#"{"x":{"type":"no"}}"#,
            r#"{"x":"\",\"type\":\"no"}"#,
            r#"{"x\"type":"no"}"#,
            r#"{"x":"\"type\":\"no"#,
            r#"["type":"x"}"#,
        ] {
            assert_eq!(find_type(frame), None, "{frame}");
        }
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(!is_deeper_than(nested(128).as_bytes(), 128));
        assert!(is_deeper_than(nested(129).as_bytes(), 128));
        assert!(!is_deeper_than(format!("[\"{}\"]", "[".repeat(500)).as_bytes(), 128));
        assert!(!is_deeper_than("[],".repeat(500).as_bytes(), 128));
    }

    #[test]
    fn a_path_leads_to_the_value() {
        let frame = br#"{"a":1,"items":[{"price":2},{"price":"x","q\"":[]}],"z":{}}"#;
        let path = |needle: &str| {
            let at = str::from_utf8(frame).unwrap().find(needle).unwrap();
            path_at(frame, at + needle.len()).to_string()
        };
        assert_eq!(path("1"), "a");
        assert_eq!(path("2"), "items[0].price");
        assert_eq!(path("\"x\""), "items[1].price");
        assert_eq!(path("[]"), "items[1].q\"");
        assert_eq!(path(r#""q\"":["#), "items[1].q\"[0]");
        assert_eq!(path_at(frame, frame.len()), Path::default());
    }
}
