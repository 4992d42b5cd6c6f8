//! Doc comments as text, for example for the description of a tool.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// An expression whose value is the text of the doc comments. It is empty if there are none.
pub(crate) fn text(attributes: &[Attribute]) -> TokenStream {
    let values: Vec<&Expr> = attributes.iter().filter_map(value).collect();
    let texts: Option<Vec<String>> = values.iter().map(|value| literal(value)).collect();
    match texts {
        Some(texts) => {
            let text =
                unindented(&texts.iter().map(|text| without_stars(text)).collect::<Vec<_>>().join("\n"));
            quote!(#text)
        }
        // Such as `#[doc = include_str!("refund.md")]`.
        None => quote!(::core::concat!(#(#values, "\n"),*)),
    }
}

fn value(attribute: &Attribute) -> Option<&Expr> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => Some(&pair.value),
        _ => None,
    }
}

fn literal(value: &Expr) -> Option<String> {
    match super::values::peel(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The text of a `/** ... */` without the stars at the beginnings of its lines.
fn without_stars(text: &str) -> String {
    let has_stars =
        text.lines().skip(1).map(str::trim_start).all(|line| line.is_empty() || line.starts_with('*'));
    if !has_stars || !text.contains('\n') {
        return text.into();
    }
    let lines = text.lines().map(|line| line.trim_start().strip_prefix('*').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The text without what all of its lines begin with, and without blank lines around it.
fn unindented(text: &str) -> String {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let lines = || text.lines().map(str::trim_end);
    let least = lines().filter(|line| !line.is_empty()).map(|line| indent(&line)).min().unwrap_or_default();
    let lines: Vec<&str> = lines().map(|line| line.get(least..).unwrap_or_default()).collect();
    lines.join("\n").trim_matches('\n').into()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn a_doc_comment_is_its_text() {
        for (attributes, expected) in [
            (quote!(), ""),
            (quote!(#[doc = " Pays money back."]), "Pays money back."),
            (quote!(#[doc = " One:"] #[doc = ""] #[doc = "   - two "] #[doc(hidden)]), "One:\n\n  - two"),
            (quote!(#[doc = "\n     * One.\n     *   Two.\n     "]), "One.\n  Two."),
            (quote!(#[doc = "\n    One.\n\n    * Two.\n"]), "One.\n\n* Two."),
        ] {
            let function: syn::ItemFn = parse_quote!(#attributes fn f() {});
            assert_eq!(text(&function.attrs).to_string(), quote!(#expected).to_string());
        }
    }

    #[test]
    fn what_a_macro_makes_is_left_to_it() {
        let function: syn::ItemFn = parse_quote!(
            #[doc = " One."]
            #[doc = include_str!("two.md")]
            fn f() {}
        );
        let expected = quote!(::core::concat!(" One.", "\n", include_str!("two.md"), "\n"));
        assert_eq!(text(&function.attrs).to_string(), expected.to_string());
    }
}
