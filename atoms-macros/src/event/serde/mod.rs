//! Reads what serde's attributes on an event say about names on the wire.
//!
//! Serde reports the mistakes in them.

mod container;
mod field;
mod rename;

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Token, token};

use crate::common::attributes;

pub(crate) use container::Container;
pub(crate) use field::{By, Field, WireName};

/// One of serde's metas: `key`, `key = "text"`, or `key(...)`.
struct SerdeMeta {
    key: Ident,
    text: Option<LitStr>,
    list: Vec<(Ident, LitStr)>,
}

/// The metas of all `#[serde(...)]`s.
fn metas(attributes: &[Attribute]) -> Vec<SerdeMeta> {
    let mut metas = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("serde") {
            let _serde_tells = attribute.parse_nested_meta(|meta| {
                metas.push(read(&meta)?);
                Ok(())
            });
        }
    }
    metas
}

fn read(meta: &ParseNestedMeta<'_>) -> syn::Result<SerdeMeta> {
    let mut read = SerdeMeta { key: meta.path.require_ident()?.clone(), text: None, list: Vec::new() };
    if meta.input.peek(token::Paren) {
        let _serde_tells = meta.parse_nested_meta(|inner| {
            let text = inner.value()?.parse()?;
            read.list.push((inner.path.require_ident()?.clone(), text));
            Ok(())
        });
    } else if meta.input.peek(Token![=]) {
        read.text = match meta.value()?.parse()? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
            _ => None,
        };
    }
    Ok(read)
}

impl SerdeMeta {
    /// The text for each direction: `key = "both"`, `key(serialize = "one", deserialize = "two")`.
    fn directions(&self) -> Directions<Vec<String>> {
        let texts = |direction: &str| {
            let of_direction = self.list.iter().filter(|(key, _)| key == direction).map(|(_, text)| text);
            of_direction.chain(&self.text).map(LitStr::value).collect()
        };
        Directions { serialize: texts("serialize"), deserialize: texts("deserialize") }
    }
}

/// Something for each of the two directions.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Directions<T> {
    pub(crate) serialize: T,
    pub(crate) deserialize: T,
}

/// The `serde(...)`s that stand in `#[cfg_attr(condition, ...)]`s, as if the condition held.
pub(crate) fn conditional(attributes: &[Attribute]) -> Vec<Attribute> {
    let metas = attributes::conditional(attributes).into_iter().map(|conditional| conditional.meta);
    metas.filter(|meta| meta.path().is_ident("serde")).map(|meta| syn::parse_quote!(#[#meta])).collect()
}
