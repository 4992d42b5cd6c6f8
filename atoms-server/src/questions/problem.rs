//! What is wrong with an answer.

use atoms_control::{AnswerError, NotAnswered, Question};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::view::View;
use crate::door::{More, Problem};

/// There is no such question, or the caller may not see it. Both are answered alike.
pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such question, or it is not for you")
}

fn ended(question: &Question, detail: String) -> Problem {
    let value = View::of(question).value();
    let more = More { kind: "question-ended", title: "The question has ended", key: "question", value };
    Problem::new(StatusCode::CONFLICT, detail).with(more)
}

fn wrong(detail: impl Into<String>, errors: Vec<Value>) -> Problem {
    let value = errors.into();
    let more = More { kind: "wrong-answer", title: "The answer is wrong", key: "errors", value };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).with(more)
}

impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Self {
        let detail = error.to_string();
        match error {
            AnswerError::Unknown(_) | AnswerError::NotAllowed { .. } => unknown(),
            AnswerError::Ended(question) => ended(&question, detail),
            AnswerError::Wrong(answer) => {
                let errors = answer.problems().iter();
                wrong(
                    "the answer does not fit the question, which stays open",
                    errors.map(|error| json!({ "pointer": error.path, "detail": error.message })).collect(),
                )
            }
            AnswerError::OtherKind { .. } | AnswerError::NotEditable(_) | AnswerError::Unwritable(_) => {
                wrong(detail.clone(), vec![json!({ "pointer": "", "detail": detail })])
            }
            AnswerError::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail),
            AnswerError::Closed => Self::closed(),
            other => Self::failed(other),
        }
    }
}

impl From<NotAnswered> for Problem {
    fn from(error: NotAnswered) -> Self {
        match error {
            NotAnswered::Unknown(_) => unknown(),
            NotAnswered::Closed => Self::closed(),
            other => Self::failed(other),
        }
    }
}
