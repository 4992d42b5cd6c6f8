//! Checkpoints and inputs, which are questions here.

use atoms_runtime::AnyEvent;
use serde_json::{Value, json};

use super::Frame;
use crate::events::{QuestionAnswered, QuestionOpened};
use crate::principal::Principal;
use crate::question::{Answer, QuestionId, QuestionKind};

/// Who asks, and who answers by default.
const FRAMEWORK: &str = "framework";

/// Who answers an input.
const USER: &str = "user";

pub(super) fn written(event: &AnyEvent) -> Option<Frame> {
    let source = event.metadata().source();
    if let Some(opened) = event.downcast_ref::<QuestionOpened>() {
        return Some(opened_frame(opened, source.unwrap_or(FRAMEWORK)));
    }
    event.downcast_ref::<QuestionAnswered>().map(|answered| answered_frame(answered))
}

fn opened_frame(opened: &QuestionOpened, source: &str) -> Frame {
    let QuestionOpened { question, kind, name, title, roles, deadline } = opened;
    let frame = |kind: &str, data: Value| Frame {
        kind: kind.into(),
        source: source.into(),
        message: title.clone(),
        data: data.as_object().cloned(),
        timestamp: None,
    };
    match kind {
        QuestionKind::Input => frame(
            "need_input",
            json!({ "question": question, "name": name, "roles": roles, "deadline": deadline }),
        ),
        QuestionKind::Approval | QuestionKind::Checkpoint => frame(
            "checkpoint",
            json!({
                "checkpoint_id": id_of(*question, name.as_deref()),
                "title": title,
                "description": "",
                "details": null,
                "question": question,
                "roles": roles,
                "deadline": deadline,
            }),
        ),
    }
}

fn answered_frame(answered: &QuestionAnswered) -> Frame {
    let QuestionAnswered { question, name, answer, answered_by, is_default, .. } = answered;
    let by = |otherwise: &str| answered_by.as_ref().map_or(otherwise, Principal::name).to_owned();
    let data = |answer: &Value| {
        let id = id_of(*question, name.as_deref());
        json!({ "checkpoint_id": id, "question": question, "answer": answer, "is_default": is_default })
    };
    let (kind, source, message, data) = match answer {
        Answer::Approved { feedback, edited } => {
            let message = feedback.clone().unwrap_or_default();
            ("checkpoint_approved", by(FRAMEWORK), message, data(edited.as_ref().unwrap_or(&Value::Null)))
        }
        Answer::Rejected { feedback } => {
            ("checkpoint_rejected", by(FRAMEWORK), feedback.clone().unwrap_or_default(), data(&Value::Null))
        }
        Answer::Given(value) => {
            let message = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            ("user_feedback", by(USER), message, data(value))
        }
    };
    Frame { kind: kind.into(), source, message, data: data.as_object().cloned(), timestamp: None }
}

/// What Veska's id of a checkpoint is here: the name, or the id of a question without one.
fn id_of(question: QuestionId, name: Option<&str>) -> String {
    name.map_or_else(|| question.to_string(), str::to_owned)
}

pub(super) fn read(frame: &Frame) -> Option<AnyEvent> {
    let feedback = Some(frame.message.clone()).filter(|text| !text.is_empty());
    Some(match frame.kind.as_str() {
        "checkpoint" => opened(frame, QuestionKind::Checkpoint),
        "need_input" => opened(frame, QuestionKind::Input),
        "checkpoint_approved" => {
            let edited = frame.field("answer").filter(|edited| !edited.is_null()).cloned();
            answered(frame, QuestionKind::Checkpoint, Answer::Approved { feedback, edited })
        }
        "checkpoint_rejected" => answered(frame, QuestionKind::Checkpoint, Answer::Rejected { feedback }),
        "user_feedback" => {
            let answer = frame.field("answer").cloned();
            let answer = answer.unwrap_or_else(|| frame.message.clone().into());
            answered(frame, QuestionKind::Input, Answer::Given(answer))
        }
        _ => return None,
    })
}

/// The question and its name. One that only a foreign program knows gets a new id.
fn question(frame: &Frame) -> (QuestionId, Option<String>) {
    let text = |name: &str| frame.field(name).and_then(Value::as_str);
    let own = text("question").or_else(|| text("checkpoint_id")).and_then(|id| id.parse().ok());
    let id = own.unwrap_or_else(QuestionId::generate);
    let name =
        text("name").or_else(|| text("checkpoint_id")).filter(|name| name.parse::<QuestionId>().is_err());
    (id, name.map(Into::into))
}

fn opened(frame: &Frame, kind: QuestionKind) -> AnyEvent {
    let (question, name) = question(frame);
    let field = |name: &str| frame.field(name).cloned().unwrap_or_default();
    let roles = serde_json::from_value(field("roles")).unwrap_or_default();
    let deadline = serde_json::from_value(field("deadline")).unwrap_or_default();
    let title = frame.message.clone();
    let mut envelope = frame.envelope(QuestionOpened { question, kind, name, title, roles, deadline });
    envelope.metadata_mut().set_source(frame.source.as_str());
    envelope.into()
}

fn answered(frame: &Frame, kind: QuestionKind, answer: Answer) -> AnyEvent {
    let (question, name) = question(frame);
    let is_default = frame.field("is_default").and_then(Value::as_bool).unwrap_or(false);
    let answered_by = Some(frame.source.as_str()).filter(|source| !source.is_empty() && !is_default);
    let answered_by = answered_by.map(Principal::new);
    frame.envelope(QuestionAnswered { question, kind, name, answer, answered_by, is_default }).into()
}
