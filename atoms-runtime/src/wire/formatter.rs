//! JSON as it is written: no deeper than it can be read, and with a look at what may not be read back.

use std::io::{Error, Result, Write};

use serde_json::ser::{CompactFormatter, Formatter};

use super::checked::Notes;
use super::{JsonCodec, scan};

/// Writes compact JSON.
pub(crate) struct Careful<'n> {
    notes: &'n Notes,
    depth: usize,
}

impl<'n> Careful<'n> {
    pub(super) fn new(notes: &'n Notes) -> Self {
        Self { notes, depth: 0 }
    }

    fn open(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > JsonCodec::DEPTH_LIMIT { Err(too_deep()) } else { Ok(()) }
    }
}

/// The one error of writing to memory.
#[cold]
fn too_deep() -> Error {
    Error::other("objects and arrays lie too deep in each other")
}

/// A number that is written as a key is text to those who buffer it.
macro_rules! numbers {
    ($($method:ident($number:ty))*) => {
        $(
            #[inline]
            fn $method<W: ?Sized + Write>(&mut self, writer: &mut W, value: $number) -> Result<()> {
                self.notes.number();
                CompactFormatter.$method(writer, value)
            }
        )*
    };
}

impl Formatter for Careful<'_> {
    numbers! {
        write_i8(i8) write_i16(i16) write_i32(i32) write_i64(i64)
        write_u8(u8) write_u16(u16) write_u32(u32) write_u64(u64)
        write_f32(f32) write_f64(f64) write_bool(bool)
    }

    fn write_i128<W: ?Sized + Write>(&mut self, writer: &mut W, value: i128) -> Result<()> {
        self.notes.read_back();
        CompactFormatter.write_i128(writer, value)
    }

    fn write_u128<W: ?Sized + Write>(&mut self, writer: &mut W, value: u128) -> Result<()> {
        self.notes.read_back();
        CompactFormatter.write_u128(writer, value)
    }

    #[inline]
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.open()?;
        CompactFormatter.begin_object(writer)
    }

    #[inline]
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth -= 1;
        CompactFormatter.end_object(writer)
    }

    #[inline]
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.open()?;
        CompactFormatter.begin_array(writer)
    }

    #[inline]
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.depth -= 1;
        CompactFormatter.end_array(writer)
    }

    /// What is JSON already has its own depth.
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> Result<()> {
        if scan::is_deeper_than(fragment.as_bytes(), JsonCodec::DEPTH_LIMIT - self.depth) {
            return Err(too_deep());
        }
        CompactFormatter.write_raw_fragment(writer, fragment)
    }
}
