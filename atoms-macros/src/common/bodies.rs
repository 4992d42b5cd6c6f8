//! The bodies of functions, which are kept as they are written. In an editor, a body is unfinished most of the time.
//! rustc reports that by itself, and editors complete code in a body that is given back.

use std::iter::Peekable;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{ImplItem, ItemFn, ItemImpl};

/// The bodies of an item's functions, which are empty in what is parsed. They are given back as they are, since rustc
/// would report a mistake twice if syn wrote the group anew.
#[derive(Default)]
pub(crate) struct Bodies(Vec<Group>);

/// Parses a function without its body.
pub(crate) fn function(item: TokenStream) -> syn::Result<(ItemFn, Bodies)> {
    let (emptied, bodies) = emptied(item);
    Ok((syn::parse2(emptied)?, bodies))
}

/// Parses an `impl` block without the bodies of its functions.
pub(crate) fn implementation(item: TokenStream) -> syn::Result<(ItemImpl, Bodies)> {
    let mut bodies = Bodies::default();
    let block: ItemImpl = syn::parse2(inside_last(item.clone(), |items| {
        let (emptied, found) = emptied(items);
        bodies = found;
        emptied
    }))?;
    let functions = block.items.iter().filter(|item| matches!(item, ImplItem::Fn(_)));
    if functions.count() == bodies.0.len() {
        return Ok((block, bodies));
    }
    // A macro may have put a body into delimiters that cannot be seen.
    Ok((syn::parse2(item)?, Bodies::default()))
}

impl Bodies {
    /// The function, which comes first in an expansion, with its body.
    pub(crate) fn of_function(&self, expansion: TokenStream) -> TokenStream {
        self.put_back(expansion)
    }

    /// The block with the bodies of its functions.
    pub(crate) fn of_implementation(&self, block: &ItemImpl) -> TokenStream {
        inside_last(block.to_token_stream(), |items| self.put_back(items))
    }

    fn put_back(&self, tokens: TokenStream) -> TokenStream {
        let mut bodies = self.0.iter().cloned();
        each_body(tokens, |empty| bodies.next().unwrap_or(empty))
    }
}

/// Tokens with `{}` in place of each function's body, and the bodies.
fn emptied(tokens: TokenStream) -> (TokenStream, Bodies) {
    let mut bodies = Vec::new();
    let emptied = each_body(tokens, |body| {
        let empty = like(&body, TokenStream::new());
        bodies.push(body);
        empty
    });
    (emptied, Bodies(bodies))
}

/// Changes what is in the last group.
fn inside_last(tokens: TokenStream, change: impl FnOnce(TokenStream) -> TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if let Some(TokenTree::Group(group)) = tokens.last_mut() {
        *group = like(group, change(group.stream()));
    }
    tokens.into_iter().collect()
}

/// Changes the body of each function: the braces behind its signature.
fn each_body(tokens: TokenStream, mut change: impl FnMut(Group) -> Group) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut changed = TokenStream::new();
    let (mut in_function, mut angles, mut arrow) = (false, 0_u32, false);
    while let Some(token) = tokens.next() {
        let behind_minus = std::mem::replace(&mut arrow, is_punct(&token, '-'));
        let token = match token {
            TokenTree::Group(body) if in_function && angles == 0 && body.delimiter() == Delimiter::Brace => {
                in_function = false;
                change(body).into()
            }
            token => token,
        };
        match &token {
            TokenTree::Ident(word) if word == "fn" && name_follows(&mut tokens) => {
                (in_function, angles) = (true, 0);
            }
            TokenTree::Punct(punct) if punct.as_char() == '<' => angles += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' && !behind_minus => {
                angles = angles.saturating_sub(1);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => in_function = false,
            _ => {}
        }
        changed.extend([token]);
    }
    changed
}

/// Whether a name follows, as it does not behind the `fn` of a pointer's type.
fn name_follows(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) -> bool {
    matches!(tokens.peek(), Some(TokenTree::Ident(_)))
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// A group in the place of another.
fn like(group: &Group, stream: TokenStream) -> Group {
    let mut like = Group::new(group.delimiter(), stream);
    like.set_span(group.span());
    like
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn a_function_is_given_back_as_it_is_written() {
        for item in [
            quote!(fn f(x: &X) { let y = x. }),
            quote!(pub async fn f(x: X) -> Sized<{ 3 }> where X: Y<u8> { #![allow(unused)] let = x; }),
            quote!(fn f(x: fn(u8) -> u8) -> fn(u8) -> Vec<u8> { 1 +; }),
            quote!(
                fn f() {}
            ),
        ] {
            let (function, bodies) = function(item.clone()).unwrap();
            assert_eq!(bodies.of_function(function.to_token_stream()).to_string(), item.to_string());
        }
    }

    #[test]
    fn a_block_is_given_back_as_it_is_written() {
        let item = quote! {
            impl Desk {
                const F: fn(u8) -> u8 = { double };
                const IS_LESS: bool = 1 < 2;
                #[handler]
                fn see(&mut self, order: &Order) -> Vec<[u8; { 3 }]> { order. }
                fn count<const N: usize>(&self) -> Sized<{ N }> { self.count }
            }
        };
        let (block, bodies) = implementation(item.clone()).unwrap();
        assert_eq!(bodies.of_implementation(&block).to_string(), item.to_string());
        assert!(block.items.iter().any(|item| matches!(item, ImplItem::Fn(f) if f.sig.ident == "see")));
    }
}
