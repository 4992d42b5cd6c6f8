//! ```text
//! list  = [ entry { "," entry } [ "," ] ]
//! entry = key | key "=" expression | key "(" list ")"
//! ```

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Token, Type, token};

use super::{Given, Grammar, Key, List, Wrong};
use crate::common::{Mistakes, mistake};

/// What comes after a key.
enum Value {
    Missing,
    Parenthesized(Group),
    Expr(Expr),
}

impl Grammar {
    /// Returns the entries that are right, and reports the others.
    pub(crate) fn read(&'static self, tokens: TokenStream, mistakes: &mut Mistakes) -> List {
        let mut list = List::default();
        let result = (|input: ParseStream<'_>| {
            while !input.is_empty() {
                match self.entry(input, &list.given) {
                    Ok(given) => {
                        list.given.push(given);
                        check_comma(input, mistakes);
                    }
                    Err(wrong) => {
                        let told = mistakes.add(wrong.error);
                        list.meant.extend(wrong.meant.map(|key| (key, told)));
                    }
                }
                skip_behind_comma(input);
            }
            Ok(())
        })
        .parse2(tokens);
        let _all_is_read = mistakes.take(result);
        list
    }

    fn entry(&'static self, input: ParseStream<'_>, earlier: &[Given]) -> Result<Given, Wrong> {
        if !input.peek(Ident::peek_any) {
            return Err(self.no_key(next(input)));
        }
        let key = input.call(Ident::parse_any)?;
        let Some(known) = self.find(&key) else {
            let _skipped = Value::read(input);
            return Err(self.unknown(&key));
        };
        let value = if known.takes_type() { Value::read_type(input) } else { Value::read(input) };
        let value = value.and_then(|value| value.of(&key, known));
        let value = value.map_err(|error| known.wrong(error))?;
        if earlier.iter().any(|given| given.key == key) {
            return Err(self.repeated(&key));
        }
        Ok(Given { key, value })
    }
}

impl Value {
    fn read(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(token::Paren) {
            return input.parse().map(Self::Parenthesized);
        }
        if input.parse::<Option<Token![=]>>()?.is_none() || input.is_empty() || input.peek(Token![,]) {
            return Ok(Self::Missing);
        }
        input.parse().map(Self::Expr)
    }

    /// As [`read`](Self::read), but reads `Vec<Quote>` as a type, not as a comparison.
    fn read_type(input: ParseStream<'_>) -> syn::Result<Self> {
        let fork = input.fork();
        if fork.parse::<Token![=]>().is_err() || fork.parse::<Type>().is_err() {
            return Self::read(input);
        }
        input.parse::<Token![=]>()?;
        let ty = input.parse::<Type>()?.into_token_stream();
        Ok(Self::Expr(syn::parse2(ty.clone()).unwrap_or(Expr::Verbatim(ty))))
    }

    /// Reads the value of `key`.
    fn of(self, key: &Ident, known: &Key) -> syn::Result<Option<Expr>> {
        if known.takes_list() {
            return self.of_list(key, known);
        }
        let surplus = match (known.1, self) {
            (None, Self::Missing) => return Ok(None),
            (None, Self::Expr(value)) => value.into_token_stream(),
            (None, Self::Parenthesized(list)) => list.into_token_stream(),
            (Some(_), Self::Expr(value)) => return Ok(Some(value)),
            (Some(_), Self::Missing | Self::Parenthesized(_)) => {
                let problem = format_args!("`{key}` needs a value");
                return Err(mistake(key, problem, format_args!("write `{}`", known.example())));
            }
        };
        Err(mistake(surplus, format_args!("`{key}` takes no value"), format_args!("write `{key}` alone")))
    }

    /// The list as it stands between the parentheses, for `Given::list`.
    fn of_list(self, key: &Ident, known: &Key) -> syn::Result<Option<Expr>> {
        match self {
            Self::Missing => Ok(None),
            Self::Parenthesized(list) => Ok(Some(Expr::Verbatim(list.stream()))),
            Self::Expr(value) => {
                let problem = format_args!("`{key}` takes a list, not a value");
                Err(mistake(value, problem, format_args!("write `{}`", known.example())))
            }
        }
    }
}

fn check_comma(input: ParseStream<'_>, mistakes: &mut Mistakes) {
    if !input.is_empty() && !input.peek(Token![,]) {
        mistakes.at(next(input), "a `,` is missing before this", "separate the keys by commas");
    }
}

fn skip_behind_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _skipped = input.parse::<TokenTree>();
    }
    let _comma = input.parse::<Option<Token![,]>>();
}

/// The next token, which is not consumed.
fn next(input: ParseStream<'_>) -> TokenStream {
    input.fork().parse::<TokenTree>().map(TokenStream::from).unwrap_or_default()
}
