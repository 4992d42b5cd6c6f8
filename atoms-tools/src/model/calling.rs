//! The calls that a model asks for.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use atoms_control::QuestionId;
use serde_json::{Map, Value};
use tokio::time;

use super::answer::{CallStage, CallStep, Said};
use super::error::{CallFailed, LoopError};
use super::message::ModelCall;
use super::rounds::Asking;
use super::settings::Approvals;
use crate::call::ToolError;
use crate::caller::{Caller, TellAsked};
use crate::schema::masked;

/// What the model is told of a call that goes on without it.
const HANDED_OVER: &str = "The call is not made yet: a person has to approve it first, and has been asked. It is made once \
                           it is approved. You will not get its result. Tell the user so, and do not repeat the call.";

/// A call that the model need not wait for any more.
pub(super) struct Made {
    /// The arguments, with what is sensitive masked.
    shown: Value,
    end: End,
    latency: Duration,
}

enum End {
    Called(Result<Value, CallFailed>),
    HandedOver(QuestionId),
}

impl Asking {
    /// Makes a call, which is the one at this place of the model's answer.
    pub(super) async fn call(&self, call: &ModelCall, place: usize) -> Result<Made, LoopError> {
        let limit = self.limits.calls;
        if place >= limit {
            return Ok(Made::not_made(CallFailed::TooMany { limit }));
        }
        let Some(definition) = self.definitions.iter().find(|own| own.tool().name() == call.name) else {
            // Which one may be meant is said there.
            let refused = self.tools.call(&self.bus, &call.name, Value::Null).await;
            let name = call.name.chars().take(64).collect();
            return Ok(Made::not_made(
                refused.err().unwrap_or(ToolError::Unknown { name, nearest: None }).into(),
            ));
        };
        let arguments = match object(&call.arguments) {
            Ok(arguments) => definition.arguments(arguments),
            Err(problem) => return Ok(Made::not_made(CallFailed::NotJson(problem))),
        };
        let shown = masked(definition.tool().arguments(), arguments.clone());
        self.step(call, &shown, CallStage::Started).await;
        let start = Instant::now();
        let end = match self.made(call, &shown, arguments).await {
            End::Called(Err(CallFailed::Tool(ToolError::Closed))) => return Err(LoopError::Closed),
            end => end,
        };
        Ok(Made { shown, end, latency: start.elapsed() })
    }

    /// Waits for the end of a call, or until it is handed over to a person.
    async fn made(&self, call: &ModelCall, shown: &Value, arguments: Value) -> End {
        let (told, mut questions) = TellAsked::new();
        let caller = Caller { told: Some(told), ..self.caller.clone() };
        let mut calling = self.tools.call(&self.bus, &call.name, arguments).of(caller).into_future();
        let question = tokio::select! {
            biased;
            Some(question) = questions.recv() => question,
            called = &mut calling => return End::Called(called.map_err(CallFailed::from)),
        };
        self.step(call, shown, CallStage::Asked(question)).await;
        let Approvals::Wait { told, at_most } = &self.limits.approvals else {
            return End::HandedOver(question);
        };
        self.say(Said::Text(told.clone())).await;
        match time::timeout((*at_most).min(self.left_for_people()), calling).await {
            Ok(called) => End::Called(called.map_err(CallFailed::from)),
            Err(_) => End::HandedOver(question),
        }
    }

    /// How long somebody may be waited for, so that the model has some time to say that it was in vain.
    fn left_for_people(&self) -> Duration {
        let left =
            self.until.map_or(Duration::MAX, |until| until.saturating_duration_since(time::Instant::now()));
        left.saturating_sub(self.limits.time / 4)
    }

    /// Says how a call has ended, and returns what the model is told.
    pub(super) async fn ended(&self, call: &ModelCall, made: Made, left: usize) -> String {
        let Made { shown, end, latency } = made;
        let (stage, content) = match end {
            End::HandedOver(question) => (CallStage::HandedOver(question), HANDED_OVER.to_owned()),
            End::Called(Ok(result)) => {
                let content = result.to_string();
                match content.len() {
                    bytes if bytes > left => failed(CallFailed::TooLarge { bytes, left }, latency),
                    _ => (CallStage::Completed { result, latency }, content),
                }
            }
            End::Called(Err(error)) => failed(error, latency),
        };
        self.step(call, &shown, stage).await;
        content
    }

    async fn step(&self, call: &ModelCall, arguments: &Value, stage: CallStage) {
        let (id, tool, arguments) = (call.id.clone(), call.name.clone(), arguments.clone());
        self.say(Said::Call(CallStep { id, tool, arguments, stage })).await;
    }
}

impl Made {
    fn not_made(error: CallFailed) -> Self {
        Self { shown: Map::new().into(), end: End::Called(Err(error)), latency: Duration::ZERO }
    }
}

fn failed(error: CallFailed, latency: Duration) -> (CallStage, String) {
    let content = error.to_string();
    (CallStage::Failed { error, latency }, content)
}

/// The arguments as the model wrote them. Some models write nothing if there are none.
fn object(arguments: &str) -> Result<Value, String> {
    if arguments.trim().is_empty() {
        return Ok(Map::new().into());
    }
    let members: Map<String, Value> = serde_json::from_str(arguments).map_err(|error| error.to_string())?;
    Ok(members.into())
}
