//! ```text
//! id = "billing.mail", was = "old::path"
//! id = "billing.mail", was = ["old::path", "older::path"]
//! ```

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprArray, ExprLit, Lit, LitStr};

use super::parse::Options;
use crate::common::keys::Given;
use crate::common::{Mistakes, Root, Setting, mistake, values};

/// Twice the limit of an event's id, since an identity is a path by default.
const MAX_BYTES: usize = 256;

pub(super) const ID: &str = "\"billing.mail\"";
pub(super) const WAS: &str = "\"old::path\"";

/// The rule for constants.
const RULE: &str = "has from 1 to 256 bytes, and no control characters";

/// Reads the value of `id`.
pub(super) fn id(given: &Given) -> syn::Result<Setting<LitStr>> {
    one(given, "id", ID)
}

fn one(given: &Given, key: &str, example: &str) -> syn::Result<Setting<LitStr>> {
    let literal = |given: &Given| {
        values::string(given, example.trim_matches('"')).and_then(|text| check(key, example, text))
    };
    Setting::read(given, RULE, literal)
}

/// Reads the value of `was`: one identity, or several in brackets.
pub(super) fn was(given: &Given, mistakes: &mut Mistakes) -> Vec<Setting<LitStr>> {
    let Some(Expr::Array(ExprArray { elems, .. })) = given.value.as_ref().map(values::peel) else {
        return mistakes.take(one(given, "was", WAS)).into_iter().collect();
    };
    if elems.is_empty() {
        let help = format_args!("name an identity that the handler had: `was = {WAS}`, or remove `was`");
        mistakes.at(&given.value, "`was` is empty", help);
    }
    let texts = elems.iter().filter_map(|element| {
        let given = Given { key: given.key.clone(), value: Some(element.clone()) };
        mistakes.take(Setting::read(&given, RULE, |_| text(element))).ok()
    });
    texts.collect()
}

fn text(element: &Expr) -> syn::Result<LitStr> {
    match values::peel(element) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => check("was", WAS, text.clone()),
        other => {
            let help = format_args!("write `was = [{WAS}]`");
            Err(mistake(other.to_token_stream(), "`was` takes string literals", help))
        }
    }
}

fn check(key: &str, example: &str, literal: LitStr) -> syn::Result<LitStr> {
    let text = literal.value();
    let odd = text.chars().find(|letter| letter.is_control());
    let problem = if text.is_empty() {
        format!("`{key}` is empty")
    } else if let Some(odd) = odd {
        format!("`{key}` has a control character, {odd:?}")
    } else if text.len() > MAX_BYTES {
        format!("`{key}` has {} bytes", text.len())
    } else {
        return Ok(literal);
    };
    let help = format_args!(
        "write `{key} = {example}`\nnote: an identity has from 1 to {MAX_BYTES} bytes, and no control characters"
    );
    Err(mistake(literal, problem, help))
}

/// Reports an identity that is given twice.
pub(super) fn check_all(options: &Options, mistakes: &mut Mistakes) {
    let mut earlier: Vec<String> =
        options.id.iter().filter_map(Setting::literal).map(LitStr::value).collect();
    for was in options.was.iter().filter_map(Setting::literal) {
        let text = was.value();
        if earlier.contains(&text) {
            let problem = format_args!("the identity `{}` is given twice", text.escape_debug());
            mistakes.at(was, problem, "name each identity once, the present one as `id` only");
        }
        earlier.push(text);
    }
}

/// The arguments of `with_was`.
pub(super) fn earlier(root: &Root, was: &[Setting<LitStr>]) -> Option<TokenStream> {
    let was = was.iter().map(|was| was.checked(root, "id"));
    (was.len() > 0).then(|| quote::quote!(&[#(#was),*]))
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::super::parse;
    use super::*;

    fn read(list: TokenStream) -> (Option<String>, Vec<String>, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let options = parse::options(list, &mut mistakes);
        let told = mistakes.and(Ok(())).err().into_iter().flatten();
        let first_lines = told.map(|error| error.to_string().lines().next().unwrap_or_default().into());
        let was = options.was.iter().filter_map(Setting::literal).map(LitStr::value).collect();
        (options.id.and_then(|id| Some(id.literal()?.value())), was, first_lines.collect())
    }

    #[test]
    fn one_or_several_earlier_identities_are_read() {
        for (list, was) in [
            (quote!(id = "b"), &[][..]),
            (quote!(id = "b", was = "a::b"), &["a::b"]),
            (quote!(was = ["a::b", "c"], id = "b"), &["a::b", "c"]),
            (quote!(id = "b", was = (["a"])), &["a"]),
        ] {
            let (id, read, told) = read(list);
            assert_eq!((id.as_deref(), told), (Some("b"), vec![]));
            assert_eq!(read, was);
        }
    }

    #[test]
    fn one_mistake_gives_one_message() {
        let long = "x".repeat(257);
        for (list, message) in [
            (quote!(id = ""), "`id` is empty"),
            (quote!(id = "a\nb"), "`id` has a control character, '\\n'"),
            (quote!(id = #long), "`id` has 257 bytes"),
            (quote!(id = 7), "`id` takes a string literal"),
            (quote!(id = "a", id = "b"), "`id` is given twice"),
            (quote!(was = ""), "`was` is empty"),
            (quote!(was = []), "`was` is empty"),
            (quote!(was = ["a", 5]), "`was` takes string literals"),
            (quote!(was = ["a", "b", "a"]), "the identity `a` is given twice"),
            (quote!(id = "a", was = "a"), "the identity `a` is given twice"),
        ] {
            assert_eq!(read(list).2, [message]);
        }
    }
}
