//! Patterns of type strings, such as `shop.order.*`: checks them, and suggests the nearest valid one.

use super::type_string;

/// The rule, as messages state it.
pub(crate) const RULE: &str = "a pattern is a type string in which `*` stands for one segment, and `**` at the end for one or more; it has at most 128 bytes";

const MAX_BYTES: usize = 128;

/// The rule that `text` breaks, if it is not a pattern.
pub(crate) fn broken_rule(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty".into());
    }
    let mut segments = text.split('.').peekable();
    while let Some(segment) = segments.next() {
        let rule = match segment {
            "*" => None,
            "**" => segments.peek().map(|_| "`**` is not its last segment".into()),
            partly if partly.contains('*') => Some(format!("in `{partly}`, a `*` is not a whole segment")),
            plain => type_string::broken_segment(plain),
        };
        if rule.is_some() {
            return rule;
        }
    }
    (text.len() > MAX_BYTES).then(|| format!("it is {} bytes long", text.len()))
}

/// The valid pattern that is nearest to `text`, or `None` if no part of it can be kept.
pub(crate) fn nearest(text: &str) -> Option<String> {
    let mut segments = Vec::new();
    for segment in text.split(['.', ':', '/', '\\']).map(str::trim) {
        match segment {
            // As other systems write the rest: `#` in AMQP, `>` in NATS.
            "**" | "#" | ">" => {
                segments.push("**".into());
                break;
            }
            partly if partly.contains('*') => segments.push("*".into()),
            plain => segments.extend(type_string::nearest(plain)),
        }
    }
    Some(segments.join(".")).filter(|nearest| broken_rule(nearest).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_valid_breaks_no_rule() {
        for text in ["*", "**", "shop.*", "shop.**", "*.order.*", "*.*.**", "shop.order_2.created"] {
            assert_eq!(broken_rule(text), None, "{text}");
            assert_eq!(nearest(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn the_broken_rule_is_named_and_the_nearest_pattern_is_valid() {
        for (text, rule, near) in [
            ("", "it is empty", None),
            ("..", "it has an empty segment", None),
            ("shop.order*", "in `order*`, a `*` is not a whole segment", Some("shop.*")),
            ("shop.***", "in `***`, a `*` is not a whole segment", Some("shop.*")),
            ("shop.**.created", "`**` is not its last segment", Some("shop.**")),
            ("Shop.*", "it has a capital letter, `S`", Some("shop.*")),
            ("shop..*", "it has an empty segment", Some("shop.*")),
            ("shop.#", "it has a '#'", Some("shop.**")),
            ("shop.>", "it has a '>'", Some("shop.**")),
            ("shop/*", "in `shop/*`, a `*` is not a whole segment", Some("shop.*")),
            ("shop.order *", "in `order *`, a `*` is not a whole segment", Some("shop.*")),
            ("*.1x", "its segment `1x` does not begin with a letter", Some("*.x")),
        ] {
            assert_eq!(broken_rule(text).as_deref(), Some(rule), "{text}");
            assert_eq!(nearest(text).as_deref(), near, "{text}");
            assert!(near.is_none_or(|near| broken_rule(near).is_none()), "{text}");
        }
    }

    #[test]
    fn what_is_too_long_could_match_nothing() {
        let long = format!("{}.*", "a".repeat(127));
        assert_eq!(broken_rule(&long).as_deref(), Some("it is 129 bytes long"));
        assert_eq!(nearest(&long), None);
    }
}
