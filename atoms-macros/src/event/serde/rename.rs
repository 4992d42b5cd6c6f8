//! The cases of serde's `rename_all`, as they change the names of fields.

/// A case, by serde's name of it. Fields are taken to be in `snake_case`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Rule {
    #[default]
    AsIs,
    Upper,
    Pascal,
    Camel,
    Kebab,
    UpperKebab,
}

impl Rule {
    /// A case that serde does not know changes nothing, and serde reports it.
    pub(crate) fn named(case: &str) -> Self {
        match case {
            "UPPERCASE" | "SCREAMING_SNAKE_CASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::UpperKebab,
            _ => Self::AsIs,
        }
    }

    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::AsIs => field.into(),
            Self::Upper => field.to_ascii_uppercase(),
            Self::Pascal => field.split('_').map(|word| with_first(word, char::to_ascii_uppercase)).collect(),
            Self::Camel => with_first(&Self::Pascal.apply(field), char::to_ascii_lowercase),
            Self::Kebab => field.replace('_', "-"),
            Self::UpperKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn with_first(word: &str, change: impl Fn(&char) -> char) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|first| change(&first));
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn every_case_of_serde_is_known() {
        for (case, outcome, tasty, event_id) in [
            ("lowercase", "outcome", "very_tasty", "_id"),
            ("UPPERCASE", "OUTCOME", "VERY_TASTY", "_ID"),
            ("PascalCase", "Outcome", "VeryTasty", "Id"),
            ("camelCase", "outcome", "veryTasty", "id"),
            ("snake_case", "outcome", "very_tasty", "_id"),
            ("SCREAMING_SNAKE_CASE", "OUTCOME", "VERY_TASTY", "_ID"),
            ("kebab-case", "outcome", "very-tasty", "-id"),
            ("SCREAMING-KEBAB-CASE", "OUTCOME", "VERY-TASTY", "-ID"),
            ("no such case", "outcome", "very_tasty", "_id"),
        ] {
            let rule = Rule::named(case);
            assert_eq!(rule.apply("outcome"), outcome, "{case}");
            assert_eq!(rule.apply("very_tasty"), tasty, "{case}");
            assert_eq!(rule.apply("_id"), event_id, "{case}");
        }
    }

    #[test]
    fn names_without_a_letter_are_no_trouble() {
        assert_eq!(Rule::named("camelCase").apply("__"), "");
    }
}
