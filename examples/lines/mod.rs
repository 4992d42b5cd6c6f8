//! Frames in lines, as the examples read them: JSON Lines, with or without a wrapper around each.

use std::fmt;
use std::io::{self, BufRead, Read as _};

use serde::Deserialize;
use serde_json::value::RawValue;

/// The longest line that is read, in bytes: room for a frame of 1 MiB, however it is escaped, or for one of 8 MiB that is not.
pub(crate) const MAX_LINE: usize = 8 * 1024 * 1024;

/// Lines that are read one by one into one buffer, so that memory stays flat.
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    max: usize,
}

/// A line is longer than [`MAX_LINE`], and was skipped.
#[derive(Debug)]
pub(crate) struct TooLong {
    /// How long it is, in bytes.
    pub(crate) bytes: usize,
    max: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the line has {} bytes, and at most {} are read", self.bytes, self.max)
    }
}

impl<R: BufRead> Lines<R> {
    /// Lines of up to `max` bytes.
    pub(crate) fn new(reader: R, max: usize) -> Self {
        Self { reader, line: Vec::new(), max }
    }

    /// The next line, without its end; `None` after the last one.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<&[u8], TooLong>>> {
        self.line.clear();
        let limit = self.max as u64 + 1;
        if self.reader.by_ref().take(limit).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > self.max {
            let bytes = self.line.len() + self.reader.skip_until(b'\n')?;
            return Ok(Some(Err(TooLong { bytes, max: self.max })));
        }
        Ok(Some(Ok(&self.line)))
    }
}

/// A line that wraps a frame: `{"id": ..., "input": "<frame>"}`, or `{"id": ..., "hex": "7b7d"}` for
/// a frame that is not UTF-8. Other keys are ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct Wrapped<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    input: Option<String>,
    hex: Option<String>,
}

/// Why a wrapper has no frame in it.
#[derive(Debug)]
pub(crate) enum NoFrame {
    /// It has neither key, or both.
    NotOne,
    /// The value of `hex` is not hex.
    NotHex,
}

impl fmt::Display for NoFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOne => "the line needs the frame as either `input` or `hex`",
            Self::NotHex => "`hex` is not an even number of hexadecimal digits",
        })
    }
}

impl<'a> Wrapped<'a> {
    /// The name of the line, which is any JSON, and the frame in it.
    pub(crate) fn into_parts(self) -> (&'a RawValue, Result<Vec<u8>, NoFrame>) {
        let frame = match (self.input, self.hex) {
            (Some(input), None) => Ok(input.into_bytes()),
            (None, Some(hex)) => from_hex(&hex).ok_or(NoFrame::NotHex),
            _ => Err(NoFrame::NotOne),
        };
        (self.id, frame)
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}
