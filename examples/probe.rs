//! Reads frames and writes them again, to compare our wire with another implementation's.
//!
//! Each line of the input is `{"id": ..., "input": "<frame>"}`, or `{"id": ..., "hex": "7b7d"}` for
//! bytes that are not UTF-8. Each is answered by one line, in order:
//! `{"id": ..., "ok": true, "wire": "<frame>"}` or `{"id": ..., "ok": false, "error": "..."}`. What is
//! no such line is answered as well, with `null` for its id.
//!
//! ```sh
//! cargo run --example probe < tests/golden/public.jsonl
//! ```

use std::io::{self, Write};
use std::process::ExitCode;

use atoms::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;

mod golden_events;
mod lines;

use lines::{Lines, MAX_LINE, Wrapped};

/// What became of one line.
#[derive(Serialize)]
struct Answer<'a> {
    id: &'a RawValue,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    wire: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> Answer<'a> {
    fn new(id: &'a RawValue, outcome: Result<String, String>) -> Self {
        let (wire, error) = match outcome {
            Ok(wire) => (Some(wire), None),
            Err(error) => (None, Some(error)),
        };
        Self { id, ok: error.is_none(), wire, error }
    }
}

/// Reads a frame, and writes the event in it.
fn probe(bus: &Bus, frame: &[u8]) -> Result<String, String> {
    let event = bus.decode(frame).map_err(|error| error.to_string())?;
    if event.as_raw().is_some() {
        return Err(format!("there is no event of the type `{}`", event.event_type()));
    }
    let wire = bus.encode(&event).map_err(|error| error.to_string())?;
    String::from_utf8(wire).map_err(|error| error.to_string())
}

fn answer<'a>(bus: &Bus, line: &'a [u8]) -> Answer<'a> {
    match serde_json::from_slice::<Wrapped<'a>>(line) {
        Ok(wrapped) => {
            let (id, frame) = wrapped.into_parts();
            let frame = frame.map_err(|error| error.to_string());
            Answer::new(id, frame.and_then(|frame| probe(bus, &frame)))
        }
        Err(error) => Answer::new(RawValue::NULL, Err(format!("the line cannot be read: {error}"))),
    }
}

/// Answers every line, at once, so that two programs may talk line by line.
fn run(bus: &Bus, input: impl io::BufRead, mut output: impl Write) -> io::Result<()> {
    let mut lines = Lines::new(input, MAX_LINE);
    while let Some(line) = lines.next()? {
        let answer = match line {
            Ok(line) => answer(bus, line),
            Err(too_long) => Answer::new(RawValue::NULL, Err(too_long.to_string())),
        };
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
    }
    output.flush()
}

fn main() -> Result<ExitCode, atoms::StartError> {
    let bus = Bus::start()?;
    match run(&bus, io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // Whoever read the answers has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("probe: {error}");
            Ok(ExitCode::FAILURE)
        }
    }
}
