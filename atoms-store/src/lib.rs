//! Posted events, dead letters, questions and the history of [`atoms`](https://docs.rs/atoms-rs) in one SQLite file.
//!
//! Programs depend on `atoms` with the feature `store`, and find all of this in `atoms::store`:
//! `Bus::builder().store(Sqlite::open("shop.db")?)`.
//!
//! # What is kept, and when
//!
//! ```text
//!  post(event) ----> atoms_post, atoms_frame, and a row in atoms_delivery for each handler
//!      |             [commit 1, on the disk]  then `post` returns
//!      v
//!  a worker takes it: a lease in memory, and no commit
//!      |
//!      v
//!  handler a runs; what it emits and posts is held
//!      |
//!      +-- done --> its row in atoms_delivery goes; what it emitted and posted comes, as in commit 1
//!      |             [commit 2, on the disk]  with its last row, the event goes
//!      +-- fails -> its row goes, and the dead letter comes; what it emitted and posted is thrown away
//!      |             [commit 2, on the disk]
//!      +-- the process ends
//!                    nothing: the next process finds the event, as it was after commit 1, and calls handler a again
//!
//!  a sync handler with a Tx runs in a transaction on the one connection that writes
//!      |
//!      +-- done --> its statements, a row in atoms_inbox (handler, event id), its row in atoms_delivery, and what it
//!      |             emitted and posted: all in commit 2
//!      +-- its row in atoms_inbox is there: it is not called, and is done
//!      +-- fails, or the process ends: none of it
//!
//!  answer(question) -> atoms_question has its end, and the events that tell of it, and follow it, are posted
//!                    [one commit, on the disk]  then `answer` returns
//! ```
//!
//! | the process ends | what the next one finds |
//! | --- | --- |
//! | before commit 1 | nothing. Who posted was not told that it was posted, and may post the same event again: an event id that is there is stored once |
//! | after commit 1, before `post` returned | the event: it is handled |
//! | while a handler runs | the event, for the handlers that are not done: these are called again, so what they do elsewhere is done at least once. The event's id is the same, as the key of idempotence |
//! | while a handler with a [`Tx`] runs | the event, and nothing of what the handler did in the file: that is done exactly once |
//! | after commit 2 | what the handler emitted and posted, once, and the other handlers' rows |
//! | while a handler's last attempt fails | the event, and no letter; or the letter, and the event for the other handlers alone |
//! | while a question is answered | the question, open; or its end, with all that was posted |
//!
//! # Who has an event
//!
//! One process has the file, so it alone knows which events are taken, and by whom: in memory. When the process ends, nothing
//! is taken any more. The first event of a key is taken again before the others of the key.
//!
//! The ticket of an event that was given back acknowledges nothing any more. An event is not taken again while a commit is
//! under way that acknowledges one of its handlers, also if it was given back meanwhile.
//!
//! How often an event was taken is in the file once one of its handlers is done and others are not. Before that, it is as new
//! for the next process, whose subscribers see it. If the bus keeps its dead letters elsewhere, it is in the file before a
//! handler runs: a letter of an event that is not acknowledged is found again by whoever takes the event again.
//!
//! # Commits
//!
//! One thread writes. The jobs that wait for it, at most 2,048, share a commit: while one waits for the disk, the next ones
//! gather. Those whose job was in the last commit may be about to send the next one, so the thread waits for as many jobs as
//! there were then, for as long as more of them come, and for at most a quarter of the time that the last commit took, and 1
//! ms. The limits are read, and the counts written, once for a commit. Each job is done as a whole or not at all. If the file
//! fails under one of them, each is tried in a commit of its own, so that a job that is too large for the disk fails alone.
//! The transaction of a handler has a commit of its own, so a statement of it that fails affects no other job. Nothing else is
//! written while that handler runs. The writing thread makes the commit, so nothing that the handler does on the connection
//! can be committed before. Another thread reads, also what is taken: so workers wait for no commit of others. 4,096 jobs, of
//! 64 MiB together, may wait for a thread, and further ones wait for room. A job does not start if nothing waits for it any
//! more.
//!
//! The file has a write-ahead log, and a commit waits until the log is on the disk (`synchronous = FULL`). Commits do not wait
//! that only record what is due, what cannot be read, or how often something was taken. They survive the process, but may be
//! lost if the power fails, and are made again then.
//!
//! Posted events and dead letters are in the file as a whole, with sensitive values, since handlers need these.
//!
//! # The history
//!
//! A [`Sqlite::history`] is written as it can be shown: as JSON without sensitive values, which is read whatever becomes of the
//! structs. No emit waits for it. What is delivered waits in memory for the thread that writes, which writes all that waits in
//! one commit. That commit does not wait for the disk, except after each MiB, so that the log can be emptied.
//!
//! | what happens | what of the history is lost |
//! | --- | --- |
//! | more than 4,096 events, or 16 MiB of them, wait | those beyond, which are counted |
//! | a commit fails | what is in it, which is counted |
//! | the process ends | what waits: mostly what was delivered in the last milliseconds, unless [`flush`](atoms_control::HistoryStore::flush) was awaited after it |
//! | the power fails | the same, and up to a MiB before it |
//!
//! # When the disk fails
//!
//! A commit that fails is an error for those who wait for it, with what SQLite said as its source, and nothing of it is in
//! the file. The bus tries again to acknowledge and to take, after 50 ms to 5 s, and says so in the log once a second; who
//! posts is told.
//!
//! | the disk | what is told | what is in the file |
//! | --- | --- | --- |
//! | cannot write, or is full | [`Unavailable`](atoms_runtime::StoreErrorKind::Unavailable), and not `Full`: there would be nothing to wait for | what was committed before |
//! | cannot sync | the same | what was committed before. A process that opens the file next may find the commit after all. Posting the same event again is safe |
//! | cannot read, or has a damaged page | [`Unreadable`](atoms_runtime::StoreErrorKind::Unreadable) | all but what is there |
//! | cannot take a dead letter | nobody: the letter is in the commit that acknowledges the delivery | the event, until the letter can be kept |
//!
//! A sync that fails is not tried again: the system may have dropped what it could not write, and says that all is well the
//! next time. So after a failure of the disk, and when a file is opened, all that is in the log is written to the database,
//! and a new log is begun, before anything else is committed. After a failure, nothing is committed for as long as that
//! fails, or somebody reads the old log. The disk is asked to sync the log where SQLite says whether it did: in a commit,
//! and not only when the log is emptied. If the power fails together with the disk, what was committed after the last sync
//! that succeeded may be lost.
//!
//! # The file
//!
//! The names of its tables and triggers begin with `atoms_`. Everything else in the file is the program's own. `FILE-lock` is
//! locked while a program has the store. The lock ends with the process, and the file `FILE-lock` stays. Others may read the
//! file meanwhile, and write to it in short transactions, as [`StoreBus::post_in`] and [`Outside`] do. The bus finds their
//! changes within 100 ms. A long transaction that reads keeps the log from being truncated. The file must be on a local
//! disk.
//!
//! A file of a later version of this crate is not opened. A file of an earlier version is brought to this version when it is
//! opened, in one commit.

mod backlog;
mod bus;
mod file;
mod history;
mod letters;
mod outside;
mod questions;
mod sqlite;
mod transaction;

pub use bus::{PostInError, StoreBuilder, StoreBus};
pub use file::OpenError;
pub use outside::{Outside, OutsideError, OutsideLetter, OutsidePost};
pub use rusqlite;
pub use sqlite::{Sqlite, SqliteOptions};
pub use transaction::Tx;
