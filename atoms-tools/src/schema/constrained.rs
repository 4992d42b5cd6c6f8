//! Whether a schema requires more than its Rust type.

use serde_json::Value;

/// Keywords that every value of the type meets, or that do not restrict values.
const BY_TYPE: &[&str] = &[
    "$schema",
    "$id",
    "$anchor",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "type",
    "required",
    "additionalProperties",
    "enum",
    "const",
];

/// Keywords with a schema, a list of schemas, or a map of them.
const WITH_SCHEMA: &[&str] = &["items", "additionalProperties"];
const WITH_LIST: &[&str] = &["anyOf", "oneOf", "allOf", "prefixItems"];
const WITH_MAP: &[&str] = &["properties", "$defs"];

/// Whether a value of the Rust type may break the schema. A keyword that is unknown here may require anything.
pub(super) fn is_constrained(schema: &Value) -> bool {
    let Some(keywords) = schema.as_object() else { return false };
    keywords.iter().any(|(keyword, value)| match keyword.as_str() {
        known if WITH_SCHEMA.contains(&known) => is_constrained(value),
        known if WITH_LIST.contains(&known) => {
            value.as_array().is_none_or(|list| list.iter().any(is_constrained))
        }
        known if WITH_MAP.contains(&known) => {
            value.as_object().is_none_or(|map| map.values().any(is_constrained))
        }
        "format" => !is_number(value),
        "minimum" => !is_least(keywords.get("format"), value),
        "maximum" => !is_most(keywords.get("format"), value),
        "$ref" => false,
        known => !BY_TYPE.contains(&known),
    })
}

fn bits(format: &Value) -> Option<(bool, u32)> {
    let format = format.as_str()?;
    let (is_signed, bits) = match format.strip_prefix("uint") {
        Some(bits) => (false, bits),
        None => (true, format.strip_prefix("int")?),
    };
    if bits.is_empty() { Some((is_signed, usize::BITS)) } else { Some((is_signed, bits.parse().ok()?)) }
}

fn is_number(format: &Value) -> bool {
    bits(format).is_some() || matches!(format.as_str(), Some("float" | "double"))
}

fn is_least(format: Option<&Value>, least: &Value) -> bool {
    match format.and_then(bits) {
        Some((false, _)) => least.as_u64() == Some(0),
        Some((true, bits @ 1..=64)) => least.as_i64() == Some(i64::MIN >> (64 - bits)),
        _ => false,
    }
}

fn is_most(format: Option<&Value>, most: &Value) -> bool {
    match format.and_then(bits) {
        Some((false, bits @ 1..=64)) => most.as_u64() == Some(u64::MAX >> (64 - bits)),
        Some((true, bits @ 1..=64)) => most.as_i64() == Some(i64::MAX >> (64 - bits)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use atoms_control::schemars::{self, JsonSchema, schema_for};

    use super::is_constrained;

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Plain {
        name: String,
        counts: (u8, i16, u32, i64, usize, f64),
        other: Option<Box<Plain>>,
        map: BTreeMap<String, Choice>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    enum Choice {
        One,
        Two(u8),
        Three { list: Vec<bool> },
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Ranged {
        #[schemars(range(min = 1, max = 16))]
        replicas: u8,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Long {
        #[schemars(length(max = 16))]
        text: Option<String>,
    }

    #[test]
    fn a_schema_asks_for_more_than_the_type_only_if_it_says_so() {
        assert!(!is_constrained(schema_for!(Choice).as_value()));
        assert!(is_constrained(schema_for!(Ranged).as_value()));
        assert!(is_constrained(schema_for!(Long).as_value()));
        // The length of a tuple counts as a constraint, which only costs time.
        assert!(is_constrained(schema_for!(Plain).as_value()));
    }
}
