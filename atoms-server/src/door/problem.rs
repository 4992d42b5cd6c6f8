//! The problem of a request, as [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) defines it.

use std::fmt::Display;

use atoms_control::{AnswerError, NotAnswered, Question};
use atoms_runtime::{LogLimit, Shown, StoreError};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::auth::AuthError;
use crate::questions::view::{View, json_of};

/// A failure of the store may repeat for each request.
static FAILED: LogLimit = LogLimit::new(10, "more requests failed that were about questions");

/// Where the types of problems are explained.
const TYPES: &str = "https://docs.rs/atoms-rs/latest/atoms/server/struct.Routes.html";

/// What is wrong with a request.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    /// The type, if the status does not say all.
    more: Option<Box<More>>,
    header: Option<(HeaderName, &'static str)>,
}

#[derive(Debug)]
struct More {
    kind: &'static str,
    title: &'static str,
    /// A further member.
    key: &'static str,
    value: Value,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), more: None, header: None }
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such question, or the caller may not see it. Both are answered alike.
    pub(crate) fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such question, or it is not for you")
    }

    pub(crate) fn method(allowed: &Method) -> Self {
        let allow = if *allowed == Method::GET { "GET" } else { "POST" };
        let detail = format!("this is for {allow}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail).header(header::ALLOW, allow)
    }

    /// The problem with a time after which to try again.
    pub(crate) fn later(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::new(status, detail).header(header::RETRY_AFTER, "1")
    }

    pub(crate) fn closed() -> Self {
        Self::later(StatusCode::SERVICE_UNAVAILABLE, "the server shuts down")
    }

    /// The problem of an internal failure, whose cause is only logged.
    fn failed(error: impl Display) -> Self {
        if FAILED.allows() {
            tracing::error!(error = ?Shown(error), "a request about questions failed");
        }
        Self::later(StatusCode::SERVICE_UNAVAILABLE, "the questions cannot be reached now: try again later")
    }

    fn ended(question: &Question, detail: String) -> Self {
        let value = View::of(question).value();
        let more = More { kind: "question-ended", title: "The question has ended", key: "question", value };
        Self { more: Some(Box::new(more)), ..Self::new(StatusCode::CONFLICT, detail) }
    }

    fn wrong(detail: impl Into<String>, errors: Vec<Value>) -> Self {
        let value = errors.into();
        let more = More { kind: "wrong-answer", title: "The answer is wrong", key: "errors", value };
        Self { more: Some(Box::new(more)), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let detail = error.to_string();
        match error {
            AuthError::Unauthenticated => {
                Self::new(StatusCode::UNAUTHORIZED, detail).header(header::WWW_AUTHENTICATE, "Bearer")
            }
            AuthError::Forbidden => Self::new(StatusCode::FORBIDDEN, detail),
            AuthError::Unavailable => Self::later(StatusCode::SERVICE_UNAVAILABLE, detail),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
    }
}

impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Self {
        let detail = error.to_string();
        match error {
            AnswerError::Unknown(_) | AnswerError::NotAllowed { .. } => Self::unknown(),
            AnswerError::Ended(question) => Self::ended(&question, detail),
            AnswerError::Wrong(wrong) => {
                let errors = wrong.problems().iter();
                Self::wrong(
                    "the answer does not fit the question, which stays open",
                    errors.map(|error| json!({ "pointer": error.path, "detail": error.message })).collect(),
                )
            }
            AnswerError::OtherKind { .. } | AnswerError::NotEditable(_) | AnswerError::Unwritable(_) => {
                Self::wrong(detail.clone(), vec![json!({ "pointer": "", "detail": detail })])
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
            NotAnswered::Unknown(_) => Self::unknown(),
            NotAnswered::Closed => Self::closed(),
            other => Self::failed(other),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = Map::new();
        let (kind, title) = match self.more {
            Some(more) => {
                body.insert(more.key.into(), more.value);
                (format!("{TYPES}#{}", more.kind), more.title)
            }
            None => ("about:blank".into(), self.status.canonical_reason().unwrap_or_default()),
        };
        body.insert("type".into(), kind.into());
        body.insert("title".into(), title.into());
        body.insert("status".into(), self.status.as_u16().into());
        body.insert("detail".into(), self.detail.into());
        let mut response = json_of(self.status, "application/problem+json", Value::Object(body).to_string());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
