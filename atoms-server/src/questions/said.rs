//! What a request does with a question.

use atoms_control::{Answering, QuestionId, Questions};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::door::{Problem, parse, parse_if_any};

/// The body of `approve`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, which may have `feedback` and `edited`")]
pub(super) struct Approve {
    feedback: Option<String>,
    #[serde(default, deserialize_with = "there")]
    edited: Option<Value>,
}

/// The body of `reject`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, which may have `feedback`")]
pub(super) struct Reject {
    feedback: Option<String>,
}

/// The body of `answer`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the `answer`")]
pub(super) struct Answer {
    answer: Value,
}

/// The body of `cancel`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, which may have a `reason`")]
pub(super) struct Cancel {
    reason: Option<String>,
}

/// Reads a value, which may be `null`.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What a request does with a question.
pub(super) enum Said {
    Approve(Approve),
    Reject(Reject),
    Answer(Answer),
    Cancel(Cancel),
}

impl Said {
    pub(super) fn parse(action: &str, bytes: &[u8]) -> Result<Self, Problem> {
        match action {
            "approve" => parse_if_any(bytes).map(Self::Approve),
            "reject" => parse_if_any(bytes).map(Self::Reject),
            "answer" => parse(bytes).map(Self::Answer),
            "cancel" => parse_if_any(bytes).map(Self::Cancel),
            _ => {
                let detail = "the action is `approve`, `reject`, `answer` or `cancel`";
                Err(Problem::new(StatusCode::NOT_FOUND, detail))
            }
        }
    }

    pub(super) fn to(self, questions: Questions<'_>, id: QuestionId) -> Answering<'_> {
        let (answering, feedback) = match self {
            Self::Approve(Approve { feedback, edited: None }) => (questions.approve(id), feedback),
            Self::Approve(Approve { feedback, edited: Some(edited) }) => {
                (questions.approve(id).edited(edited), feedback)
            }
            Self::Reject(Reject { feedback }) => (questions.reject(id), feedback),
            Self::Answer(Answer { answer }) => (questions.answer(id, answer), None),
            Self::Cancel(Cancel { reason }) => (questions.cancel(id), reason),
        };
        match feedback {
            Some(feedback) => answering.feedback(feedback),
            None => answering,
        }
    }
}
