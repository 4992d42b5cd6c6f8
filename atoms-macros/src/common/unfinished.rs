//! Items that do not parse, which rustc reports by itself.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::ItemFn;

use super::{Mistakes, bodies};

/// An attribute of functions: `#[handler]`, `#[tool]`, `#[hook]` or `#[agent]`.
pub(crate) trait OfFunction {
    /// The keys of its list.
    type Options;

    /// The attribute, as it is written.
    const OWN: &'static str;
    /// The message and its help where it stands on something else.
    const MISPLACED: &'static str;
    /// The attributes of parameters that only it knows.
    const INSIDE: &'static [&'static str] = &[];

    /// Reads its list.
    fn options(args: TokenStream, mistakes: &mut Mistakes) -> Self::Options;

    /// What a function expands to.
    fn expand(options: Self::Options, function: ItemFn, mistakes: Mistakes) -> TokenStream;

    /// The stub beside a function of which only the name is known.
    fn stub(options: Self::Options, function: &ItemFn) -> TokenStream;
}

/// What such an attribute expands to, on a function or on another item.
pub(crate) fn attribute<A: OfFunction>(args: TokenStream, item: TokenStream) -> TokenStream {
    match bodies::function(item.clone()) {
        Ok((function, bodies)) => {
            let mut mistakes = Mistakes::default();
            let options = A::options(args, &mut mistakes);
            bodies.of_function(A::expand(options, function, mistakes))
        }
        Err(_) if is_function(&item) => unfinished_function::<A>(args, item),
        Err(_) => {
            let error = syn::Error::new(Span::call_site(), A::MISPLACED).into_compile_error();
            quote!(#error #item)
        }
    }
}

/// What a function that does not parse, or has no body, expands to. rustc reports what is wrong.
fn unfinished_function<A: OfFunction>(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let options = A::options(args, &mut mistakes);
    let stub = name(&item, "fn").and_then(|(front, name)| {
        let function = syn::parse2(quote!(#front fn #name() {})).ok()?;
        Some(A::stub(options, &function))
    });
    let errors = mistakes.and(Ok(())).err().map(syn::Error::into_compile_error);
    let does_not_build = does_not_build(A::OWN);
    let item = without(item, A::INSIDE);
    quote!(#item #errors #stub #does_not_build)
}

/// The tokens before `keyword`, and the name after it.
pub(crate) fn name(item: &TokenStream, keyword: &str) -> Option<(TokenStream, Ident)> {
    let mut tokens = item.clone().into_iter();
    let mut front = TokenStream::new();
    for token in tokens.by_ref() {
        match token {
            TokenTree::Ident(word) if word == keyword => {
                let Some(TokenTree::Ident(name)) = tokens.next() else { return None };
                return Some((front, name));
            }
            token => front.extend([token]),
        }
    }
    None
}

/// Whether the item is a free function. In an `impl` block, no struct can stand beside it.
fn is_function(item: &TokenStream) -> bool {
    let mut behind_fn = item.clone().into_iter().skip_while(|token| !is_word(token, "fn"));
    let parameters = behind_fn.find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    });
    let has_self = parameters.is_some_and(|inputs| inputs.into_iter().any(|token| is_word(&token, "self")));
    name(item, "fn").is_some() && !has_self
}

/// The item without the attributes of these names inside of it. If it has none, its groups are not made anew, since rustc
/// would report their mistakes a second time.
pub(crate) fn without(item: TokenStream, names: &[&str]) -> TokenStream {
    item.into_iter()
        .map(|token| match token {
            TokenTree::Group(group) if has_any(&group, names) => {
                let mut like = Group::new(group.delimiter(), without_here(group.stream(), names));
                like.set_span(group.span());
                like.into()
            }
            token => token,
        })
        .collect()
}

/// Whether the token is this word.
pub(crate) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn has_any(group: &Group, names: &[&str]) -> bool {
    group
        .stream()
        .into_iter()
        .any(|token| matches!(token, TokenTree::Group(inner) if begins_with(&inner, names)))
}

fn without_here(tokens: TokenStream, names: &[&str]) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut kept = TokenStream::new();
    while let Some(token) = tokens.next() {
        let is_hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        match tokens.peek() {
            Some(TokenTree::Group(group)) if is_hash && begins_with(group, names) => {
                tokens.next();
            }
            _ => kept.extend([token]),
        }
    }
    kept
}

fn begins_with(attribute: &Group, names: &[&str]) -> bool {
    let first = attribute.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(first)) if names.iter().any(|name| first == name))
}

/// An item that does not build, in case rustc accepts what the attribute `own` could not parse. It is evaluated after
/// all other checks of rustc.
pub(crate) fn does_not_build(own: &str) -> TokenStream {
    let message = format!("`{own}` cannot parse what it stands on");
    quote! {
        const _: () = {
            fn unread() {
                const { ::core::panic!(#message) }
            }
            #[used]
            static UNREAD: fn() = unread;
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stands_behind_the_keyword() {
        let item = quote!(#[derive(Clone)] pub struct Order { id: });
        let (front, found) = name(&item, "struct").unwrap();
        assert_eq!(
            (front.to_string(), found.to_string()),
            (quote!(#[derive(Clone)] pub).to_string(), "Order".into())
        );
        assert!(name(&quote!(impl Order { fn f() {} }), "fn").is_none());
        assert!(
            name(
                &quote!(
                    static F: fn(u8) = f;
                ),
                "fn"
            )
            .is_none()
        );
    }

    #[test]
    fn attributes_inside_are_left_out() {
        let item = quote!(#[event] struct Order { #[event(key)] #[serde(skip)] #[doc = "x"] id: });
        let expected = quote!(#[event] struct Order { #[doc = "x"] id: });
        assert_eq!(without(item, &["event", "serde"]).to_string(), expected.to_string());
    }
}
