//! Patterns of type strings, as `#[handler(pattern = "shop.order.*")]` has them.

/// Whether the pattern selects the type string: `*` stands for one segment, `**` at the end for one
/// or more.
pub(crate) fn matches(pattern: &str, type_string: &str) -> bool {
    let mut segments = type_string.split('.');
    for expected in pattern.split('.') {
        let Some(segment) = segments.next() else { return false };
        match expected {
            "**" => return true,
            "*" => {}
            expected if expected == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn without_a_star_only_the_type_itself_matches() {
        assert!(matches("shop.order", "shop.order"));
        assert!(!matches("shop.order", "shop.orders"));
        assert!(!matches("shop.order", "shop"));
        assert!(!matches("shop.order", "shop.order.created"));
    }

    #[test]
    fn one_star_stands_for_one_segment() {
        assert!(matches("*", "created"));
        assert!(!matches("*", "shop.created"));
        assert!(matches("shop.*", "shop.order"));
        assert!(!matches("shop.*", "shop"));
        assert!(!matches("shop.*", "shop.order.created"));
        assert!(matches("shop.*.created", "shop.order.created"));
        assert!(!matches("shop.*.created", "shop.order.deleted"));
        assert!(!matches("shop.*.created", "shop.created"));
        assert!(matches("*.*", "shop.order"));
    }

    #[test]
    fn two_stars_stand_for_one_segment_or_more() {
        for type_string in ["created", "shop.order", "shop.order.created"] {
            assert!(matches("**", type_string), "{type_string}");
        }
        assert!(matches("shop.**", "shop.order"));
        assert!(matches("shop.**", "shop.order.line.created"));
        assert!(!matches("shop.**", "shop"));
        assert!(!matches("shop.**", "shopping.order"));
        assert!(matches("*.order.**", "shop.order.created"));
        assert!(!matches("*.order.**", "shop.stock.low"));
    }

    #[test]
    fn the_type_of_a_raw_event_may_be_any_text() {
        assert!(matches("**", ""));
        assert!(matches("**", "Not A.Type"));
        assert!(!matches("shop.**", ""));
    }
}
