//! Names of tools: checks them, and suggests the nearest valid one.

use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use crate::common::keys::Given;
use crate::common::{mistake, values};

/// The rule, as messages state it. Models accept no other names.
const RULE: &str = "a tool's name has 1 to 64 of the characters `A-Z`, `a-z`, `0-9`, `_` and `-`";

const MAX_BYTES: usize = 64;

/// Reads the value of `name`.
pub(super) fn given(given: &Given) -> syn::Result<LitStr> {
    let literal = values::string(given, "refund")?;
    let text = literal.value();
    let Some(rule) = broken_rule(&text) else { return Ok(literal) };
    let problem = match text.as_str() {
        "" => "the tool's name is empty".into(),
        text => format!("`{text}` is not a valid name of a tool: {rule}"),
    };
    Err(mistake(&literal, problem, help(&text)))
}

/// The name of a function as the name of the tool.
pub(super) fn of_function(name: &Ident) -> syn::Result<LitStr> {
    let text = name.unraw().to_string();
    match broken_rule(&text) {
        None => Ok(LitStr::new(&text, name.span())),
        Some(rule) => {
            let problem = format_args!("the tool cannot have the name of its function: {rule}");
            Err(mistake(name, problem, help(&text)))
        }
    }
}

fn help(text: &str) -> String {
    let nearest = nearest(text).unwrap_or_else(|| "refund".into());
    format!("write `name = {nearest:?}`\nnote: {RULE}")
}

/// The rule that `text` breaks, if it is not a name.
fn broken_rule(text: &str) -> Option<String> {
    match text.chars().find(|letter| !is_valid(*letter)) {
        _ if text.is_empty() => Some("it is empty".into()),
        Some(odd) => Some(format!("it has a {odd:?}")),
        None => (text.len() > MAX_BYTES).then(|| format!("it has {} characters", text.len())),
    }
}

fn is_valid(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
}

/// The valid name that is nearest to `text`, or `None` if no part of it can be kept.
fn nearest(text: &str) -> Option<String> {
    let valid = text.chars().map(|letter| if is_valid(letter) { letter } else { '_' });
    let nearest: String = valid.collect();
    let nearest: String = nearest.trim_matches('_').chars().take(MAX_BYTES).collect();
    (!nearest.is_empty()).then_some(nearest)
}

/// The name of a function in capitals, as a type's: `lookup_order` gives `LookupOrder`.
pub(super) fn in_capitals(name: &Ident) -> String {
    let name = name.unraw().to_string();
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn the_broken_rule_is_named_and_the_nearest_name_is_valid() {
        for (text, rule, near) in [
            ("refund", None, Some("refund")),
            ("Refund-2_now", None, Some("Refund-2_now")),
            ("", Some("it is empty"), None),
            ("shop.refund", Some("it has a '.'"), Some("shop_refund")),
            ("refund now!", Some("it has a ' '"), Some("refund_now")),
            ("größe", Some("it has a 'ö'"), Some("gr__e")),
            ("___", None, None),
        ] {
            assert_eq!(broken_rule(text).as_deref(), rule, "{text}");
            assert_eq!(nearest(text).as_deref(), near, "{text}");
            assert!(near.is_none_or(|near| broken_rule(near).is_none()), "{text}");
        }
        let long = "x".repeat(65);
        assert_eq!(broken_rule(&long).as_deref(), Some("it has 65 characters"));
        assert_eq!(nearest(&long).map(|near| near.len()), Some(64));
    }

    #[test]
    fn a_function_gives_the_struct_its_name() {
        for (name, capitals) in [
            (parse_quote!(refund), "Refund"),
            (parse_quote!(lookup_order), "LookupOrder"),
            (parse_quote!(_get_2fa__code_), "Get2faCode"),
            (parse_quote!(r#type), "Type"),
            (parse_quote!(Already), "Already"),
        ] {
            assert_eq!(in_capitals(&name), capitals);
        }
    }
}
