//! Writing an event as JSON that can be read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::ser::Error as _;
use serde_json::Serializer;

use super::checked::Notes;
use super::encode_error::{EncodeError, EncodeErrorKind};
use super::formatter::Careful;
use super::path::Sensitive;
use super::{JsonCodec, decode, scan};
use crate::caught::panic_text;
use crate::event::erased::EventRef;
use crate::event::{Event, EventType, Written};
use crate::text::Shown;

/// Writes the event `E` at the end of `out`.
pub(super) fn write<E: Event>(event: EventRef<'_>, out: &mut Vec<u8>) -> Written {
    let Some(envelope) = event.downcast::<E>() else { return of_another_event() };
    let notes = Notes::default();
    let mut serializer = Serializer::with_formatter(out, Careful::new(&notes));
    let written = catch_unwind(AssertUnwindSafe(|| envelope.serialize_noting(&mut serializer, &notes)))?;
    Ok(written.map(|()| notes.reads_back()))
}

/// An implementation of [`Event`] by hand can bring this about.
#[cold]
fn of_another_event() -> Written {
    Ok(Err(serde_json::Error::custom("the event's description belongs to another event")))
}

/// Appends an event of this type to `out`; leaves `out` as it was if that fails.
pub(super) fn append(
    event_type: &'static EventType,
    event: EventRef<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let written = (event_type.flat_json().write)(event, out);
    if matches!(written, Ok(Ok(false))) {
        return Ok(());
    }
    let done = finish(event_type, &out[start..], written);
    if done.is_err() {
        out.truncate(start);
    }
    done
}

/// Tells what went wrong, or reads back what was written.
#[cold]
fn finish(event_type: &'static EventType, frame: &[u8], written: Written) -> Result<(), EncodeError> {
    // Where the writing stopped, there is the value that could not be written.
    let path = scan::path_at(frame, frame.len());
    let sensitive = Sensitive([event_type.sensitive(), &[]]);
    let kind = match written {
        Ok(Ok(_)) => {
            let read = str::from_utf8(frame).ok().map(|frame| decode::read(event_type, frame));
            let Some(Err(error)) = read else { return Ok(()) };
            return Err(EncodeError::unreadable(event_type.name(), error));
        }
        // Writing to memory fails for nothing else.
        Ok(Err(error)) if error.is_io() => EncodeErrorKind::TooDeep { limit: JsonCodec::DEPTH_LIMIT },
        Ok(Err(error)) => EncodeErrorKind::Payload(serde_json::Error::custom(Shown(error))),
        Err(panic) => EncodeErrorKind::Panicked(panic_text(panic, sensitive.hides(&path))),
    };
    Err(EncodeError::of(event_type.name(), kind).at(path, sensitive))
}
