//! The events of `tests/golden`: the standard ones, the bases that the Python SDK has as well, and two that
//! a user of it would define.

use atoms::agent::events::Object;
use atoms::prelude::*;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// `SDKEvent`
#[event(type = "base", framework)]
pub(crate) struct Base;

/// `SDKSystemEvent`
#[event(type = "system.base", framework)]
pub(crate) struct SystemBase;

/// `SDKAgentEvent`
#[event(type = "agent.base", framework)]
pub(crate) struct AgentBase;

/// `EscalationEvent`
#[event(type = "escalation_event", framework)]
pub(crate) struct Escalation {
    /// Why a human is needed.
    pub(crate) reason: String,
    /// How much so.
    #[event(default = Some("medium".to_owned()))]
    pub(crate) severity: Option<String>,
}

/// `OrderCreatedEvent`
#[event(type = "myapp.order.created")]
pub(crate) struct OrderCreated {
    /// The order's number.
    pub(crate) order_id: Integer,
    /// Its price.
    pub(crate) total: f64,
    /// What was ordered.
    pub(crate) items: Object,
}

/// An integer of any size.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Integer(Box<RawValue>);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9')) {
            Ok(Self(raw))
        } else {
            Err(D::Error::invalid_type(kind(&raw), &"an integer"))
        }
    }
}

/// What a value is, in the words of `serde`.
fn kind(raw: &RawValue) -> Unexpected<'_> {
    match raw.get().as_bytes().first() {
        Some(b'{') => Unexpected::Map,
        Some(b'[') => Unexpected::Seq,
        Some(b'"') => Unexpected::Other("string"),
        Some(b't' | b'f') => Unexpected::Other("boolean"),
        Some(b'n') => Unexpected::Other("null"),
        _ => Unexpected::Other("number"),
    }
}
