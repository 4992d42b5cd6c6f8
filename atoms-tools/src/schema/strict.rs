//! The strict mode of OpenAI-compatible chat APIs, in which the arguments of a model always match their schema.
//!
//! Its schemas have fewer keywords, and each member of an object is required. A keyword that only restricts values is left out:
//! the arguments are checked by the tool's own schema all the same.

use atoms_control::Problem;
use serde_json::{Map, Value, json};

/// Keywords that strict mode has as well.
const SAME: &[&str] = &[
    "type",
    "title",
    "description",
    "enum",
    "const",
    "pattern",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
];

/// The formats of texts that strict mode has.
const FORMATS: &[&str] =
    &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Keywords of which one at least says of what type a value is.
const TYPES: &[&str] = &["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];

/// The schema in strict mode. Fails with all that strict mode cannot express.
pub(crate) fn strict(schema: &Value) -> Result<Value, Vec<Problem>> {
    let mut making = Making { root: schema, path: String::new(), problems: Vec::new() };
    let strict = making.of(schema);
    if making.problems.is_empty() { Ok(strict) } else { Err(making.problems) }
}

struct Making<'s> {
    root: &'s Value,
    path: String,
    problems: Vec<Problem>,
}

impl Making<'_> {
    fn refuse(&mut self, message: &str) {
        let path = if self.path.is_empty() { "/".into() } else { self.path.clone() };
        self.problems.push(Problem { path, message: message.into() });
    }

    fn within(&mut self, name: &str, schema: &Value) -> Value {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(name);
        let strict = self.of(schema);
        self.path.truncate(length);
        strict
    }

    fn of(&mut self, schema: &Value) -> Value {
        let Some(keywords) = schema.as_object().filter(|it| TYPES.iter().any(|key| it.contains_key(*key)))
        else {
            self.refuse("any value is allowed: strict mode needs a type");
            return schema.clone();
        };
        if let Some(reference) = keywords.get("$ref") {
            return json!({ "$ref": reference });
        }
        let mut strict = Map::new();
        for (keyword, value) in keywords {
            match keyword.as_str() {
                same if SAME.contains(&same) => {
                    strict.insert(same.into(), value.clone());
                }
                "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => {
                    strict.insert("format".into(), value.clone());
                }
                "items" => {
                    strict.insert("items".into(), self.within("items", value));
                }
                "anyOf" | "oneOf" => {
                    let branches = value.as_array().into_iter().flatten();
                    let branches: Vec<_> = branches.map(|branch| self.of(branch)).collect();
                    strict.insert("anyOf".into(), branches.into());
                }
                "$defs" => {
                    let definitions = value.as_object().into_iter().flatten();
                    let definitions: Map<_, _> =
                        definitions.map(|(name, own)| (name.clone(), self.within(name, own))).collect();
                    strict.insert("$defs".into(), definitions.into());
                }
                "allOf" => self.refuse("several schemas have to match at once: strict mode has no `allOf`"),
                "prefixItems" => {
                    self.refuse("a list has items of several types: use a struct instead of a tuple")
                }
                "patternProperties" => {
                    self.refuse("an object may have any members of some pattern: use a list of pairs");
                }
                _ => {}
            }
        }
        if keywords.contains_key("properties") || is_of_type(schema, "object") {
            self.object(keywords, &mut strict);
        }
        strict.into()
    }

    fn object(&mut self, keywords: &Map<String, Value>, strict: &mut Map<String, Value>) {
        if keywords.get("additionalProperties").is_some_and(|others| *others != Value::Bool(false)) {
            self.refuse(
                "an object may have any members: strict mode needs their names, so use a list of pairs",
            );
        }
        if strict.contains_key("anyOf") {
            self.refuse(
                "an object has members of its own and those of one of several others: do not use `flatten`",
            );
        }
        let required = keywords.get("required");
        let mut properties = Map::new();
        for (name, own) in keywords.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let schema = self.within(name, own);
            let is_given = is_required(required, name) || accepts_null(own, self.root);
            properties.insert(name.clone(), if is_given { schema } else { nullable(schema) });
        }
        strict.insert("required".into(), properties.keys().cloned().collect());
        strict.insert("properties".into(), properties.into());
        strict.insert("additionalProperties".into(), false.into());
    }
}

fn is_required(required: Option<&Value>, name: &str) -> bool {
    required.and_then(Value::as_array).is_some_and(|required| required.iter().any(|own| own == name))
}

fn is_of_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::Array(types) => types.iter().any(|own| own == name),
        own => own == name,
    }
}

fn resolved<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let place = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    place.and_then(|place| root.pointer(place)).unwrap_or(schema)
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten()
}

fn accepts_null(schema: &Value, root: &Value) -> bool {
    let schema = resolved(schema, root);
    is_of_type(schema, "null") || branches(schema).any(|branch| is_of_type(resolved(branch, root), "null"))
}

/// The same schema, or `null`, which stands for a value that is missing.
fn nullable(mut schema: Value) -> Value {
    let is_plain = schema.get("enum").is_none() && schema.get("const").is_none();
    match schema["type"].as_str().filter(|_| is_plain) {
        Some(own) => {
            schema["type"] = json!([own, "null"]);
            schema
        }
        None => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// Takes out each `null` that stands for a value that is missing.
pub(crate) fn without_missing(schema: &Value, root: &Value, value: &mut Value) {
    let schema = resolved(schema, root);
    match value {
        Value::Array(items) => {
            if let Some(own) = schema.get("items") {
                items.iter_mut().for_each(|item| without_missing(own, root, item));
            }
        }
        Value::Object(members) => {
            let required = schema.get("required");
            let own = |name: &str| schema.get("properties").and_then(|own| own.get(name));
            members.retain(|name, value| {
                let is_missing = |own| !is_required(required, name) && !accepts_null(own, root);
                !(value.is_null() && own(name).is_some_and(is_missing))
            });
            for (name, value) in members {
                if let Some(own) = own(name) {
                    without_missing(own, root, value);
                }
            }
        }
        _ => return,
    }
    if let Some(branch) = branches(schema).find(|branch| is_meant(resolved(branch, root), value)) {
        without_missing(branch, root, value);
    }
}

/// Whether a value is meant as one of this branch: all members of an object are known there, and those that are constant are the
/// same.
fn is_meant(branch: &Value, value: &Value) -> bool {
    match value {
        Value::Object(members) => branch["properties"].as_object().is_some_and(|own| {
            let is_known = |(name, value): (&String, &Value)| {
                own.get(name).is_some_and(|own| own.get("const").is_none_or(|constant| constant == value))
            };
            members.iter().all(is_known)
        }),
        _ => is_of_type(branch, "array"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> Value {
        json!({
            "type": "object",
            "properties": {
                "order_id": {"type": "string", "minLength": 1, "description": "The order."},
                "cents": {"type": "integer", "format": "uint64", "minimum": 0, "default": 100},
                "card": {"type": ["string", "null"]},
                "day": {"type": "string", "format": "date"},
                "way": {"oneOf": [{"type": "string", "const": "Post"}, {
                    "type": "object",
                    "properties": {"shop": {"type": "string"}, "room": {"type": "integer"}},
                    "required": ["shop"],
                }]},
                "tree": {"$ref": "#/$defs/Tree", "description": "It contains itself."},
            },
            "required": ["order_id", "day", "way"],
            "additionalProperties": false,
            "$defs": {"Tree": {
                "type": "object",
                "properties": {"parts": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
            }},
        })
    }

    #[test]
    fn all_members_are_required_and_optional_ones_may_be_null() {
        let strict = strict(&original()).unwrap();
        assert_eq!(strict["required"].as_array().unwrap().len(), 6);
        assert_eq!(strict["additionalProperties"], false);
        let own = &strict["properties"];
        assert_eq!(own["order_id"], json!({"type": "string", "description": "The order."}));
        assert_eq!(own["cents"], json!({"type": ["integer", "null"], "minimum": 0}));
        assert_eq!(own["card"], json!({"type": ["string", "null"]}));
        assert_eq!(own["day"], json!({"type": "string", "format": "date"}));
        assert_eq!(own["tree"], json!({"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]}));
        let shop = &own["way"]["anyOf"][1];
        assert_eq!(shop["required"].as_array().unwrap().len(), 2);
        assert_eq!(shop["properties"]["room"], json!({"type": ["integer", "null"]}));
        assert_eq!(shop["additionalProperties"], false);
        let tree = &strict["$defs"]["Tree"];
        assert_eq!(tree["required"], json!(["parts"]));
        assert_eq!(tree["properties"]["parts"]["type"], json!(["array", "null"]));
    }

    #[test]
    fn a_null_is_taken_out_where_it_stands_for_what_is_missing() {
        let original = original();
        let mut given = json!({
            "order_id": null, "cents": null, "card": null, "day": "2026-11-26",
            "way": {"shop": "Bonn", "room": null}, "tree": {"parts": [{"parts": null}]},
        });
        without_missing(&original, &original, &mut given);
        let meant = json!({
            "order_id": null, "card": null, "day": "2026-11-26",
            "way": {"shop": "Bonn"}, "tree": {"parts": [{}]},
        });
        assert_eq!(given, meant);
    }

    #[test]
    fn all_that_strict_mode_cannot_express_is_told_with_its_place() {
        let wrong = strict(&json!({
            "type": "object",
            "properties": {
                "any": true,
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}]},
                "flat": {"type": "object", "properties": {}, "oneOf": [{"type": "object"}]},
                "list": {"type": "array", "items": {}},
                "both": {"allOf": [{"type": "string"}]},
            },
        }));
        let mut paths: Vec<_> = wrong.unwrap_err().into_iter().map(|problem| problem.path).collect();
        paths.sort();
        assert_eq!(paths, ["/any", "/both", "/flat", "/list/items", "/map", "/pair"]);
    }
}
