//! Patterns of names, as in `tools = "shop_*"`.

/// Whether the pattern selects the name: `*` stands for any characters, or for none.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut from) = (0, 0);
    // Where to retry if the text after the last star does not fit: after the star, and at the next place in the name.
    let mut star = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, from));
            }
            Some(expected) if *expected == name[from] => (at, from) = (at + 1, from + 1),
            _ => match &mut star {
                Some((behind, next)) => {
                    *next += 1;
                    (at, from) = (*behind, *next);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// How many bytes a name may have for which a similar one is looked for. Whoever gives it may be a model, and no name of ours is as
/// long.
const MOST_BYTES: usize = 256;

/// The one of `names` that is most similar to `name`, if any is similar.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MOST_BYTES {
        return None;
    }
    let likeness = |other: &str| strsim::jaro_winkler(&name.replace('*', ""), other);
    let rated = names.into_iter().map(|other| (likeness(other), other));
    let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness > 0.7).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{matches, nearest};

    #[test]
    fn a_star_stands_for_any_characters_anywhere() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "refund"),
            ("refund", "refund"),
            ("shop_*", "shop_"),
            ("shop_*", "shop_refund"),
            ("*_order", "lookup_order"),
            ("a*b*c", "a-b-b-c"),
            ("**", "refund"),
            ("aiagents.Main*", "aiagents.MainAgent"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn all_else_is_what_it_is() {
        for (pattern, name) in [
            ("", "refund"),
            ("refund", "refunds"),
            ("refund", "Refund"),
            ("shop_*", "shop"),
            ("a*b", "a-b-c"),
            ("ref?nd", "refund"),
            ("re.und", "refund"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn it_takes_no_longer_for_many_stars() {
        assert!(!matches(&"a*".repeat(2_000), &"a".repeat(1_999)));
    }

    #[test]
    fn the_nearest_name_is_like_it() {
        let names = ["lookup_order", "refund"];
        assert_eq!(nearest("refnd", names), Some("refund"));
        assert_eq!(nearest("refunds_*", names), Some("refund"));
        assert_eq!(nearest("xyz", names), None);
        let long = "refund".repeat(100);
        assert_eq!((nearest(&long, [&*long]), nearest(&long[..256], [&*long])), (None, Some(&*long)));
    }
}
