//! The record that handlers are done with an event.

use std::sync::Arc;

use atoms_runtime::{Acknowledgement, StoreError, Ticket};

use super::leases::{Leases, Recording};
use super::rows::{self, NewRow};
use super::{insert_all, size};
use crate::file::{Batch, Failed, File, Limits};
use crate::letters::{NewLetter, settle, tell_dropped};

/// The record that handlers are done with an event, as rows.
pub(crate) struct Done {
    ticket: Ticket,
    handlers: Vec<String>,
    posts: Vec<NewRow>,
    letters: Vec<NewLetter>,
    settled: Vec<u64>,
}

/// A record that is written, for after its commit.
#[derive(Debug)]
pub(crate) struct Written {
    recording: Recording,
    /// How many letters made room for others.
    dropped: usize,
}

impl Written {
    /// The record is committed.
    pub(crate) fn committed(self) {
        self.recording.committed();
        tell_dropped(self.dropped);
    }
}

impl Done {
    pub(crate) fn of(done: Acknowledgement, file: &File) -> Result<Self, StoreError> {
        let Acknowledgement { ticket, handlers, posts, letters, settled } = done;
        let posts = NewRow::all(posts, file)?;
        let letters =
            letters.into_iter().map(|letter| NewLetter::of(letter, file)).collect::<Result<_, _>>()?;
        Ok(Self { ticket, handlers, posts, letters, settled })
    }

    /// How many bytes it holds until it is written.
    pub(super) fn size(&self) -> usize {
        size(&self.posts) + self.letters.iter().map(NewLetter::size).sum::<usize>()
    }

    /// Writes the record, and stores the events that follow.
    pub(crate) fn write(
        &self,
        batch: &Batch<'_>,
        leases: &Arc<Leases>,
        letter_limits: Limits,
    ) -> Result<Written, Failed> {
        let recording = rows::acknowledge(batch, leases, self.ticket, &self.handlers)?;
        insert_all(batch, &self.posts)?;
        let dropped = settle(batch, letter_limits, &self.letters, &self.settled)?;
        Ok(Written { recording, dropped })
    }
}
