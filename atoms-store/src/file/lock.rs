//! The lock of a store, which one program at a time has.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::failed::OpenError;

/// How long to wait for a program that is ending.
const PATIENCE: Duration = Duration::from_secs(1);

const AGAIN: Duration = Duration::from_millis(10);

/// The lock of a store, which is released when this is dropped, or when the process ends.
///
/// It locks a file of its own, since opening and closing the database itself would release SQLite's locks.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the store at this path. The file of the lock is not removed, since two programs could then lock two files.
    pub(crate) fn of(path: &Path) -> Result<Self, OpenError> {
        let beside = beside(path);
        let file = File::options().create(true).truncate(false).write(true).open(beside);
        let file = file.map_err(|error| OpenError::of_io(path, error))?;
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(AGAIN),
                Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.to_owned() }),
                Err(TryLockError::Error(error)) => return Err(OpenError::of_io(path, error)),
            }
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    name.into()
}

/// The canonical path of a file, so that all links to it have one lock.
pub(crate) fn real_path(path: &Path) -> Result<PathBuf, OpenError> {
    let absolute = std::path::absolute(path).map_err(|error| OpenError::of_io(path, error))?;
    if let Ok(real) = absolute.canonicalize() {
        return Ok(real);
    }
    // The file is new.
    let (Some(directory), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Ok(absolute);
    };
    let directory = directory.canonicalize().map_err(|error| OpenError::of_io(path, error))?;
    Ok(directory.join(name))
}
