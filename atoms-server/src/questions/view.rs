//! Questions, as callers see them.

use atoms_control::{Answer, Outcome, Question, QuestionId, QuestionKind, Schema};
use atoms_runtime::Timestamp;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use crate::door::json_of;

/// A question as callers see it, without its body. Members without a value are left out.
#[derive(Serialize)]
pub(super) struct View<'a> {
    id: QuestionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    kind: QuestionKind,
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Value::is_null")]
    details: &'a Value,
    roles: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    opened_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Said<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Ended<'a>>,
}

/// How a question has ended.
#[derive(Serialize)]
struct Ended<'a> {
    #[serde(flatten)]
    said: Said<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    at: Timestamp,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_default: bool,
}

/// The outcome of a question.
#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Said<'a> {
    Approved {
        #[serde(skip_serializing_if = "Option::is_none")]
        feedback: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        edited: Option<&'a Value>,
    },
    Rejected {
        #[serde(skip_serializing_if = "Option::is_none")]
        feedback: Option<&'a str>,
    },
    Answered {
        answer: &'a Value,
    },
    Expired,
    Cancelled {
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    },
}

impl<'a> View<'a> {
    pub(super) fn of(question: &'a Question) -> Self {
        let end = question.end.as_ref().map(|end| Ended {
            said: Said::of_outcome(&end.outcome),
            by: end.by.as_ref().map(|by| by.name()),
            at: end.at,
            is_default: matches!(end.outcome, Outcome::Defaulted(_)),
        });
        Self {
            id: question.id,
            name: question.name.as_deref(),
            kind: question.kind,
            title: &question.title,
            description: &question.description,
            details: &question.details,
            roles: &question.roles,
            schema: question.schema.as_ref(),
            session: question.session.as_deref(),
            opened_at: question.opened_at,
            deadline: question.deadline,
            default: question.default.as_ref().map(Said::of),
            end,
        }
    }

    pub(super) fn value(&self) -> Value {
        serde_json::to_value(self).expect("a question has nothing that JSON cannot have")
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("a question has nothing that JSON cannot have")
    }
}

impl<'a> Said<'a> {
    fn of(answer: &'a Answer) -> Self {
        match answer {
            Answer::Approved { feedback, edited } => {
                Self::Approved { feedback: feedback.as_deref(), edited: edited.as_ref() }
            }
            Answer::Rejected { feedback } => Self::Rejected { feedback: feedback.as_deref() },
            Answer::Given(answer) => Self::Answered { answer },
        }
    }

    fn of_outcome(outcome: &'a Outcome) -> Self {
        match outcome {
            Outcome::Answered(answer) | Outcome::Defaulted(answer) => Self::of(answer),
            Outcome::Expired => Self::Expired,
            Outcome::Cancelled { reason } => Self::Cancelled { reason: reason.as_deref() },
        }
    }
}

/// One question.
pub(super) fn shown(question: &Question) -> Response {
    json_of(StatusCode::OK, "application/json", View::of(question).text())
}
