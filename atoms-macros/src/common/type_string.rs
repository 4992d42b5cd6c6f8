//! Type strings, such as `shop.order.created`: checks them, suggests the nearest valid one, and makes the names
//! that the linker sees.

/// The rule, as messages state it.
pub(crate) const RULE: &str = "a type string has at most 128 bytes: segments of `a-z`, `0-9` and `_`, each of which begins with a letter, joined by dots";

const MAX_BYTES: usize = 128;

/// The namespaces of the framework's own events.
const RESERVED: [&str; 3] = ["system", "agent", "atoms"];

/// The rule that `text` breaks, if it is not a type string.
pub(crate) fn broken_rule(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty".into());
    }
    text.split('.').find_map(broken_segment).or_else(|| match text.len() {
        0..=MAX_BYTES => None,
        bytes => Some(format!("it is {bytes} bytes long")),
    })
}

/// The rule that one segment breaks.
pub(crate) fn broken_segment(segment: &str) -> Option<String> {
    let Some(first) = segment.chars().next() else {
        return Some("it has an empty segment".into());
    };
    if let Some(wrong) = segment.chars().find(|&c| !matches!(c, 'a'..='z' | '0'..='9' | '_')) {
        return Some(match wrong {
            ' ' => "it has a space".into(),
            capital if capital.is_uppercase() => format!("it has a capital letter, `{capital}`"),
            other => format!("it has a {other:?}"),
        });
    }
    (!first.is_ascii_lowercase()).then(|| format!("its segment `{segment}` does not begin with a letter"))
}

/// The valid string that is nearest to `text`, or `None` if no part of it can be kept.
pub(crate) fn nearest(text: &str) -> Option<String> {
    let segments = text.split(['.', ':', '/', '\\']).map(snake_case);
    let segments =
        segments.map(|segment| segment.trim_start_matches(|c: char| !c.is_ascii_lowercase()).into());
    let mut segments: Vec<String> = segments.filter(|segment: &String| !segment.is_empty()).collect();
    while segments.len() > 1 && segments.join(".").len() > MAX_BYTES {
        segments.pop();
    }
    let mut nearest = segments.join(".");
    nearest.truncate(MAX_BYTES);
    (!nearest.is_empty()).then_some(nearest)
}

/// `OrderCreated` as `order_created`. Several characters in a row that are not allowed become one `_`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut after_small = false;
    for c in name.trim().chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && after_small {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        } else if c == '_' || !snake.ends_with('_') {
            snake.push('_');
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    snake
}

/// The namespace, if it is one of the framework's.
pub(crate) fn reserved_namespace(text: &str) -> Option<&'static str> {
    let first = text.split('.').next();
    RESERVED.into_iter().find(|&reserved| Some(reserved) == first)
}

pub(crate) fn has_namespace(text: &str) -> bool {
    text.contains('.')
}

/// A namespace for the events of the crate that is being compiled.
pub(crate) fn own_namespace() -> String {
    let name =
        ["CARGO_CRATE_NAME", "CARGO_PKG_NAME"].iter().find_map(|variable| std::env::var(variable).ok());
    namespace_of(&name.unwrap_or_default())
}

fn namespace_of(crate_name: &str) -> String {
    let nearest = nearest(&crate_name.replace('.', "_")).filter(|name| reserved_namespace(name).is_none());
    nearest.unwrap_or_else(|| "my_app".into())
}

/// A type string for the struct `name`, as an example.
pub(crate) fn example(name: &str) -> String {
    let name = nearest(&name.replace('.', "_"));
    format!("{}.{}", own_namespace(), name.as_deref().unwrap_or("created"))
}

#[cfg(test)]
#[path = "type_string_tests.rs"]
mod tests;
