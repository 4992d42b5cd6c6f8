//! The rules of type strings: segments of `[a-z][a-z0-9_]*`, joined by dots.

/// The longest type string, in bytes.
const MAX_BYTES: usize = 128;

/// Namespaces of the framework's own events.
pub(super) const RESERVED: &[&str] = &["system", "agent", "atoms"];

/// Which rule the text breaks, if it breaks one.
pub(super) fn broken_rule(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty".to_owned());
    }
    if text.len() > MAX_BYTES {
        return Some(format!("it has {} bytes, and at most {MAX_BYTES} are allowed", text.len()));
    }
    if let Some(wrong) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '.')) {
        return Some(format!("it has {wrong:?}, and only `a` to `z`, `0` to `9`, `_` and `.` are allowed"));
    }
    text.split('.').find_map(|segment| match segment.chars().next() {
        None => Some("it has an empty segment: one dot stands between two segments".to_owned()),
        Some(first) if !first.is_ascii_lowercase() => {
            Some(format!("the segment `{segment}` begins with `{first}`, and a segment begins with a letter"))
        }
        Some(_) => None,
    })
}

/// The nearest sound type string; `None` if nothing is left of the text.
pub(super) fn nearest(text: &str) -> Option<String> {
    let segments: Vec<String> = text.split('.').map(nearest_segment).filter(|it| !it.is_empty()).collect();
    let mut joined = segments.join(".");
    joined.truncate(MAX_BYTES);
    let joined = joined.trim_end_matches(['.', '_']);
    (!joined.is_empty()).then(|| joined.to_owned())
}

fn nearest_segment(segment: &str) -> String {
    let segment = snake_case(segment.trim());
    let only_allowed: String =
        segment.chars().map(|c| if matches!(c, 'a'..='z' | '0'..='9') { c } else { '_' }).collect();
    let begun = only_allowed.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    begun.trim_end_matches('_').to_owned()
}

/// `OrderCreated` as `order_created`.
pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut before = None;
    for c in name.chars() {
        if c.is_uppercase()
            && before.is_some_and(|before: char| before.is_lowercase() || before.is_ascii_digit())
        {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
        before = Some(c);
    }
    snake
}

/// Whether the type string has a namespace: a segment before the last one.
pub(super) fn namespace(text: &str) -> Option<&str> {
    text.split_once('.').map(|(namespace, _)| namespace)
}

/// The link section of the event's handlers: a C identifier, and different for each type string,
/// since these have no capitals.
pub(super) fn section(text: &str) -> String {
    format!("atoms_must_handle_event_{}_has_no_handler", text.replace('.', "_DOT_"))
}

/// The symbol that only one event can define.
pub(super) fn symbol(text: &str) -> String {
    format!("atoms.event_type.{text}.is_defined_twice")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_ones_break_no_rule() {
        for text in ["shop.order.created", "a", "a1_.b__c", &"a".repeat(128)] {
            assert_eq!(broken_rule(text), None);
        }
    }

    #[test]
    fn the_nearest_one_is_sound_and_near() {
        for (text, near) in [
            ("Shop.OrderCreated", "shop.order_created"),
            ("shop..created", "shop.created"),
            ("shop.order created", "shop.order_created"),
            ("1shop.x", "shop.x"),
            (".shop.order-created.", "shop.order_created"),
            ("shop.HTTPError", "shop.httperror"),
        ] {
            assert!(broken_rule(text).is_some(), "{text}");
            assert_eq!(nearest(text).as_deref(), Some(near));
            assert_eq!(broken_rule(near), None);
        }
        assert_eq!(nearest(""), None);
        assert_eq!(nearest("é.1"), None);
        assert_eq!(broken_rule(&nearest(&"ab.".repeat(60)).unwrap()), None);
    }

    #[test]
    fn sections_differ_where_type_strings_do() {
        assert_ne!(section("shop.order_created"), section("shop.order.created"));
    }
}
