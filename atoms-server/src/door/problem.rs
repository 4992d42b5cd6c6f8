//! The problem of a request, as [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) defines it.

use std::fmt::Display;

use atoms_runtime::{LogLimit, Shown, StoreError};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::answer::json_of;
use crate::authenticate::AuthError;

/// A failure of the store may repeat for each request.
static FAILED: LogLimit = LogLimit::new(10, "more requests failed");

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

/// What a type of problems says beside the status.
#[derive(Debug)]
pub(crate) struct More {
    /// Where the docs of the routes explain it.
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    /// A further member.
    pub(crate) key: &'static str,
    pub(crate) value: Value,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), more: None, header: None }
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// The problem with more than its status says.
    pub(crate) fn with(self, more: More) -> Self {
        Self { more: Some(Box::new(more)), ..self }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
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
    pub(crate) fn failed(error: impl Display) -> Self {
        if FAILED.allows() {
            tracing::error!(error = ?Shown(error), "a request failed");
        }
        Self::later(StatusCode::SERVICE_UNAVAILABLE, "the store cannot be reached now: try again later")
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let detail = error.to_string();
        match error {
            AuthError::Unauthenticated | AuthError::UnknownToken => {
                Self::new(StatusCode::UNAUTHORIZED, detail).header(header::WWW_AUTHENTICATE, "Bearer")
            }
            AuthError::Forbidden => Self::new(StatusCode::FORBIDDEN, detail),
            AuthError::Unavailable => Self::later(StatusCode::SERVICE_UNAVAILABLE, detail),
            AuthError::Status(_) => Self::new(error.status(), detail),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::failed(error)
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
