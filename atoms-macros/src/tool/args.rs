//! The struct of a tool's arguments:
//!
//! ```text
//! /// The arguments of [`refund()`].
//! #[derive(Serialize, Deserialize)]
//! #[serde(crate = "::atoms::__tools::serde")]
//! pub struct RefundArgs {
//!     /// The order, as on the invoice.
//!     pub order_id: String,
//!     #[serde(default = "RefundArgs::__default_cents")]
//!     pub cents: u64,
//! }
//! impl Clone for RefundArgs { ... }
//! impl Debug for RefundArgs { ... }
//! impl RefundArgs {                      // for each `#[tool(default = value)]`
//!     fn __default_cents() -> u64 { value }
//! }
//! ```
//!
//! Types of arguments that might be wrong are repeated, where rustc reports them, and the derived impls assume that they
//! are right:
//!
//! ```text
//! struct __RefundArgs;                   // not public, so that the types need not be
//! impl ArgumentAt<0> for __RefundArgs { type Type = Money; }
//!
//! #[serde(bound(serialize = "for<'__a> <__RefundArgs as ArgumentAt<0>>::Type: IsArgument<'__a, __RefundArgs, 0>", ...))]
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Expr, LitStr, Type};

use super::check::Checked;
use super::model::{Parameter, Tool};
use crate::common::{Root, attributes, docs, types};

/// The arguments of a tool.
pub(super) struct Args<'a> {
    tool: &'a Tool<'a>,
    root: &'a Root,
    /// The name of the struct.
    name: &'a Ident,
    arguments: Vec<Argument<'a>>,
    /// The types that might be wrong.
    unknown: Vec<&'a Type>,
}

struct Argument<'a> {
    ident: &'a Ident,
    parameter: &'a Parameter<'a>,
}

impl Argument<'_> {
    fn ty(&self) -> &Type {
        &self.parameter.syntax.ty
    }

    fn default_value(&self) -> Option<&Expr> {
        self.parameter.keys.default.as_ref()?.value.as_ref()
    }

    fn default_function(&self) -> Ident {
        format_ident!("__default_{}", self.ident)
    }
}

impl<'a> Args<'a> {
    pub(super) fn new(tool: &'a Tool<'a>, checked: &'a Checked<'a>) -> Self {
        let parameters = tool.parameters.iter().zip(&checked.arguments);
        let arguments =
            parameters.filter_map(|(parameter, ident)| Some(Argument { ident: (*ident)?, parameter }));
        let arguments: Vec<_> = arguments.collect();
        let unknown =
            arguments.iter().flat_map(|argument| types::unknown(&argument.parameter.syntax.ty)).collect();
        Self { tool, root: &tool.options.root, name: &checked.args, arguments, unknown }
    }

    /// The struct.
    pub(super) fn item(&self) -> TokenStream {
        let (function, name, root) = (self.tool.function, self.name, self.root);
        let visibility = &function.vis;
        let (cfgs, levels) = (self.cfgs(), attributes::levels(&function.attrs));
        let docs = format!("The arguments of [`{}()`].", function.sig.ident.unraw());
        let (tools, alias) = self.tools();
        let serde = string(&quote!(#tools::serde));
        let bound = self.assumed(&tools).zip(self.assumed_read(&tools)).map(|(written, read)| {
            let (written, read) = (string(&written), string(&read));
            quote!(, bound(serialize = #written, deserialize = #read))
        });
        let marker = (!self.unknown.is_empty()).then(|| {
            let marker = self.marker();
            quote!(#(#cfgs)* #[doc(hidden)] #[allow(dead_code)] struct #marker;)
        });
        let (cfgs, fields) = (self.cfgs(), self.arguments.iter().map(|argument| self.field(argument)));
        quote! {
            #alias
            #marker
            #(#cfgs)*
            #(#levels)*
            #[doc = #docs]
            #[derive(#root::__tools::serde::Serialize, #root::__tools::serde::Deserialize)]
            #[serde(crate = #serde #bound)]
            #visibility struct #name {
                #(#fields,)*
            }
        }
    }

    fn field(&self, argument: &Argument<'_>) -> TokenStream {
        let (visibility, ident, ty) = (&self.tool.function.vis, argument.ident, argument.ty());
        let attributes = &argument.parameter.syntax.attrs;
        let levels = attributes::levels(attributes);
        let docs = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
        let docs = quote!(#(#docs)*);
        // Always documented, so that no lint asks for docs.
        let docs = if docs.is_empty() { quote!(#[doc = ""]) } else { docs };
        let default = match argument.default_value() {
            Some(_) => {
                let function = argument.default_function();
                let path = LitStr::new(&format!("{}::{function}", self.name), ident.span());
                Some(quote!(#[serde(default = #path)]))
            }
            None => types::option_of(ty).map(|_| quote!(#[serde(default)])),
        };
        quote!(#(#levels)* #docs #default #visibility #ident: #ty)
    }

    /// The impls of the struct.
    pub(super) fn implementations(&self) -> TokenStream {
        let (root, name, function) = (self.root, self.name, &self.tool.function.sig.ident);
        // A local name that cannot collide with the user's.
        let formatter = Ident::new("formatter", Span::mixed_site());
        let (defaults, given) = (self.defaults(), self.given());
        let fields: Vec<_> = self.arguments.iter().map(|argument| argument.ident).collect();
        // Written out, since a derive would not assume that the types are right.
        let assumed = self.assumed(&quote!(#root::__tools)).map(|assumed| quote!(where #assumed));
        quote! {
            #[automatically_derived]
            impl ::core::clone::Clone for #name #assumed {
                fn clone(&self) -> Self {
                    Self { #(#fields: ::core::clone::Clone::clone(&self.#fields)),* }
                }
            }
            #[automatically_derived]
            impl ::core::fmt::Debug for #name {
                fn fmt(&self, #formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    #root::__tools::debug::<#function>(self, #formatter)
                }
            }
            #defaults
            #given
        }
    }

    /// The functions that return the defaults. rustc reports a value of a wrong type in its function.
    fn defaults(&self) -> Option<TokenStream> {
        let functions = self.arguments.iter().filter_map(|argument| {
            let (value, ty, name) = (argument.default_value()?, argument.ty(), argument.default_function());
            Some(quote! {
                #[doc(hidden)]
                fn #name() -> #ty { #value }
            })
        });
        let (functions, name): (Vec<_>, _) = (functions.collect(), self.name);
        (!functions.is_empty()).then(|| quote!(impl #name { #(#functions)* }))
    }

    /// The types that might be wrong, each with its span.
    fn given(&self) -> TokenStream {
        let (root, marker) = (self.root, self.marker());
        let given = self.unknown.iter().enumerate().map(
            |(place, ty)| quote!(impl #root::__tools::ArgumentAt<#place> for #marker { type Type = #ty; }),
        );
        let described = self.described();
        let tools = quote!(#root::__tools);
        let described = self.assumed(&tools).map(|assumed| {
            quote! {
                impl #marker where #assumed {
                    fn arguments() -> &'static [#tools::Argument] { const { #described } }
                }
            }
        });
        quote!(#(#given)* #described)
    }

    /// The arguments as they are registered.
    pub(super) fn registered(&self) -> TokenStream {
        let marker = self.marker();
        let described = self.described();
        if self.unknown.is_empty() { quote!(|| const { #described }) } else { quote!(#marker::arguments) }
    }

    /// The part of the schema that describes each argument.
    fn described(&self) -> TokenStream {
        let (root, args) = (self.root, self.name);
        let described = self.arguments.iter().map(|argument| {
            let (ty, name) = (argument.ty(), argument.ident.unraw().to_string());
            let docs = docs::text(&argument.parameter.syntax.attrs);
            let default = argument.default_value().map(|_| {
                let function = argument.default_function();
                quote!(.with_default(|| #root::__tools::json(&#args::#function())))
            });
            let optional = types::option_of(ty).map(|_| quote!(.optional()));
            let sensitive = argument.parameter.keys.sensitive.as_ref().map(|_| quote!(.sensitive()));
            quote!(#root::__tools::Argument::new::<#ty>(#name, #docs) #optional #default #sensitive)
        });
        quote!(&[#(#described),*])
    }

    /// The conditions that assume the types to be right; `tools` is the path of what they name.
    fn assumed(&self, tools: &TokenStream) -> Option<TokenStream> {
        self.conditions(tools, |marker, place| quote!(IsArgument<'__a, #marker, #place>))
    }

    /// The same for `Deserialize`.
    fn assumed_read(&self, tools: &TokenStream) -> Option<TokenStream> {
        self.conditions(tools, |marker, place| quote!(IsReadArgument<'__a, 'de, #marker, #place>))
    }

    fn conditions(
        &self,
        tools: &TokenStream,
        condition: impl Fn(&Ident, usize) -> TokenStream,
    ) -> Option<TokenStream> {
        let marker = self.marker();
        let conditions = (0..self.unknown.len()).map(|place| {
            let condition = condition(&marker, place);
            quote!(for<'__a> <#marker as #tools::ArgumentAt<#place>>::Type: #tools::#condition)
        });
        (!self.unknown.is_empty()).then(|| quote!(#(#conditions),*))
    }

    /// The path that the derives name, and the import that it needs. They take it as a string, in which a `$crate` would
    /// lose its meaning.
    fn tools(&self) -> (TokenStream, Option<TokenStream>) {
        let root = self.root;
        if !root.is_dollar_crate() {
            return (quote!(#root::__tools), None);
        }
        let alias = format_ident!("__tools_of_{}", self.name);
        (quote!(#alias), Some(quote!(#[doc(hidden)] use #root::__tools as #alias;)))
    }

    fn marker(&self) -> Ident {
        format_ident!("__{}", self.name)
    }

    fn cfgs(&self) -> impl Iterator<Item = &syn::Attribute> {
        attributes::cfgs(&self.tool.function.attrs)
    }
}

fn string(tokens: &TokenStream) -> LitStr {
    LitStr::new(&tokens.to_string(), Span::call_site())
}
