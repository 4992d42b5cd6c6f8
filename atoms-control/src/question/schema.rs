//! The schema of an answer.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use atoms_runtime::Shown;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

/// How many problems of one answer are told at most.
const MAX_PROBLEMS: usize = 32;

/// A JSON Schema of the draft 2020-12, which an answer must match. It is compiled once, and cheap to clone.
///
/// ```
/// use atoms::control::Schema;
/// use serde_json::json;
///
/// let schema = Schema::new(json!({"type": "object", "properties": {"replicas": {"type": "integer", "maximum": 16}}}))?;
/// let wrong = schema.check(&json!({"replicas": 40})).unwrap_err();
/// assert_eq!(wrong.problems()[0].path, "/replicas");
/// # Ok::<(), atoms::control::SchemaError>(())
/// ```
///
/// Patterns are matched in linear time, so look-around and back-references are not supported. Nothing is fetched: a
/// reference to a schema elsewhere is an error.
#[derive(Clone)]
pub struct Schema(Arc<Inner>);

struct Inner {
    json: Value,
    /// Compiled when something is first checked.
    validator: OnceLock<Result<Validator, SchemaError>>,
    /// Whether a value can be read as the type that this is the schema of, if it was made of one.
    read: Option<Read>,
}

type Read = fn(&Value) -> Result<(), serde_json::Error>;

/// The schemas of types. By these, what a store gives back is read as the type of which it was made, too.
static TYPES: RwLock<Option<HashMap<TypeId, Schema>>> = RwLock::new(None);

/// A JSON value is not a valid schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema is not a valid JSON Schema of the draft 2020-12: {problem}")]
pub struct SchemaError {
    problem: String,
}

impl Schema {
    /// Returns the schema of a type, as [`schemars`] makes it, without references. There is one for each type of the
    /// program.
    pub fn of<T: JsonSchema + DeserializeOwned + 'static>() -> Self {
        let id = TypeId::of::<T>();
        let types = TYPES.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = types.as_ref().and_then(|types| types.get(&id)) {
            return known.clone();
        }
        drop(types);
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        let json = settings.into_generator().into_root_schema_for::<T>().into();
        let schema = Self::with(json, Some(|value| T::deserialize(value).map(drop)));
        let mut types = TYPES.write().unwrap_or_else(PoisonError::into_inner);
        types.get_or_insert_default().entry(id).or_insert(schema).clone()
    }

    /// Compiles a schema. Fails if the value is not a valid schema.
    pub fn new(json: Value) -> Result<Self, SchemaError> {
        let schema = Self::with(json, None);
        schema.validator()?;
        Ok(schema)
    }

    /// Returns the schema of one of these texts.
    pub fn choice<C: Into<String>>(choices: impl IntoIterator<Item = C>) -> Self {
        let choices: Vec<String> = choices.into_iter().map(Into::into).collect();
        Self::with(json!({ "type": "string", "enum": choices }), None)
    }

    fn with(json: Value, read: Option<Read>) -> Self {
        Self(Arc::new(Inner { json, validator: OnceLock::new(), read }))
    }

    /// Returns the schema as JSON.
    pub fn as_json(&self) -> &Value {
        &self.0.json
    }

    /// Compiles the schema, if it is not compiled yet.
    pub(crate) fn validator(&self) -> Result<&Validator, SchemaError> {
        self.0.validator.get_or_init(|| compile(&self.0.json)).as_ref().map_err(Clone::clone)
    }

    /// Checks a value. Fails with everything that is wrong with it.
    pub fn check(&self, value: &Value) -> Result<(), WrongAnswer> {
        let validator = self.validator().map_err(|error| WrongAnswer::of("", error))?;
        let problems: Vec<_> =
            validator.iter_errors(value).take(MAX_PROBLEMS + 1).map(Problem::from).collect();
        if !problems.is_empty() {
            return Err(WrongAnswer { problems });
        }
        self.read(value).map_err(|error| WrongAnswer::of("", error))
    }

    /// Reads a value as the type that this is the schema of: `500.0` is an integer for a schema, and not for serde. If
    /// several types have the same schema, one of them has to be what is meant.
    fn read(&self, value: &Value) -> Result<(), serde_json::Error> {
        if let Some(read) = self.0.read {
            return read(value);
        }
        let types = TYPES.read().unwrap_or_else(PoisonError::into_inner);
        let of_types = types.iter().flat_map(HashMap::values).filter(|known| *known == self);
        let reads: Vec<_> = of_types.filter_map(|known| known.0.read).collect();
        drop(types);
        let mut problem = None;
        for read in reads {
            match read(value) {
                Ok(()) => return Ok(()),
                Err(error) => problem = Some(error),
            }
        }
        problem.map_or(Ok(()), Err)
    }
}

fn compile(json: &Value) -> Result<Validator, SchemaError> {
    let options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true);
    options.build(json).map_err(|error| SchemaError { problem: Shown(error).to_string() })
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.0.json == other.0.json
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.json.fmt(f)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::with(Value::deserialize(deserializer)?, None))
    }
}

/// An answer does not match its schema.
///
/// ```
/// use atoms::control::{AnswerError, Control, Input, Principal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = atoms::Bus::builder().without_discovery().start()?;
/// bus.questions().open(Input::<u32>::new("how-many")).await?;
/// let error = bus.questions().answer("how-many", "three").by(&Principal::new("ada")).await.unwrap_err();
/// let AnswerError::Wrong(wrong) = error else { panic!("{error}") };
/// assert_eq!(wrong.problems().len(), 1);
/// println!("{wrong}"); // and the question stays open
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct WrongAnswer {
    problems: Vec<Problem>,
}

/// One problem of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The place in the answer, as a [JSON pointer](https://www.rfc-editor.org/rfc/rfc6901): empty for the whole.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl From<ValidationError<'_>> for Problem {
    fn from(error: ValidationError<'_>) -> Self {
        Self { path: Shown(error.instance_path()).to_string(), message: Shown(&error).to_string() }
    }
}

impl WrongAnswer {
    /// Returns an error of these problems, of which there is one at least: for an [`Asker`](crate::Asker).
    pub fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    fn of(path: &str, message: impl fmt::Display) -> Self {
        Self { problems: vec![Problem { path: path.into(), message: Shown(message).to_string() }] }
    }

    /// Returns the problems, but no more than 33.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for WrongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().take(MAX_PROBLEMS).enumerate() {
            let Problem { path, message } = problem;
            let separator = if number == 0 { "" } else { "; " };
            let path = if path.is_empty() { "the answer" } else { path };
            write!(f, "{separator}{path}: {message}")?;
        }
        if self.problems.len() > MAX_PROBLEMS { f.write_str("; and more") } else { Ok(()) }
    }
}

impl std::error::Error for WrongAnswer {}
