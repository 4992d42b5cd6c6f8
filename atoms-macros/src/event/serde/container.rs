//! Reads serde's attributes on the struct.

use syn::{Attribute, Ident};

use super::rename::Rule;
use super::{Directions, SerdeMeta, metas};

/// Serde's attributes on the struct.
#[derive(Default)]
pub(crate) struct Container {
    pub(super) rename_all: Directions<Rule>,
    pub(crate) has_crate: bool,
    pub(crate) has_bound: bool,
    pub(crate) has_default: bool,
    pub(crate) denies_unknown_fields: bool,
    /// The keys that an event cannot have.
    pub(crate) refused: Vec<Refused>,
}

/// A key that an event cannot have, and the reason.
pub(crate) struct Refused {
    pub(crate) key: Ident,
    pub(crate) reason: &'static str,
}

impl Container {
    pub(crate) fn read(attributes: &[Attribute]) -> Self {
        let mut container = Self::default();
        for meta in metas(attributes) {
            container.add(meta);
        }
        container
    }

    fn add(&mut self, meta: SerdeMeta) {
        match meta.key.to_string().as_str() {
            "rename_all" => {
                let rule = |cases: Vec<String>| cases.first().map_or(Rule::AsIs, |case| Rule::named(case));
                let Directions { serialize, deserialize } = meta.directions();
                self.rename_all = Directions { serialize: rule(serialize), deserialize: rule(deserialize) };
            }
            "crate" => self.has_crate = true,
            "bound" => self.has_bound = true,
            "default" => self.has_default = true,
            "deny_unknown_fields" => self.denies_unknown_fields = true,
            key => {
                if let Some(reason) = refusal(key) {
                    self.refused.push(Refused { key: meta.key, reason });
                }
            }
        }
    }
}

fn refusal(key: &str) -> Option<&'static str> {
    match key {
        "tag" => Some("the tag of an event is its `type`, which stands beside its fields on the wire"),
        "untagged" => {
            Some("an event is told from others by its `type`, which stands beside its fields on the wire")
        }
        "transparent" => Some("an event is an object on the wire, with its fields beside its `type`"),
        "into" | "from" | "try_from" => {
            Some("the fields of an event are what is on the wire, and another type's could not be checked")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;

    #[test]
    fn what_matters_is_read_and_the_rest_passed_over() {
        let item: DeriveInput = parse_quote! {
            #[serde(rename_all(serialize = "camelCase"), bound = "", default = "x")]
            #[serde(deny_unknown_fields, crate = "a::b", tag = "t", from = "X")]
            struct S;
        };
        let container = Container::read(&item.attrs);
        assert_eq!(container.rename_all, Directions { serialize: Rule::Camel, deserialize: Rule::AsIs });
        assert!(container.has_crate && container.has_bound && container.has_default);
        assert!(container.denies_unknown_fields);
        let refused: Vec<_> = container.refused.iter().map(|refused| refused.key.to_string()).collect();
        assert_eq!(refused, ["tag", "from"]);
    }
}
