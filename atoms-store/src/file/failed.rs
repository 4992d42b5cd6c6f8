//! The errors of the file.

use std::fmt;
use std::io;
use std::path::PathBuf;

use atoms_runtime::{StoreError, StoreErrorKind};
use rusqlite::ffi::ErrorCode;

/// Why a job failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It was refused, and has changed nothing.
    Refused(StoreError),
    /// The file failed, so the transaction is rolled back.
    File(rusqlite::Error),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error)
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(error) => error,
            Failed::File(error) => store_error(error),
        }
    }
}

/// The error of a store. A full disk is not `Full`, since waiting for room would not help.
pub(crate) fn store_error(error: rusqlite::Error) -> StoreError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreErrorKind::Unreadable,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind, error)
}

/// The error that bytes in the file are not those that this crate has written.
pub(crate) fn unreadable(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::new(StoreErrorKind::Unreadable, problem)
}

/// A file could not be opened as a store. It is unchanged.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store in this one, has the file.
    #[error("`{}` is the store of another running program: end that one, or open another file", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A later version of this crate has written the file.
    #[error(
        "`{}` has version {found} of the schema, and this program knows {known}: use the program that wrote it, or a \
         later one",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: u32,
        /// The latest version that this crate knows.
        known: u32,
    },
    /// The file is not a store, or one of an earlier version, and could not be changed here.
    #[error(
        "`{}` has version {found} of the schema (0 is not a store), and this program needs {known}: open it as a store first",
        path.display()
    )]
    OlderSchema {
        /// The file.
        path: PathBuf,
        /// The version of the file; 0 if it is not a store.
        found: u32,
        /// The version that is needed.
        known: u32,
    },
    /// The file, or the directory that it is in, cannot be written.
    #[error("`{}` cannot be written: a store needs to write the file, and to make others beside it", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot have a write-ahead log, since its file system cannot share memory, such as a network file system.
    #[error("`{}` cannot have a write-ahead log, only the journal mode `{mode}`: put it on a local disk", path.display())]
    NoLog {
        /// The file.
        path: PathBuf,
        /// The mode that it has.
        mode: String,
    },
    /// The file is not a database of SQLite, or is damaged.
    #[error("`{}` cannot be read as a database: {error}", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        error: rusqlite::Error,
    },
    /// The directory, or the file that locks the store, could not be used.
    #[error("`{}` cannot be opened: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// SQLite could not do what opening needs.
    #[error("`{}` cannot be opened: {error}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        error: rusqlite::Error,
    },
}

/// Shows the same as `Display`, since `Debug` prints what `main` returns.
impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl OpenError {
    pub(crate) fn of(path: &std::path::Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::NotADatabase { path, error },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            _ => Self::Sqlite { path, error },
        }
    }

    pub(crate) fn of_io(path: &std::path::Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::Io { path, error },
        }
    }
}
