//! A question that is not opened yet, and what may be wrong with it.

use std::time::Duration;

use atoms_runtime::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use super::id::{QuestionId, name_problem};
use super::schema::{SchemaError, WrongAnswer};
use super::{Question, QuestionKind};

/// A question that is not opened yet.
pub(crate) struct Draft {
    pub(crate) question: Question,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) is_cancelled_if_dropped: bool,
    /// The first thing that was wrong.
    problem: Option<AskProblem>,
}

/// When a question ends without an answer.
#[derive(Clone, Copy)]
pub(crate) enum Deadline {
    After(Duration),
    At(Timestamp),
}

/// What is wrong with a question.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AskProblem {
    #[error("`{}` cannot be {what}: {problem}", atoms_runtime::Shown(text))]
    Name { what: &'static str, text: String, problem: String },
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error("{what} cannot be written as JSON: {problem}")]
    Unwritable { what: &'static str, problem: String },
    #[error("the default is not an answer: {0}")]
    Default(WrongAnswer),
    #[error("there is a default, but no deadline: add `.deadline(..)`")]
    NoDeadline,
}

impl Draft {
    pub(super) fn new(kind: QuestionKind, name: Option<String>) -> Self {
        let question = Question {
            id: QuestionId::generate(),
            name,
            kind,
            title: String::new(),
            description: String::new(),
            details: Value::Null,
            roles: Vec::new(),
            schema: None,
            session: None,
            correlation: None,
            opened_at: Timestamp::now(),
            deadline: None,
            default: None,
            body: Value::Null,
            then: Vec::new(),
            end: None,
        };
        Self { question, deadline: None, is_cancelled_if_dropped: false, problem: None }
    }

    /// `value` as JSON. If it cannot be written, [`check`](Self::check) fails.
    pub(super) fn json(&mut self, what: &'static str, value: &impl Serialize) -> Value {
        serde_json::to_value(value).unwrap_or_else(|error| {
            self.problem.get_or_insert(AskProblem::Unwritable { what, problem: error.to_string() });
            Value::Null
        })
    }

    /// Fails if anything is wrong that can be seen without a bus.
    pub(crate) fn check(&mut self) -> Result<(), AskProblem> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let question = &self.question;
        let roles = question.roles.iter().map(|role| ("a role", role));
        for (what, text) in question.name.iter().map(|name| ("the name of a question", name)).chain(roles) {
            if let Some(problem) = name_problem(text) {
                return Err(AskProblem::Name { what, text: text.clone(), problem });
            }
        }
        if let Some(schema) = &question.schema {
            schema.validator()?;
        }
        if question.default.is_some() && self.deadline.is_none() {
            return Err(AskProblem::NoDeadline);
        }
        match (&question.default, &question.schema) {
            (Some(Answer::Given(value)), Some(schema)) => schema.check(value).map_err(AskProblem::Default),
            _ => Ok(()),
        }
    }
}
