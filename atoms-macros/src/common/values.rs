//! Values as keys take them. Parentheses and a macro's invisible delimiters around them do not count.

use quote::ToTokens;
use syn::{Expr, ExprLit, ExprPath, ExprUnary, Lit, LitStr, Path, Type, UnOp};

use super::Root;
use super::keys::Given;

/// A value without what delimits it.
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

fn path(given: &Given) -> syn::Result<Path> {
    match given.value.as_ref().map(peel) {
        Some(Expr::Path(ExprPath { qself: None, path, .. })) => Ok(path.clone()),
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) if text.parse::<Path>().is_ok() => {
            Err(given.not("takes a path, not a string", &text.value()))
        }
        _ => Err(given.not("takes a path", "my_crate::atoms")),
    }
}

/// A type, as a key takes it whose example is one.
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
    path(given).map(Root::new)
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
        assert!(path(&given(parse_quote!(a::b))).is_ok());
        let error = path(&given(parse_quote!("a::b"))).err().unwrap();
        assert_eq!(error.to_string(), "`key` takes a path, not a string\nhelp: write `key = a::b`");
        assert!(path(&given(parse_quote!("5"))).is_err());
    }

    #[test]
    fn a_string_is_a_literal() {
        assert_eq!(string(&given(parse_quote!("a.b")), "x").unwrap().value(), "a.b");
        let error = string(&given(parse_quote!(TYPE)), "x.y").err().unwrap();
        assert_eq!(error.to_string(), "`key` takes a string literal\nhelp: write `key = \"x.y\"`");
    }
}
