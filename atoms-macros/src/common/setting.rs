//! The value of a key that is a literal, or a constant of the program:
//!
//! ```text
//! timeout = "2s"      // read here:          Duration::from_millis(2000)
//! timeout = TIMEOUT   // checked by rustc:   duration(TIMEOUT, "`timeout` cannot be zero")
//! ```

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use super::keys::Given;
use super::root;
use super::values::{self, peel};

/// The rule of `concurrency`.
const NO_CALL: &str = "is at least 1: with 0 no call would ever start";

/// What a key is set to.
#[derive(Clone)]
pub(crate) enum Setting<T> {
    /// A literal, which is known to be right.
    Literal(T),
    /// The path of a constant, or the call of a `const fn`.
    Constant(Constant),
}

/// A constant, and what is wrong with a value that is refused.
#[derive(Clone)]
pub(crate) struct Constant {
    value: Expr,
    problem: String,
}

impl<T> Setting<T> {
    /// Reads a constant, or otherwise a literal. `rule` says of a constant's value what it has to be: `cannot be zero`.
    pub(crate) fn read(
        given: &Given,
        rule: &str,
        literal: impl FnOnce(&Given) -> syn::Result<T>,
    ) -> syn::Result<Self> {
        match given.value.as_ref().map(peel) {
            Some(value @ (Expr::Path(_) | Expr::Call(_))) => {
                let problem = format!("`{}` {rule}", given.key);
                Ok(Self::Constant(Constant { value: value.clone(), problem }))
            }
            _ => literal(given).map(Self::Literal),
        }
    }

    pub(crate) fn literal(&self) -> Option<&T> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Constant(_) => None,
        }
    }

    /// What it expands to: a constant is checked by the function of the runtime that is called `check`. `runtime` is the
    /// path of the runtime, or of the facade.
    pub(crate) fn expand(
        &self,
        runtime: &impl ToTokens,
        check: &str,
        literal: impl FnOnce(&T) -> TokenStream,
    ) -> TokenStream {
        match self {
            Self::Literal(value) => literal(value),
            Self::Constant(Constant { value, problem }) => {
                // Where rustc reports a value that is refused.
                let span = value.span().resolved_at(Span::call_site());
                let (check, runtime) = (Ident::new(check, span), root::at(runtime, span));
                quote_spanned!(span=> #runtime::__private::constant::#check(#value, #problem))
            }
        }
    }
}

impl Setting<u64> {
    /// A `Duration`, of which this is the milliseconds.
    pub(crate) fn duration(&self, runtime: &impl ToTokens) -> TokenStream {
        self.expand(runtime, "duration", |millis| quote!(::core::time::Duration::from_millis(#millis)))
    }
}

impl<T: ToTokens> Setting<T> {
    /// A literal as it is, and a constant that is checked.
    pub(crate) fn checked(&self, runtime: &impl ToTokens, check: &str) -> TokenStream {
        self.expand(runtime, check, ToTokens::to_token_stream)
    }
}

impl Setting<i32> {
    /// The place in an order, unless it is 0, which is that of all that do not say so.
    pub(crate) fn order(&self, runtime: &impl ToTokens) -> Option<TokenStream> {
        let literal = |order: &i32| Literal::i32_unsuffixed(*order).to_token_stream();
        (self.literal() != Some(&0)).then(|| self.expand(runtime, "order", literal))
    }
}

impl Setting<u32> {
    /// Reads how many calls may run at once.
    pub(crate) fn read_concurrency(given: &Given) -> syn::Result<Self> {
        let literal = |given: &Given| values::count(given, (1, NO_CALL), "4");
        Self::read(given, NO_CALL, literal)
    }

    /// How many calls may run at once.
    pub(crate) fn concurrency(&self, runtime: &impl ToTokens) -> TokenStream {
        self.expand(runtime, "concurrency", |calls| Literal::u32_unsuffixed(*calls).to_token_stream())
    }
}
