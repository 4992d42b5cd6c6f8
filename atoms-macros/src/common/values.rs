//! Reads the values of keys. Parentheses and a macro's invisible delimiters around them do not count.

use quote::ToTokens;
use syn::{Expr, ExprLit, ExprPath, ExprUnary, Lit, LitStr, Path, Type, UnOp};

use super::keys::Given;
use super::{Root, mistake};

/// A value without its delimiters.
pub(crate) fn peel(mut value: &Expr) -> &Expr {
    loop {
        value = match value {
            Expr::Group(group) => &group.expr,
            Expr::Paren(paren) => &paren.expr,
            bare => return bare,
        };
    }
}

pub(crate) fn string(given: &Given, example: &str) -> syn::Result<LitStr> {
    match given.value.as_ref().map(peel) {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Ok(text.clone()),
        _ => Err(given.not("takes a string literal", &format!("{example:?}"))),
    }
}

/// Reads one of the `words`, and returns its index.
pub(crate) fn word(given: &Given, words: [&str; 2]) -> syn::Result<usize> {
    let near = |text: &str| {
        let is_like = |word: &str| strsim::jaro_winkler(&text.to_lowercase(), word) > 0.8;
        words.iter().position(|word| is_like(word)).unwrap_or_default()
    };
    let text = match given.value.as_ref().map(peel) {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => text.value(),
        other => {
            let near = words[near(&other.to_token_stream().to_string())];
            return Err(given.not("takes a string literal", &format!("{near:?}")));
        }
    };
    words.iter().position(|word| *word == text).ok_or_else(|| {
        let [first, second] = words;
        given.not(&format!("is `{first:?}` or `{second:?}`"), &format!("{:?}", words[near(&text)]))
    })
}

fn path(given: &Given, example: &str) -> syn::Result<Path> {
    match given.value.as_ref().map(peel) {
        Some(Expr::Path(ExprPath { qself: None, path, .. })) => Ok(path.clone()),
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) if text.parse::<Path>().is_ok() => {
            Err(given.not("takes a path, not a string", &text.value()))
        }
        _ => Err(given.not("takes a path", example)),
    }
}

/// Reads a type, for a key whose example is a type.
pub(crate) fn ty(given: &Given, example: &str) -> syn::Result<Type> {
    match given.value.as_ref().map(peel) {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) if text.parse::<Type>().is_ok() => {
            Err(given.not("takes a type, not a string", &text.value()))
        }
        value => syn::parse2(value.to_token_stream()).map_err(|_| given.not("takes a type", example)),
    }
}

/// The value of `crate`.
pub(crate) fn root(given: &Given) -> syn::Result<Root> {
    path(given, "my_crate::atoms").map(Root::new)
}

/// The path of a struct.
pub(crate) fn struct_path(given: &Given, example: &str) -> syn::Result<Path> {
    path(given, example)
}

/// The path of a function.
pub(crate) fn function(given: &Given, signature: &str) -> syn::Result<ExprPath> {
    match given.value.as_ref().map(peel) {
        Some(Expr::Path(path)) => Ok(path.clone()),
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) if text.parse::<Path>().is_ok() => {
            Err(given.not("takes a path, not a string", &text.value()))
        }
        _ => {
            let key = &given.key;
            let help = format_args!("write a function `{signature}`, and name it: `{key} = condition`");
            Err(mistake(&given.value, format_args!("`{key}` takes the path of a function"), help))
        }
    }
}

/// Reads a number that is at least `least.0`. `least.1` is the problem with a smaller one.
pub(crate) fn count(given: &Given, (least, too_few): (u32, &str), example: &str) -> syn::Result<u32> {
    match given.value.as_ref().map(peel) {
        Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) if number.suffix().is_empty() => {
            match number.base10_digits().parse::<u32>() {
                Ok(count) if count < least => Err(given.not(too_few, example)),
                count => count.map_err(|_| given.not("takes a number that fits into a `u32`", example)),
            }
        }
        _ => Err(given.not("takes a whole number", example)),
    }
}

pub(crate) fn integer(given: &Given) -> syn::Result<i32> {
    let value = given.value.as_ref().map(peel);
    let (sign, value) = match value {
        Some(Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. })) => ("-", Some(peel(expr))),
        value => ("", value),
    };
    match value {
        Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) if number.suffix().is_empty() => {
            let number = format!("{sign}{}", number.base10_digits());
            number.parse().map_err(|_| given.not("takes a number that fits into an `i32`", "-3"))
        }
        _ => Err(given.not("takes a whole number", "-3")),
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn given(value: Expr) -> Given {
        Given { key: parse_quote!(key), value: Some(value) }
    }

    #[test]
    fn integers_have_a_sign_and_fit() {
        for (value, number) in [
            (parse_quote!(0), Some(0)),
            (parse_quote!(-3), Some(-3)),
            (parse_quote!((1_000)), Some(1_000)),
            (parse_quote!(-2147483648), Some(i32::MIN)),
            (parse_quote!(2147483648), None),
            (parse_quote!(1u8), None),
            (parse_quote!("first"), None),
            (parse_quote!(LIMIT), None),
        ] {
            assert_eq!(integer(&given(value)).ok(), number);
        }
    }

    #[test]
    fn counts_have_no_sign_and_a_least() {
        let count =
            |value| count(&given(value), (2, "is at least two"), "3").map_err(|error| error.to_string());
        assert_eq!(count(parse_quote!(2)), Ok(2));
        assert_eq!(count(parse_quote!((4_294_967_295))), Ok(u32::MAX));
        for (value, problem) in [
            (parse_quote!(1), "is at least two"),
            (parse_quote!(0), "is at least two"),
            (parse_quote!(4294967296), "takes a number that fits into a `u32`"),
            (parse_quote!(-3), "takes a whole number"),
            (parse_quote!(3u8), "takes a whole number"),
            (parse_quote!("3"), "takes a whole number"),
        ] {
            assert_eq!(count(value), Err(format!("`key` {problem}\nhelp: write `key = 3`")));
        }
    }

    #[test]
    fn a_word_is_told_the_nearest() {
        let word = |value| word(&given(value), ["fast", "slow"]).map_err(|error| error.to_string());
        assert_eq!(word(parse_quote!("fast")), Ok(0));
        assert_eq!(word(parse_quote!(("slow"))), Ok(1));
        for (value, problem, near) in [
            (parse_quote!("Slow"), "is `\"fast\"` or `\"slow\"`", "slow"),
            (parse_quote!("medium"), "is `\"fast\"` or `\"slow\"`", "fast"),
            (parse_quote!(slow), "takes a string literal", "slow"),
            (parse_quote!(5), "takes a string literal", "fast"),
        ] {
            assert_eq!(word(value), Err(format!("`key` {problem}\nhelp: write `key = {near:?}`")));
        }
    }

    #[test]
    fn a_function_is_named_by_its_path() {
        let function = |value| function(&given(value), "fn(&E) -> bool").map_err(|error| error.to_string());
        assert!(function(parse_quote!(a::is_large)).is_ok());
        assert!(function(parse_quote!(<A as B>::is_large::<3>)).is_ok());
        let message = "`key` takes a path, not a string\nhelp: write `key = a::b`";
        assert_eq!(function(parse_quote!("a::b")).err().unwrap(), message);
        for value in [parse_quote!(|_| true), parse_quote!(is_large()), parse_quote!(true)] {
            let message = "`key` takes the path of a function\n\
                           help: write a function `fn(&E) -> bool`, and name it: `key = condition`";
            assert_eq!(function(value).err().unwrap(), message);
        }
    }

    #[test]
    fn a_type_is_no_string_and_no_value() {
        assert!(ty(&given(parse_quote!(())), "Reply").is_ok());
        assert!(ty(&given(Expr::Verbatim(parse_quote!(Vec<Quote>))), "Reply").is_ok());
        let told = |value| ty(&given(value), "Reply").err().unwrap().to_string();
        assert_eq!(
            told(parse_quote!("Quote")),
            "`key` takes a type, not a string\nhelp: write `key = Quote`"
        );
        assert_eq!(told(parse_quote!(5)), "`key` takes a type\nhelp: write `key = Reply`");
    }

    #[test]
    fn a_path_is_no_string() {
        assert!(root(&given(parse_quote!(a::b))).is_ok());
        let error = root(&given(parse_quote!("a::b"))).err().unwrap();
        assert_eq!(error.to_string(), "`key` takes a path, not a string\nhelp: write `key = a::b`");
        assert!(root(&given(parse_quote!("5"))).is_err());
    }

    #[test]
    fn a_string_is_a_literal() {
        assert_eq!(string(&given(parse_quote!("a.b")), "x").unwrap().value(), "a.b");
        let error = string(&given(parse_quote!(TYPE)), "x.y").err().unwrap();
        assert_eq!(error.to_string(), "`key` takes a string literal\nhelp: write `key = \"x.y\"`");
    }
}
