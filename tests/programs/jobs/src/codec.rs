//! A codec: CloudEvents 1.0 in their structured form.

use std::collections::BTreeMap;

use atoms::serde::{Deserialize, Serialize};
use atoms::{
    AnyEvent, Codec, DecodeError, DecodeErrorKind, EncodeError, EventId, JsonCodec, RawEvent, Registry,
    Timestamp,
};
use serde_json::value::RawValue;

/// Writes each event as a [CloudEvent](https://cloudevents.io) in JSON: its fields are in `data`, and what else is known of
/// it stands beside that.
#[derive(Debug, Clone, Copy, Default)]
pub struct CloudEvents;

#[derive(Serialize, Deserialize)]
#[serde(crate = "atoms::serde")]
struct CloudEvent {
    specversion: String,
    source: String,
    #[serde(rename = "type")]
    event_type: String,
    id: EventId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<Timestamp>,
    /// The metadata as JSON, since an attribute is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    #[serde(default)]
    data: BTreeMap<String, Box<RawValue>>,
}

/// The keys of a flat frame that are not the event's own.
const ENVELOPE: [&str; 4] = ["type", "id", "timestamp", "metadata"];

impl CloudEvent {
    /// The frame that [`JsonCodec`] reads.
    fn flat(self) -> serde_json::Result<Vec<u8>> {
        let values = [
            Some(serde_json::value::to_raw_value(&self.event_type)?),
            Some(serde_json::value::to_raw_value(&self.id)?),
            self.time.map(|time| serde_json::value::to_raw_value(&time)).transpose()?,
            self.metadata.map(RawValue::from_string).transpose()?,
        ];
        let mut flat = self.data;
        for (key, value) in ENVELOPE.into_iter().zip(values) {
            match value {
                Some(value) => flat.insert(key.to_owned(), value),
                None => flat.remove(key),
            };
        }
        serde_json::to_vec(&flat)
    }

    /// Reads the frame that [`JsonCodec`] has written of this event.
    fn of(event: &AnyEvent, flat: &[u8]) -> serde_json::Result<Self> {
        let mut data: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(flat)?;
        let [_, _, _, metadata] = ENVELOPE.map(|key| data.remove(key));
        Ok(Self {
            specversion: "1.0".to_owned(),
            source: "/jobs".to_owned(),
            event_type: event.event_type().to_owned(),
            id: event.id().clone(),
            time: Some(event.timestamp()),
            metadata: metadata.map(|json| json.get().to_owned()),
            data,
        })
    }
}

fn not_read(error: serde_json::Error) -> DecodeError {
    DecodeError::new(DecodeErrorKind::Syntax(error))
}

impl Codec for CloudEvents {
    fn decode(&self, frame: &[u8], registry: &Registry) -> Result<AnyEvent, DecodeError> {
        let event: CloudEvent = serde_json::from_slice(frame).map_err(not_read)?;
        if registry.event(&event.event_type).is_some() {
            // The sender knows nothing of the lines and columns of the flat frame.
            let flat = event.flat().map_err(not_read)?;
            return JsonCodec.decode(&flat, registry).map_err(DecodeError::without_place);
        }
        let metadata = event.metadata.as_deref().map(serde_json::from_str).transpose().map_err(not_read)?;
        Ok(RawEvent::new(event.event_type, frame, Some(event.id), event.time, metadata).into())
    }

    fn encode(&self, event: &AnyEvent, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(raw) = event.as_raw() {
            out.extend_from_slice(raw.frame());
            return Ok(());
        }
        let mut flat = Vec::new();
        JsonCodec.encode(event, &mut flat)?;
        let written = CloudEvent::of(event, &flat).and_then(|event| serde_json::to_vec(&event));
        out.extend(written.map_err(|error| EncodeError::new(event.event_type(), error))?);
        Ok(())
    }
}
