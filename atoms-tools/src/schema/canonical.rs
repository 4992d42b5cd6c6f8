//! The hash of a call's arguments, which is the same for equal arguments.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The SHA-256 of canonical arguments, in hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hash(String);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Hash {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The hash of the arguments of this tool.
pub(crate) fn hash(tool: &str, arguments: &Value) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(tool.as_bytes());
    hasher.update([0]);
    let mut text = String::new();
    write(arguments, &mut text);
    hasher.update(text.as_bytes());
    Hash(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes JSON without spaces, and with the members of objects sorted by their names.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            // Any crate of the program may turn on the feature of serde_json that keeps their order.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            enclosed(text, "{}", members, |(name, value), text| {
                *text += &Value::from(name.as_str()).to_string();
                text.push(':');
                write(value, text);
            });
        }
        Value::Array(items) => enclosed(text, "[]", items, write),
        scalar => *text += &scalar.to_string(),
    }
}

fn enclosed<T>(
    text: &mut String,
    brackets: &str,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    text.push_str(&brackets[..1]);
    for (number, item) in items.into_iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push_str(&brackets[1..]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_members_does_not_count_and_all_else_does() {
        let one: Value = serde_json::from_str(r#"{"b":[1,{"d":null,"c":"\""}],"a":true}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":true,"b":[1,{"c":"\"","d":null}]}"#).unwrap();
        assert_eq!(hash("refund", &one), hash("refund", &other));
        assert_ne!(hash("refund", &one), hash("refunds", &one));
        assert_ne!(hash("refund", &json!({"a": 1})), hash("refund", &json!({"a": "1"})));
        assert_ne!(hash("refund", &json!([1, [2]])), hash("refund", &json!([[1], 2])));
        let mut text = String::new();
        write(&one, &mut text);
        assert_eq!(text, r#"{"a":true,"b":[1,{"c":"\"","d":null}]}"#);
        assert_eq!(hash("refund", &one).as_str().len(), 64);
    }
}
