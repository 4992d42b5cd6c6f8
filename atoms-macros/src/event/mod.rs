//! `#[event]` and `#[derive(Event)]`.

mod check;
mod expand;
mod model;
mod recover;
mod type_string;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use model::{Model, Origin};

pub(crate) fn attribute(keys: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(input) = syn::parse2::<DeriveInput>(item.clone()) else {
        let mut errors = Errors::default();
        errors.at(&item, "`#[event]` goes on a struct with named fields, or with none");
        let errors = errors.into_compile_errors();
        return quote!(#errors #item);
    };
    let mut errors = Errors::default();
    let model = Model::new(&input, keys, Origin::Attribute, &mut errors);
    let type_string = check::check(&model, &mut errors);
    match (errors.into_compile_errors(), type_string) {
        (None, Some(type_string)) => expand::attribute(&model, type_string),
        (errors, _) => recover::attribute(&model, errors.unwrap_or_default()),
    }
}

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::default();
    let keys = model::helper_keys(&input.attrs, &mut errors);
    let model = Model::new(&input, keys, Origin::Derive, &mut errors);
    let type_string = check::check(&model, &mut errors);
    match (errors.into_compile_errors(), type_string) {
        (None, Some(type_string)) => expand::derive(&model, type_string),
        (errors, _) => recover::derive(&model, errors.unwrap_or_default()),
    }
}
