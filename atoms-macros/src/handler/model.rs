//! What a handler says of itself.

use proc_macro2::TokenStream;
use syn::{Attribute, ItemFn, Path};

use crate::errors::Errors;
use crate::keys;

const KEYS: &[&str] = &["order", "allow_cycle", "crate"];

/// A function with what its attribute says.
pub(super) struct Model<'a> {
    pub(super) function: &'a ItemFn,
    pub(super) root: Path,
    pub(super) order: i32,
    pub(super) allow_cycle: bool,
}

impl<'a> Model<'a> {
    pub(super) fn new(function: &'a ItemFn, keys: TokenStream, errors: &mut Errors) -> Self {
        let keys = keys::parse(keys, KEYS, &[], errors);
        let order = keys
            .find("order")
            .and_then(|key| key.integer("`order = -1`, with a whole number of 32 bits", errors));
        Self {
            function,
            root: keys.root(errors),
            order: order.unwrap_or_default(),
            allow_cycle: keys.flag("allow_cycle", errors),
        }
    }

    /// Attributes that decide whether the function is there; what is added must have them too.
    pub(super) fn cfgs(&self) -> impl Iterator<Item = &Attribute> {
        self.function.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }
}
