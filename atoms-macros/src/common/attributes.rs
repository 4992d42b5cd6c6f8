//! Attributes that others wrote on an item, and what of them an expansion has to repeat.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token, parse_quote};

/// The `#[cfg(...)]`s: what stands beside an item is there when the item is.
pub(crate) fn cfgs(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
}

/// The lint levels that an item sets, for what repeats its types beside it. What is expected of the item
/// is only allowed there.
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
