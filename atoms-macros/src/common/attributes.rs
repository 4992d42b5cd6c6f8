//! Attributes on an item that are not ours, and those of them that an expansion has to repeat.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token, parse_quote};

/// The `#[cfg(...)]`s, which what is generated beside an item has, too.
pub(crate) fn cfgs(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
}

/// The lint levels that an item sets, for generated code that repeats its types. An `#[expect(...)]` becomes an
/// `#[allow(...)]` there.
pub(crate) fn levels(attributes: &[Attribute]) -> impl Iterator<Item = Attribute> {
    let levels = ["allow", "expect", "warn", "deny", "forbid"];
    let levels = attributes
        .iter()
        .filter(move |attribute| levels.iter().any(|level| attribute.path().is_ident(level)));
    levels.map(|level| if level.path().is_ident("expect") { allowed(level) } else { level.clone() })
}

/// `#[allow(...)]` of what `#[expect(...)]` names.
pub(crate) fn allowed(expected: &Attribute) -> Attribute {
    match &expected.meta {
        Meta::List(list) => {
            let lints = &list.tokens;
            parse_quote!(#[allow(#lints)])
        }
        _ => expected.clone(),
    }
}

/// Whether an attribute is an `#[expect(...)]` that has `lint` in it.
pub(crate) fn expects(attribute: &Attribute, lint: &str) -> bool {
    attribute.path().is_ident("expect") && paths(attribute).iter().any(|path| path.is_ident(lint))
}

/// `#[allow(deprecated)]` for what has to name something that is `#[deprecated]`.
pub(crate) fn allow_deprecated<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Option<Attribute> {
    let is_deprecated = attributes.into_iter().any(|attribute| attribute.path().is_ident("deprecated"));
    is_deprecated.then(|| parse_quote!(#[allow(deprecated)]))
}

/// The traits that the `#[derive(...)]`s name.
pub(crate) fn derives(attributes: &[Attribute]) -> Vec<Path> {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    derives.flat_map(paths).collect()
}

/// The paths in the list of an attribute.
pub(crate) fn paths(attribute: &Attribute) -> Vec<Path> {
    let metas = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let metas = metas.into_iter().flatten();
    metas.filter_map(|meta| if let Meta::Path(path) = meta { Some(path) } else { None }).collect()
}

/// What stands in a `#[cfg_attr(condition, ...)]` inside of an item. An attribute macro sees it before the compiler has
/// evaluated the condition, and a derive macro afterwards. For those on the item itself, both see it afterwards.
pub(crate) struct Conditional {
    pub(crate) condition: TokenStream,
    pub(crate) meta: Meta,
}

impl Conditional {
    fn also(self, outer: &TokenStream) -> Self {
        let condition = self.condition;
        Self { condition: quote!(all(#outer, #condition)), ..self }
    }
}

/// What stands in the `#[cfg_attr(...)]`s. rustc reports mistakes in them.
pub(crate) fn conditional(attributes: &[Attribute]) -> Vec<Conditional> {
    attributes.iter().flat_map(|attribute| conditional_in(&attribute.meta)).collect()
}

fn conditional_in(meta: &Meta) -> Vec<Conditional> {
    let Meta::List(list) = meta else { return Vec::new() };
    if !list.path.is_ident("cfg_attr") {
        return Vec::new();
    }
    let Ok((condition, metas)) = condition_and_metas.parse2(list.tokens.clone()) else { return Vec::new() };
    let nested = metas.into_iter().flat_map(|meta| match conditional_in(&meta) {
        inner if inner.is_empty() => vec![Conditional { condition: condition.clone(), meta }],
        inner => inner.into_iter().map(|it| it.also(&condition)).collect(),
    });
    nested.collect()
}

fn condition_and_metas(input: ParseStream<'_>) -> syn::Result<(TokenStream, Punctuated<Meta, Token![,]>)> {
    let mut condition = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        condition.extend([input.parse::<TokenTree>()?]);
    }
    input.parse::<Token![,]>()?;
    Ok((condition, Punctuated::parse_terminated(input)?))
}

/// Whether a path's last segment is `name`.
pub(crate) fn ends_with(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::{DeriveInput, parse_quote};

    use super::*;

    #[test]
    fn levels_are_repeated_and_nothing_is_expected_twice() {
        let item: DeriveInput = parse_quote! {
            #[allow(deprecated, dead_code)]
            #[expect(unused, reason = "yes")]
            #[doc = "x"]
            struct X;
        };
        let levels = levels(&item.attrs);
        assert_eq!(
            quote!(#(#levels)*).to_string(),
            quote!(#[allow(deprecated, dead_code)] #[allow(unused, reason = "yes")]).to_string()
        );
        assert!(expects(&item.attrs[1], "unused"));
        assert!(!expects(&item.attrs[0], "deprecated"));
    }

    #[test]
    fn what_depends_on_a_condition_is_found_at_any_depth() {
        let item: DeriveInput = parse_quote! {
            #[cfg_attr(all(unix, feature = "x"), allow(unused), cfg_attr(true, event(key)))]
            #[cfg_attr(test)]
            #[event(type = "x")]
            struct X;
        };
        let found = conditional(&item.attrs);
        let found = found.iter().map(|it| {
            let (condition, meta) = (&it.condition, &it.meta);
            quote!(#condition => #meta).to_string()
        });
        let expected = [
            quote!(all(unix, feature = "x") => allow(unused)),
            quote!(all(all(unix, feature = "x"), true) => event(key)),
        ]
        .map(|it| it.to_string());
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn derives_are_found_by_their_last_segment() {
        let item: DeriveInput = parse_quote! {
            #[derive(Clone, serde::Serialize)]
            #[derive(::core::fmt::Debug)]
            struct X;
        };
        let derives = derives(&item.attrs);
        for name in ["Clone", "Serialize", "Debug"] {
            assert!(derives.iter().any(|path| ends_with(path, name)), "{name}");
        }
        assert_eq!(derives.len(), 3);
    }
}
