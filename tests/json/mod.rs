//! JSON values that are equal if they say the same: numbers are compared by their text, so that
//! none is too large or too precise.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// `null`, `true` or `false`.
    Word(String),
    /// A number without fraction and exponent, of any size.
    Integer(String),
    /// Another number, by the bits of its nearest `f64`.
    Float(u64),
    /// Text.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads a text that must be JSON.
    pub(crate) fn parse(text: &str) -> Self {
        let raw: &RawValue = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        Self::from_raw(raw.get()).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn from_raw(text: &str) -> serde_json::Result<Self> {
        Ok(match text.as_bytes()[0] {
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
                let members = members.into_iter().map(|(key, value)| Ok((key, Self::from_raw(value.get())?)));
                Self::Object(members.collect::<serde_json::Result<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                let items = items.into_iter().map(|item| Self::from_raw(item.get()));
                Self::Array(items.collect::<serde_json::Result<_>>()?)
            }
            b'"' => Self::Text(serde_json::from_str(text)?),
            b'n' | b't' | b'f' => Self::Word(text.to_owned()),
            _ => Self::number(text),
        })
    }

    fn number(text: &str) -> Self {
        match text.contains(['.', 'e', 'E']) {
            true => Self::Float(text.parse::<f64>().expect("JSON's numbers are Rust's").to_bits()),
            false if text == "-0" => Self::Integer("0".to_owned()),
            false => Self::Integer(text.to_owned()),
        }
    }

    /// The members of an object.
    pub(crate) fn into_members(self) -> BTreeMap<String, Json> {
        match self {
            Self::Object(members) => members,
            other => panic!("not an object: {other:?}"),
        }
    }
}
