//! The path to a value in a frame.

use std::fmt;

use crate::text::shown;

/// The longest path that is shown, in bytes: keys come from elsewhere, and are of any length.
const MAX_SHOWN: usize = 256;

/// The path to a value in a frame; empty if it is the frame itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Path(pub(super) Vec<Step>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// The member of the frame that it leads into.
    pub(super) fn field(&self) -> Option<&str> {
        match self.0.first()? {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        }
    }

    /// Leads no further than to that member.
    pub(super) fn end_at_field(&mut self) {
        self.0.truncate(1);
    }

    /// The path as messages show it.
    pub(super) fn shown(&self) -> String {
        shown(self, MAX_SHOWN)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        for step in &self.0 {
            match step {
                Step::Key(key) => write!(f, "{dot}{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
            dot = ".";
        }
        Ok(())
    }
}

/// The names of the fields whose values no message may show: those of the struct that is read or written,
/// and those of the newest version of the event.
///
/// An empty name stands for a flattened field, whose members may have any.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sensitive<'a>(pub(super) [&'a [&'a str]; 2]);

impl Sensitive<'_> {
    pub(super) const NONE: Self = Self([&[], &[]]);

    /// Whether a message about this place may show such a value.
    pub(super) fn hides(self, path: &Path) -> bool {
        let mut names = self.0.into_iter().flatten();
        match path.field() {
            None => names.next().is_some(),
            Some(field) => names.any(|name| name.is_empty() || *name == field),
        }
    }
}
