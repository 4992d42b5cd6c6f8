//! The routes of one question.

use std::sync::Arc;
use std::time::Duration;

use atoms_control::{Answering, Control, Question, QuestionId, Questions};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use tokio::time::timeout;

use crate::door::body::{self, Answer, Approve, Cancel, Reject};
use crate::door::Problem;
use crate::door::query::{nothing, wait_of};
use super::view::shown;
use super::{Caller, Door};

pub(super) async fn one(
    State(door): State<Arc<Door>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, _) = door.admit(request, Method::GET).await?;
    let wait = wait_of(caller.head.uri.query())?;
    let Path(name) = path.map_err(|_| Problem::unknown())?;
    let question = caller.find(&name).await?;
    match wait {
        Some(wait) if question.is_open() => Ok(shown(&*ended(&door, &caller, question, wait).await?)),
        _ => Ok(shown(&question)),
    }
}

/// Waits until a question has ended, or until the time to wait is over.
async fn ended(
    door: &Door,
    caller: &Caller,
    question: Arc<Question>,
    wait: Duration,
) -> Result<Arc<Question>, Problem> {
    let _place = door.waiting.enter(&caller.principal)?;
    match timeout(wait, caller.bus.questions().ended(question.id)).await {
        Ok(ended) => Ok(ended?),
        Err(_) => Ok(question),
    }
}

pub(super) async fn act(
    State(door): State<Arc<Door>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, body) = door.admit(request, Method::POST).await?;
    nothing(caller.head.uri.query())?;
    let Path((name, action)) = path.map_err(|_| Problem::unknown())?;
    let body = timeout(door.timeout, body::read(&caller.head.headers, body, door.body_limit)).await;
    let too_slow = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    // The body is read before the question is looked up, so that the answer to a wrong one does not reveal the question.
    let said = Said::parse(&action, &body.map_err(too_slow)??)?;
    let question = caller.find(&name).await?;
    let ended = said.to(caller.bus.questions(), question.id).by(&caller.principal).await?;
    Ok(shown(&ended))
}

/// What a request does with a question.
enum Said {
    Approve(Approve),
    Reject(Reject),
    Answer(Answer),
    Cancel(Cancel),
}

impl Said {
    fn parse(action: &str, bytes: &[u8]) -> Result<Self, Problem> {
        match action {
            "approve" => body::parse_if_any(bytes).map(Self::Approve),
            "reject" => body::parse_if_any(bytes).map(Self::Reject),
            "answer" => body::parse(bytes).map(Self::Answer),
            "cancel" => body::parse_if_any(bytes).map(Self::Cancel),
            _ => {
                let detail = "the action is `approve`, `reject`, `answer` or `cancel`";
                Err(Problem::new(StatusCode::NOT_FOUND, detail))
            }
        }
    }

    fn to(self, questions: Questions<'_>, id: QuestionId) -> Answering<'_> {
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
