//! Events as they are shown to people.

use serde_json::{Map, Value};

use super::{Codec, EncodeError, JsonCodec};
use crate::event::AnyEvent;

/// What stands in the place of a sensitive value.
const MASK: &str = "***";

impl AnyEvent {
    /// Returns the event as flat JSON for people, with `***` in the place of each value of a field that is `sensitive`. Of
    /// an event whose type this program does not know, nobody knows what is sensitive: its fields are all masked.
    ///
    /// Fails if the event cannot be written as JSON.
    ///
    /// ```
    /// use atoms::{AnyEvent, Envelope, event};
    ///
    /// #[event(type = "shop.card.added")]
    /// struct CardAdded {
    ///     owner: String,
    ///     #[event(sensitive)]
    ///     number: String,
    /// }
    ///
    /// let card = CardAdded { owner: "ada".into(), number: "4111".into() };
    /// let json = AnyEvent::from(Envelope::new(card)).to_masked_json()?;
    /// assert_eq!((&json["owner"], &json["number"]), (&"ada".into(), &"***".into()));
    /// # Ok::<(), atoms::EncodeError>(())
    /// ```
    pub fn to_masked_json(&self) -> Result<Value, EncodeError> {
        let mut frame = Vec::new();
        JsonCodec.encode(self, &mut frame)?;
        let unreadable = |error| EncodeError::new(self.event_type(), error);
        let mut fields: Map<String, Value> = serde_json::from_slice(&frame).map_err(unreadable)?;
        self.mask(&mut fields);
        self.complete(&mut fields);
        Ok(fields.into())
    }

    fn mask(&self, fields: &mut Map<String, Value>) {
        let sensitive = self.known_type().map_or(&[""][..], |known| known.sensitive());
        for (name, value) in fields {
            let is_envelope = matches!(name.as_str(), "type" | "id" | "timestamp" | "metadata");
            // A flattened field has no name of its own.
            let hides = |hidden: &&str| hidden.is_empty() || *hidden == name.as_str();
            if !is_envelope && sensitive.iter().any(hides) {
                *value = MASK.into();
            }
        }
    }

    /// A frame of an unknown type is kept as it came, and may have come without these.
    fn complete(&self, fields: &mut Map<String, Value>) {
        fields.entry("id").or_insert_with(|| self.id().to_string().into());
        fields.entry("timestamp").or_insert_with(|| self.timestamp().to_string().into());
        if !self.metadata().is_empty() {
            let metadata = || serde_json::to_value(self.metadata()).unwrap_or_default();
            fields.entry("metadata").or_insert_with(metadata);
        }
    }
}
