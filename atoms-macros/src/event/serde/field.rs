//! Reads serde's attributes on a field, and the names that it has on the wire.

use syn::{Attribute, ExprPath, Ident, LitStr};

use super::rename::Rule;
use super::{Container, Directions, SerdeMeta, metas};

/// Serde's attributes on a field.
#[derive(Default)]
pub(crate) struct Field {
    renamed: Directions<Vec<String>>,
    aliases: Vec<String>,
    skipped: Directions<bool>,
    flattened: bool,
    /// Whether a function of the user writes or reads it.
    custom: bool,
    pub(crate) default: Option<FieldDefault>,
}

/// `default`, or `default = "path"`.
pub(crate) struct FieldDefault {
    pub(crate) key: Ident,
    text: Option<LitStr>,
}

impl FieldDefault {
    /// The path of the function. Serde reports one that is none.
    pub(crate) fn path(&self) -> Option<ExprPath> {
        self.text.as_ref().and_then(|text| text.parse().ok())
    }
}

/// A name on the wire, and what gives it to the field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WireName {
    pub(crate) name: String,
    pub(crate) by: By,
}

/// What gives a field a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum By {
    Itself,
    Rename,
    RenameAll,
    Alias,
}

impl Field {
    pub(crate) fn read(attributes: &[Attribute]) -> Self {
        let mut field = Self::default();
        for meta in metas(attributes) {
            field.add(meta);
        }
        field
    }

    fn add(&mut self, meta: SerdeMeta) {
        match meta.key.to_string().as_str() {
            "rename" => self.renamed = meta.directions(),
            "alias" => self.aliases.extend(meta.text.map(|text| text.value())),
            "skip" => self.skipped = Directions { serialize: true, deserialize: true },
            "skip_serializing" => self.skipped.serialize = true,
            "skip_deserializing" => self.skipped.deserialize = true,
            "flatten" => self.flattened = true,
            "with" | "serialize_with" | "deserialize_with" => self.custom = true,
            "default" => self.default = Some(FieldDefault { key: meta.key, text: meta.text }),
            _ => {}
        }
    }

    /// Whether serde needs the field's type to be both `Serialize` and `Deserialize`.
    pub(crate) fn needs_both(&self) -> bool {
        !(self.skipped.serialize || self.skipped.deserialize || self.custom)
    }

    /// Whether it has its default value in an event that is read.
    pub(crate) fn is_never_read(&self) -> bool {
        self.skipped.deserialize
    }

    /// Whether a frame may lack it if it is an `Option`.
    pub(crate) fn may_be_left_out(&self) -> bool {
        !(self.custom || self.flattened)
    }

    /// Whether its members are written into the object of the struct.
    pub(crate) fn is_flattened(&self) -> bool {
        self.flattened
    }

    /// The names of the field `ident` on the wire.
    pub(crate) fn names(&self, ident: &str, container: &Container) -> Directions<Vec<WireName>> {
        let name = |skipped: bool, renamed: &[String], rule: Rule| match renamed {
            _ if skipped || self.flattened => Vec::new(),
            [] => vec![match rule.apply(ident) {
                name if name == ident => WireName { name, by: By::Itself },
                name => WireName { name, by: By::RenameAll },
            }],
            names => names.iter().map(|name| WireName { name: name.clone(), by: By::Rename }).collect(),
        };
        let (skipped, renamed, rule) = (&self.skipped, &self.renamed, &container.rename_all);
        let mut names = Directions {
            serialize: name(skipped.serialize, &renamed.serialize, rule.serialize),
            deserialize: name(skipped.deserialize, &renamed.deserialize, rule.deserialize),
        };
        if !names.deserialize.is_empty() {
            let aliases = self.aliases.iter().map(|name| WireName { name: name.clone(), by: By::Alias });
            names.deserialize.extend(aliases);
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use syn::{ItemStruct, parse_quote};

    use super::*;

    fn names(item: ItemStruct) -> (Vec<String>, Vec<String>) {
        let field = item.fields.iter().next().unwrap();
        let ident = field.ident.as_ref().unwrap().to_string();
        let names = Field::read(&field.attrs).names(&ident, &Container::read(&item.attrs));
        let texts = |names: Vec<WireName>| names.into_iter().map(|name| name.name).collect();
        (texts(names.serialize), texts(names.deserialize))
    }

    fn both(name: &str) -> (Vec<String>, Vec<String>) {
        (vec![name.into()], vec![name.into()])
    }

    #[test]
    fn a_field_has_its_own_name() {
        assert_eq!(
            names(parse_quote!(
                struct S {
                    order_id: u8,
                }
            )),
            both("order_id")
        );
        let skipped_if = parse_quote!(
            struct S {
                #[serde(skip_serializing_if = "f", default)]
                a: u8,
            }
        );
        assert_eq!(names(skipped_if), both("a"));
    }

    #[test]
    fn a_rename_goes_before_the_rule_for_all() {
        let rename_all = parse_quote!(
            #[serde(rename_all = "camelCase")]
            struct S {
                order_id: u8,
            }
        );
        assert_eq!(names(rename_all), both("orderId"));
        let rename = parse_quote!(
            #[serde(rename_all = "camelCase")]
            struct S {
                #[serde(rename = "x")]
                a_b: u8,
            }
        );
        assert_eq!(names(rename), both("x"));
    }

    #[test]
    fn each_direction_has_its_own_names() {
        let item = parse_quote! {
            #[serde(rename_all(deserialize = "UPPERCASE"))]
            struct S { #[serde(rename(serialize = "x"), alias = "y", alias = "z")] a: u8 }
        };
        assert_eq!(names(item), (vec!["x".into()], vec!["A".into(), "y".into(), "z".into()]));
    }

    #[test]
    fn what_is_not_on_the_wire_has_no_name() {
        for item in [
            parse_quote!(
                struct S {
                    #[serde(skip, alias = "y")]
                    a: u8,
                }
            ),
            parse_quote!(
                struct S {
                    #[serde(flatten)]
                    a: u8,
                }
            ),
        ] {
            assert_eq!(names(item), (vec![], vec![]));
        }
        let item = parse_quote!(
            struct S {
                #[serde(skip_deserializing)]
                a: u8,
            }
        );
        assert_eq!(names(item), (vec!["a".into()], vec![]));
    }
}
