//! `#[handler]`.

mod check;
mod expand;
mod model;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::errors::Errors;
use model::Model;

pub(crate) fn attribute(keys: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(function) = syn::parse2::<ItemFn>(item.clone()) else {
        let mut errors = Errors::default();
        errors.at(&item, "`#[handler]` goes on a function");
        let errors = errors.into_compile_errors();
        return quote!(#errors #item);
    };
    let mut errors = Errors::default();
    let model = Model::new(&function, keys, &mut errors);
    let input = check::check(&model, &mut errors);
    let added = match (errors.into_compile_errors(), input) {
        (None, Some(input)) => expand::handler(&model, input),
        (errors, _) => {
            let stub = expand::stub(&model);
            quote!(#errors #stub)
        }
    };
    quote!(#item #added)
}
