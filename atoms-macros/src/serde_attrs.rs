//! What the attributes of serde say about names on the wire.

use std::collections::BTreeSet;

use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Token};

/// A name or a rule for names: one for writing, one for reading.
#[derive(Default, Clone)]
pub(crate) struct Both {
    pub(crate) write: Option<String>,
    pub(crate) read: Option<String>,
}

/// What `#[serde(...)]` says on a struct or a field; what is not needed here is only named.
#[derive(Default)]
pub(crate) struct SerdeAttrs {
    pub(crate) rename: Both,
    pub(crate) rename_all: Both,
    pub(crate) aliases: Vec<String>,
    keys: Vec<Ident>,
}

impl SerdeAttrs {
    /// Reads what is sound; what is not, serde itself reports.
    pub(crate) fn new(attrs: &[Attribute]) -> Self {
        let mut all = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
            // The error, if any, is serde's to report.
            let _ = attr.parse_nested_meta(|meta| all.read(&meta));
        }
        all
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if let Some(key) = meta.path.get_ident() {
            self.keys.push(key.clone());
        }
        if meta.path.is_ident("rename") {
            self.rename.read(meta)
        } else if meta.path.is_ident("rename_all") {
            self.rename_all.read(meta)
        } else if meta.path.is_ident("alias") {
            self.aliases.extend(text(meta.value()?)?);
            Ok(())
        } else {
            skip(meta)
        }
    }

    /// Where a key stands, if it does.
    pub(crate) fn key(&self, name: &str) -> Option<&Ident> {
        self.keys.iter().find(|key| *key == name)
    }

    fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.key(name).is_some())
    }

    /// Whether the field's own type is neither written nor read, or not by its own implementation.
    pub(crate) fn bypasses_type(&self) -> bool {
        self.has_any(&[
            "skip",
            "skip_serializing",
            "skip_deserializing",
            "with",
            "serialize_with",
            "deserialize_with",
            "getter",
        ])
    }

    /// The names of a field on the wire: the one that is written, and those that are read.
    pub(crate) fn names(&self, field: &str, container: &Self) -> (Option<String>, BTreeSet<String>) {
        if self.has_any(&["flatten", "skip"]) {
            return (None, BTreeSet::new());
        }
        let name = |own: &Option<String>, rule: &Option<String>| {
            own.clone().unwrap_or_else(|| rule.as_deref().map_or(field.to_owned(), |rule| apply(rule, field)))
        };
        let written = name(&self.rename.write, &container.rename_all.write);
        let mut read = BTreeSet::from([name(&self.rename.read, &container.rename_all.read)]);
        read.extend(self.aliases.iter().cloned());
        (
            Some(written).filter(|_| !self.has_any(&["skip_serializing"])),
            if self.has_any(&["skip_deserializing"]) { BTreeSet::new() } else { read },
        )
    }
}

impl Both {
    /// `= "name"`, or `(serialize = "name", deserialize = "name")`.
    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.input.peek(Token![=]) {
            let name = text(meta.value()?)?;
            *self = Self { write: name.clone(), read: name };
            return Ok(());
        }
        meta.parse_nested_meta(|inner| {
            let name = text(inner.value()?)?;
            if inner.path.is_ident("serialize") {
                self.write = name;
            } else {
                self.read = name;
            }
            Ok(())
        })
    }
}

fn text(value: ParseStream<'_>) -> syn::Result<Option<String>> {
    Ok(match value.parse()? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    })
}

fn skip(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|inner| skip(&inner))?;
    }
    Ok(())
}

/// serde's [`rename_all`](https://serde.rs/container-attrs.html#rename_all) of a field.
fn apply(rule: &str, field: &str) -> String {
    let pascal = || {
        let words = field.split('_');
        words
            .map(|word| word.get(..1).unwrap_or("").to_ascii_uppercase() + word.get(1..).unwrap_or(""))
            .collect::<String>()
    };
    match rule {
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => field.to_ascii_uppercase(),
        "PascalCase" => pascal(),
        "camelCase" => {
            let pascal = pascal();
            pascal.get(..1).unwrap_or("").to_ascii_lowercase() + pascal.get(1..).unwrap_or("")
        }
        "kebab-case" => field.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => field.to_ascii_uppercase().replace('_', "-"),
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_serde() {
        for (rule, renamed) in [
            ("lowercase", "order_id"),
            ("UPPERCASE", "ORDER_ID"),
            ("PascalCase", "OrderId"),
            ("camelCase", "orderId"),
            ("snake_case", "order_id"),
            ("SCREAMING_SNAKE_CASE", "ORDER_ID"),
            ("kebab-case", "order-id"),
            ("SCREAMING-KEBAB-CASE", "ORDER-ID"),
        ] {
            assert_eq!(apply(rule, "order_id"), renamed, "{rule}");
        }
    }
}
