//! What stands beside the struct for its fields.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

use super::super::model::{Event, Field};
use crate::common::{attributes, types};

/// The functions that give the defaults; a value of another type is a mismatch in its function.
pub(super) fn defaults(event: &Event<'_>) -> Option<TokenStream> {
    let functions: Vec<_> = event.fields.iter().filter_map(default).collect();
    let name = &event.item.ident;
    (!functions.is_empty()).then(|| quote!(impl #name { #(#functions)* }))
}

fn default(field: &Field<'_>) -> Option<TokenStream> {
    let value = field.keys.default_value()?;
    let (cfgs, ty) = (attributes::cfgs(&field.syntax.attrs), &field.syntax.ty);
    let levels = attributes::levels(&field.syntax.attrs);
    let name = default_function(field);
    Some(quote! {
        #(#cfgs)*
        #(#levels)*
        #[doc(hidden)]
        fn #name() -> #ty { #value }
    })
}

pub(super) fn default_function(field: &Field<'_>) -> Ident {
    format_ident!("__default_{}", field.ident)
}

/// One check for each field whose type might not be right.
pub(super) fn checks(event: &Event<'_>) -> Option<TokenStream> {
    let root = &event.keys.root;
    let fields = event.fields.iter().filter(|field| !is_well_known(&field.syntax.ty));
    let checks: Vec<_> = fields
        .map(|field| {
            let (cfgs, ty) = (attributes::cfgs(&field.syntax.attrs), &field.syntax.ty);
            let levels = attributes::levels(&field.syntax.attrs);
            let assert = Ident::new(assertion(field), ty.span().resolved_at(Span::call_site()));
            quote_spanned!(ty.span()=> #(#cfgs)* #(#levels)* #root::__private::#assert::<#ty>();)
        })
        .collect();
    let levels = attributes::levels(&event.item.attrs);
    (!checks.is_empty()).then(|| quote!(#(#levels)* const _: fn() = || { #(#checks)* };))
}

/// The function that tells what is wrong with the field's type, as far as its spelling says what to do. An `Rc` is
/// never right, whatever serde makes of it.
fn assertion(field: &Field<'_>) -> &'static str {
    let holds = |name| types::find(&field.syntax.ty, &|ty| types::is_named(ty, name)).is_some();
    match field.serde.needs_both() {
        true if holds("Arc") => "assert_arc_field",
        true if !holds("Rc") => "assert_field",
        _ => "assert_shared_field",
    }
}

const WELL_KNOWN: [&str; 17] = [
    "String", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64",
];

/// Whether the type is spelled like one that serde knows: no check, no time to compile it. Under a
/// name that shadows a well-known one, serde tells of the mistake alone.
fn is_well_known(ty: &Type) -> bool {
    let Type::Path(path) = types::peel(ty) else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    match &last.arguments {
        PathArguments::None => {
            path.path.get_ident().is_some_and(|ident| WELL_KNOWN.iter().any(|known| ident == known))
        }
        PathArguments::AngleBracketed(arguments) if last.ident == "Option" || last.ident == "Vec" => {
            arguments
                .args
                .iter()
                .all(|argument| matches!(argument, GenericArgument::Type(ty) if is_well_known(ty)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::is_well_known;

    #[test]
    fn only_plain_names_are_well_known() {
        assert!(is_well_known(&parse_quote!(String)));
        assert!(is_well_known(&parse_quote!(Option<Vec<u8>>)));
        assert!(!is_well_known(&parse_quote!(my::String)));
        assert!(!is_well_known(&parse_quote!(Option<Address>)));
        assert!(!is_well_known(&parse_quote!(Address)));
        assert!(!is_well_known(&parse_quote!(&'static str)));
    }
}
