//! The path to the runtime, with which every path in an expansion begins.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{LitStr, Path, parse_quote};

/// `::atoms`, or what `crate = path` says instead.
#[derive(Clone)]
pub(crate) struct Root(Path);

impl Root {
    pub(crate) fn new(path: Path) -> Self {
        Self(path)
    }

    /// Whether the path comes from a `macro_rules!` and begins with its `$crate`.
    pub(crate) fn is_dollar_crate(&self) -> bool {
        self.0.segments.first().is_some_and(|first| first.ident == "$crate")
    }

    /// Whether no `crate = path` was given.
    pub(crate) fn is_default(&self) -> bool {
        self.to_token_stream().to_string() == ":: atoms"
    }

    /// The path with this span, for an error that begins at it. Its `$crate` still means the same crate.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        at(self, span)
    }

    /// The path of the runtime, for what belongs to the tools' crate.
    pub(crate) fn runtime_of_tools(&self) -> TokenStream {
        quote!(#self::__tools::atoms_runtime)
    }

    /// The path of serde, for serde's own `crate = "..."`, which takes a string.
    pub(crate) fn serde(&self) -> LitStr {
        let path = quote!(#self::__private::serde).to_string().replace(' ', "");
        LitStr::new(&path, Span::call_site())
    }
}

/// A path that begins with a root, with this span: see [`Root::at`].
pub(crate) fn at(path: &impl ToTokens, span: Span) -> TokenStream {
    let located = path.to_token_stream().into_iter().map(|mut token| {
        token.set_span(span.resolved_at(token.span()));
        token
    });
    located.collect()
}

impl Default for Root {
    fn default() -> Self {
        Self(parse_quote!(::atoms))
    }
}

impl ToTokens for Root {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_is_found_below_the_root() {
        assert_eq!(Root::default().serde().value(), "::atoms::__private::serde");
        assert_eq!(Root::new(parse_quote!(a::b)).serde().value(), "a::b::__private::serde");
    }
}
