//! Reading an event from JSON, and what is wrong with it.

use serde::de::IgnoredAny;

use super::error::{DecodeError, DecodeErrorKind};
use super::path::Sensitive;
use super::versions;
use crate::event::upcast::{Unread, Why};
use crate::event::{AnyEvent, EventType};

/// Reads a flat JSON object as an event of this type, in its envelope. A frame of an older version becomes
/// this one, if the event `upcasts` it.
///
/// In an error, no sensitive field's value is shown. A panic of the code that reads a field is an error as well.
pub(super) fn read(event_type: &EventType, frame: &str) -> Result<AnyEvent, DecodeError> {
    let version = if event_type.version() > 1 { versions::of_frame(frame, event_type)?.version } else { 1 };
    let read = event_type.flat_json().read;
    read(version, frame).map_err(|unread| explain(unread, frame, event_type))
}

#[cold]
fn explain(unread: Unread, frame: &str, event_type: &EventType) -> DecodeError {
    // Of an event with one version, the frame's own is looked at only now.
    let read_as = match versions::of_frame(frame, event_type) {
        Ok(read_as) => read_as,
        Err(of_another_version) => return of_another_version,
    };
    let error = match unread.why {
        Why::Panicked(message) => DecodeError::new(DecodeErrorKind::Panicked(message)),
        Why::Refused(error) => {
            // `serde_json` calls some mistakes in sound JSON syntax, such as a number for a variant.
            let is_sound = error.is_data() || serde_json::from_str::<IgnoredAny>(frame).is_ok();
            let kind = if is_sound { DecodeErrorKind::Payload } else { DecodeErrorKind::Syntax };
            let sensitive = Sensitive([unread.sensitive, event_type.sensitive()]);
            DecodeError::in_frame(frame, error, kind, sensitive)
        }
    };
    error.with_event_type(event_type.name()).read_as(read_as)
}
