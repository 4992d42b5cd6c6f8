//! What an event without mistakes expands to: the struct with its derives, and the call of a macro
//! of the runtime, in which all the rest lies.
//!
//! ```text
//! #[derive(Clone, Debug, Serialize, Deserialize)]
//! #[serde(crate = "::atoms::__private::serde")]
//! struct OrderCreated { ... }
//!
//! ::atoms::__event!(OrderCreated, "shop.order.created", ...);
//! ```

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Data, DeriveInput, Expr, Ident, LitStr, PathArguments, Type};

use super::check::example;
use super::model::{Field, Model};
use super::type_string::{namespace, section, symbol};

pub(super) fn attribute(model: &Model<'_>, type_string: &LitStr) -> TokenStream {
    let derives = derives(model);
    let item = item(model);
    let defaults = model.fields.iter().filter_map(|field| default_function(field));
    let added = added(model, type_string);
    let (name, cfgs) = (&model.input.ident, model.cfgs());
    let defaults: TokenStream = defaults.collect();
    let defaults =
        (!defaults.is_empty()).then(|| quote!(#(#cfgs)* #[allow(deprecated)] impl #name { #defaults }));
    // First, so that rustc says it before what serde says of the same field.
    let checks = field_checks(model);
    quote!(#checks #derives #item #defaults #added)
}

pub(super) fn derive(model: &Model<'_>, type_string: &LitStr) -> TokenStream {
    let (checks, added) = (field_checks(model), added(model, type_string));
    quote!(#checks #added)
}

/// What is added beside the struct.
fn added(model: &Model<'_>, type_string: &LitStr) -> TokenStream {
    let (name, root) = (&model.input.ident, &model.root);
    let text = type_string.value();
    let (symbol, deny) =
        (symbol(&text), model.deny_unknown_fields || model.serde.key("deny_unknown_fields").is_some());
    let must_handle = model.must_handle.then(|| {
        let section = section(&text);
        let start = format!("__start_{section}");
        quote!(, must_handle: #section, #start)
    });
    let (debug, warning) = (debug(model), namespace_warning(model, type_string));
    let sensitive = model.fields.iter().filter(|field| field.sensitive);
    let sensitive = sensitive.flat_map(|field| field.serde.names(&field.name(), &model.serde).1);
    let cfgs: Vec<_> = model.cfgs().collect();
    quote! {
        #debug
        #warning
        #(#cfgs)*
        #root::__event! { #name, #text, deny_unknown_fields: #deny, symbol: #symbol, sensitive: [#(#sensitive),*] #must_handle }
    }
}

/// The derives that the user did not write.
fn derives(model: &Model<'_>) -> TokenStream {
    let root = &model.root;
    let serde = quote!(#root::__private::serde);
    let missing = |name: &str| model.user_derive(name).is_none();
    let clone = missing("Clone").then(|| quote!(::core::clone::Clone,));
    let debug = (missing("Debug") && !model.has_sensitive()).then(|| quote!(::core::fmt::Debug,));
    let write = missing("Serialize").then(|| quote!(#serde::Serialize,));
    let read = missing("Deserialize").then(|| quote!(#serde::Deserialize,));
    let adds_serde = write.is_some() || read.is_some();
    let serde_path = (adds_serde && model.serde.key("crate").is_none()).then(|| {
        let path = serde.to_string().replace(' ', "");
        quote!(#[serde(crate = #path)])
    });
    let deny = (model.deny_unknown_fields && model.serde.key("deny_unknown_fields").is_none())
        .then(|| quote!(#[serde(deny_unknown_fields)]));
    quote!(#[derive(#clone #debug #write #read)] #serde_path #deny)
}

/// The struct, with its fields' `#[event(default)]` as serde says it.
fn item(model: &Model<'_>) -> DeriveInput {
    let mut item = model.input.clone();
    if let Data::Struct(data) = &mut item.data {
        for (field, said) in data.fields.iter_mut().zip(&model.fields) {
            field.attrs.retain(|attr| !attr.path().is_ident("event"));
            if said.default.is_some() {
                let path = format!("{}::{}", model.input.ident, default_name(said));
                field.attrs.push(syn::parse_quote!(#[serde(default = #path)]));
            }
        }
    }
    item
}

fn default_name(field: &Field<'_>) -> Ident {
    format_ident!("__default_{}", field.name())
}

fn default_function(field: &Field<'_>) -> Option<TokenStream> {
    let default: &Expr = field.default.as_ref()?;
    let (name, ty, cfgs) = (default_name(field), &field.field.ty, field.cfgs());
    Some(quote! {
        #(#cfgs)*
        #[doc(hidden)]
        fn #name() -> #ty {
            #default
        }
    })
}

/// `Debug` that keeps the sensitive fields to itself.
fn debug(model: &Model<'_>) -> Option<TokenStream> {
    if !model.has_sensitive() {
        return None;
    }
    let (ident, name, cfgs) = (&model.input.ident, model.input.ident.to_string(), model.cfgs());
    let fields = model.fields.iter().map(|field| {
        let (cfgs, ident, name) = (field.cfgs(), &field.field.ident, field.name());
        let value =
            if field.sensitive { quote!(::core::format_args!("[redacted]")) } else { quote!(self.#ident) };
        quote!(#(#cfgs)* debug.field(#name, &#value);)
    });
    Some(quote! {
        #(#cfgs)*
        #[automatically_derived]
        #[allow(deprecated)]
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut debug = formatter.debug_struct(#name);
                #(#fields)*
                debug.finish()
            }
        }
    })
}

/// For each field whose type may not do, a function call that compiles only if it does.
fn field_checks(model: &Model<'_>) -> Option<TokenStream> {
    let root = &model.root;
    let checked =
        model.fields.iter().filter(|field| !field.serde.bypasses_type() && !is_plain(&field.field.ty));
    let checks: Vec<_> = checked
        .map(|field| {
            let (cfgs, ty) = (field.cfgs(), &field.field.ty);
            let span = ty
                .to_token_stream()
                .into_iter()
                .next()
                .map_or_else(proc_macro2::Span::call_site, |t| t.span());
            quote_spanned!(span=> #(#cfgs)* #root::__private::assert_field::<#ty>();)
        })
        .collect();
    let cfgs = model.cfgs();
    (!checks.is_empty()).then(|| quote!(#(#cfgs)* const _: fn() = || { #(#checks)* };))
}

/// Whether the type is one of the language's, or text: checking those only takes rustc's time.
fn is_plain(ty: &Type) -> bool {
    const PLAIN: &[&str] = &[
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
        "isize", "f32", "f64", "String",
    ];
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.iter().all(|segment| {
            let plain_arguments = match &segment.arguments {
                PathArguments::None => PLAIN.iter().any(|plain| segment.ident == plain),
                PathArguments::AngleBracketed(arguments)
                    if segment.ident == "Option" || segment.ident == "Vec" =>
                {
                    arguments
                        .args
                        .iter()
                        .all(|argument| matches!(argument, syn::GenericArgument::Type(ty) if is_plain(ty)))
                }
                _ => false,
            };
            plain_arguments && path.path.segments.len() == 1
        }),
        _ => false,
    }
}

/// A warning, as far as a macro can give one: the use of something deprecated.
fn namespace_warning(model: &Model<'_>, type_string: &LitStr) -> Option<TokenStream> {
    if model.framework || namespace(&type_string.value()).is_some() {
        return None;
    }
    let krate = example(model);
    let krate = namespace(&krate).unwrap_or("myapp");
    let text = type_string.value();
    let note = format!(
        "it may collide with an event of a later system: put a namespace in front, as in `{krate}.{text}`"
    );
    let used = quote_spanned!(type_string.span()=> TYPE_STRING_WITHOUT_NAMESPACE);
    let levels = model.input.attrs.iter().filter(|attr| is_lint_level(attr) || attr.path().is_ident("cfg"));
    Some(quote! {
        #(#levels)*
        const _: () = {
            #[deprecated(note = #note)]
            const TYPE_STRING_WITHOUT_NAMESPACE: () = ();
            #used
        };
    })
}

fn is_lint_level(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|level| attr.path().is_ident(level))
}
