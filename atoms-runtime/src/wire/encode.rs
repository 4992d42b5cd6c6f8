//! Writing an event as JSON that can be read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::ser::Error as _;
use serde_json::Serializer;

use super::checked::Notes;
use super::encode_error::{EncodeError, EncodeErrorKind};
use super::formatter::Careful;
use super::path::Sensitive;
use super::{JsonCodec, scan};
use crate::caught::panic_text;
use crate::event::EventType;
use crate::text::Shown;

/// What writes JSON.
pub(crate) type Json<'o, 'n> = Serializer<&'o mut Vec<u8>, Careful<'n>>;

/// Appends an event, which `write` writes, to `out`; leaves `out` as it was if that fails.
pub(crate) fn write_json(
    event_type: &'static EventType,
    out: &mut Vec<u8>,
    write: &dyn Fn(&mut Json<'_, '_>, &Notes) -> Result<(), serde_json::Error>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let notes = Notes::default();
    let mut serializer = Serializer::with_formatter(&mut *out, Careful::new(&notes));
    let written = catch_unwind(AssertUnwindSafe(|| write(&mut serializer, &notes)));
    if matches!(written, Ok(Ok(()))) && !notes.reads_back() {
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
fn finish(
    event_type: &'static EventType,
    frame: &[u8],
    written: std::thread::Result<Result<(), serde_json::Error>>,
) -> Result<(), EncodeError> {
    // Where the writing stopped, there is the value that could not be written.
    let path = scan::path_at(frame, frame.len());
    let sensitive = Sensitive([event_type.sensitive(), &[]]);
    let kind = match written {
        Ok(Ok(())) => {
            let read = str::from_utf8(frame).ok().map(|frame| event_type.from_json(frame));
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
