//! The schema of a tool's arguments, and their check.

mod argument;
mod canonical;
mod constrained;
mod given;
mod strict;
mod wrong;

use atoms_control::schemars::generate::SchemaSettings;
use jsonschema::{Draft, PatternOptions, Validator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use argument::{Argument, json};
pub(crate) use canonical::{Hash, hash};
pub use given::{ArgumentAt, IsArgument, IsReadArgument, ToolArgument};
pub(crate) use strict::{strict, without_missing};
pub use wrong::WrongArguments;

/// The text in place of a sensitive value.
pub(crate) const MASK: &str = "[sensitive]";

/// The JSON Schema of a tool's arguments, and its validator.
pub(crate) struct ArgumentsSchema {
    json: Value,
    validator: Validator,
    arguments: &'static [Argument],
    /// Whether a value of the right Rust type may break it.
    pub(crate) is_constrained: bool,
}

impl ArgumentsSchema {
    /// Makes and compiles the schema. Fails if the schema of an argument is invalid.
    pub(crate) fn new(arguments: &'static [Argument]) -> Result<Self, String> {
        let json = object(arguments);
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true);
        let validator = options.build(&json).map_err(|error| error.to_string())?;
        let is_constrained = constrained::is_constrained(&json);
        Ok(Self { json, validator, arguments, is_constrained })
    }

    pub(crate) fn as_json(&self) -> &Value {
        &self.json
    }

    /// Checks and reads arguments. Not all that a schema allows can be read: `500.0` is an integer for a schema, and not
    /// for serde.
    pub(crate) fn read<A: DeserializeOwned>(&self, arguments: &Value) -> Result<A, WrongArguments> {
        self.check(arguments)?;
        A::deserialize(arguments)
            .map_err(|error| WrongArguments::unreadable::<A>(arguments, self.arguments, &error))
    }

    /// Checks arguments by the schema. Fails with all that is wrong with them.
    pub(crate) fn check(&self, arguments: &Value) -> Result<(), WrongArguments> {
        if self.validator.is_valid(arguments) {
            return Ok(());
        }
        Err(WrongArguments::of(self.validator.iter_errors(arguments), self.arguments))
    }

    /// The arguments, with sensitive ones masked.
    pub(crate) fn masked(&self, arguments: &Value) -> Value {
        masked(self.arguments, arguments.clone())
    }

    /// The schema of masked arguments, in which a sensitive value may be the mask.
    pub(crate) fn with_masks(&self) -> Value {
        let mut json = self.json.clone();
        for argument in self.arguments.iter().filter(|argument| argument.is_sensitive) {
            let own = json["properties"][argument.name].take();
            json["properties"][argument.name] = json!({ "anyOf": [own, { "const": MASK }] });
        }
        json
    }

    /// The edited arguments, with the original values in place of masks.
    pub(crate) fn unmasked(&self, mut edited: Value, arguments: &Value) -> Value {
        for argument in self.arguments.iter().filter(|argument| argument.is_sensitive) {
            if let Some(value) = edited.get_mut(argument.name).filter(|value| **value == MASK)
                && let Some(own) = arguments.get(argument.name)
            {
                *value = own.clone();
            }
        }
        edited
    }
}

/// The arguments, with sensitive ones masked.
pub(crate) fn masked(arguments: &[Argument], mut value: Value) -> Value {
    let sensitive = arguments.iter().filter(|argument| argument.is_sensitive);
    for argument in sensitive {
        if let Some(value) = value.get_mut(argument.name).filter(|value| !value.is_null()) {
            *value = MASK.into();
        }
    }
    value
}

/// The schema of an object with these members.
fn object(arguments: &[Argument]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut generator = settings.into_generator();
    let mut properties = Map::new();
    for argument in arguments {
        let mut schema = (argument.schema)(&mut generator);
        if !argument.description.is_empty() {
            schema.insert("description".into(), argument.description.into());
        }
        if let Some(default) = argument.default {
            schema.insert("default".into(), default());
        }
        properties.insert(argument.name.into(), schema.into());
    }
    let required: Vec<_> =
        arguments.iter().filter(|argument| !argument.is_optional).map(|argument| argument.name).collect();
    let mut object = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    // Only types that contain themselves are not inlined.
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        object["$defs"] = definitions.into();
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    static REFUND: &[Argument] = &[
        Argument::new::<String>("order_id", "The order, as on the invoice."),
        Argument::new::<u64>("cents", "").with_default(|| json(&100)),
        Argument::new::<Option<String>>("card", "").optional().sensitive(),
    ];

    fn schema() -> ArgumentsSchema {
        ArgumentsSchema::new(REFUND).unwrap()
    }

    #[test]
    fn the_schema_is_an_object_of_the_arguments() {
        let schema = schema();
        assert_eq!(schema.as_json()["required"], json!(["order_id"]));
        assert_eq!(schema.as_json()["additionalProperties"], false);
        let order = &schema.as_json()["properties"]["order_id"];
        assert_eq!(*order, json!({"type": "string", "description": "The order, as on the invoice."}));
        assert_eq!(schema.as_json()["properties"]["cents"]["default"], 100);
        assert!(!schema.is_constrained);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let wrong = schema().check(&json!({"order": "o-1", "cents": -1, "card": 4111})).unwrap_err();
        let text = wrong.to_string();
        for said in ["order_id", "`order`", "/cents", "/card"] {
            assert!(text.contains(said), "{said} is not in {text}");
        }
        assert!(!text.contains("4111"), "{text}");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place_and_without_sensitive_values() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code, reason = "only read")]
        struct Args {
            order_id: String,
            cents: u64,
            pin: u8,
        }
        static ARGUMENTS: &[Argument] = &[
            Argument::new::<String>("order_id", ""),
            Argument::new::<u64>("cents", ""),
            Argument::new::<u8>("pin", "").sensitive(),
        ];
        let schema = ArgumentsSchema::new(ARGUMENTS).unwrap();
        let read = |cents: &str, pin: &str| {
            let json = format!(r#"{{"order_id": "o-1", "cents": {cents}, "pin": {pin}}}"#);
            schema.read::<Args>(&serde_json::from_str(&json).unwrap())
        };
        assert!(read("18446744073709551615", "42").is_ok());
        for cents in ["500.0", "5e2", "-0.0", "18446744073709551616", "1e19"] {
            let wrong = read(cents, "42").unwrap_err();
            assert_eq!(wrong.problems()[0].path, "/cents", "{wrong}");
        }
        let wrong = read("500", "42.0").unwrap_err();
        assert_eq!(wrong.problems()[0].path, "/pin", "{wrong}");
        assert!(!wrong.to_string().contains("42"), "{wrong}");
    }

    #[test]
    fn who_edits_what_is_masked_leaves_it_or_replaces_it() {
        let schema = schema();
        let editable = jsonschema::validator_for(&schema.with_masks()).unwrap();
        let own = json!({"order_id": "o-1", "card": "4111", "cents": 5});
        for (edited, meant) in [(MASK, "4111"), ("4222", "4222")] {
            let edited = json!({"order_id": "o-2", "card": edited, "cents": 5});
            assert!(editable.is_valid(&edited));
            assert_eq!(schema.unmasked(edited, &own)["card"], meant);
        }
        assert!(!editable.is_valid(&json!({"order_id": "o-1", "card": 4111})));
    }

    #[test]
    fn what_is_sensitive_is_masked() {
        let masked = schema().masked(&json!({"order_id": "o-1", "card": "4111"}));
        assert_eq!(masked, json!({"order_id": "o-1", "card": MASK}));
        assert_eq!(schema().masked(&json!({"card": null})), json!({"card": null}));
        assert_eq!(schema().masked(&json!(["card"])), json!(["card"]));
    }
}
