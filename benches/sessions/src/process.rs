//! What the system knows about a process.

use std::fs;
use std::time::Duration;

use crate::failure::Failure;

/// How long a tick of `/proc/PID/stat` is; Linux shows programs 100 of them a second, whatever its own clock.
const TICK: Duration = Duration::from_millis(10);

/// The bytes of a process that are in memory.
///
/// # Errors
///
/// If there is no such process.
pub fn memory(pid: u32) -> Result<u64, Failure> {
    Ok(status(pid, "VmRSS:")? * 1_024)
}

/// The bytes of a process that were in memory when they were most.
///
/// # Errors
///
/// If there is no such process.
pub fn peak(pid: u32) -> Result<u64, Failure> {
    Ok(status(pid, "VmHWM:")? * 1_024)
}

/// How many threads a process has.
///
/// # Errors
///
/// If there is no such process.
pub fn threads(pid: u32) -> Result<u64, Failure> {
    status(pid, "Threads:")
}

/// How many descriptors a process has open.
///
/// # Errors
///
/// If there is no such process.
pub fn files(pid: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{pid}/fd");
    let open = fs::read_dir(&path).map_err(|source| Failure::unusable(path, source))?;
    Ok(open.count() as u64)
}

/// A number of `/proc/PID/status`, with its unit left out.
fn status(pid: u32, key: &str) -> Result<u64, Failure> {
    let path = format!("/proc/{pid}/status");
    let status = read(&path)?;
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or(Failure::Unreadable(path))
}

/// How long a process has been computing, in all its threads.
///
/// # Errors
///
/// If there is no such process.
pub fn computing(pid: u32) -> Result<Duration, Failure> {
    let path = format!("/proc/{pid}/stat");
    let stat = read(&path)?;
    ticks(&stat).map(|ticks| TICK * ticks).ok_or(Failure::Unreadable(path))
}

/// The ticks in user mode and in the kernel: the 12th and 13th field behind the program's name, which may hold
/// anything.
fn ticks(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let kernel: u32 = fields.next()?.parse().ok()?;
    Some(user + kernel)
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::unusable(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_ticks_count() {
        let stat = "7 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 20 3 0 0 20";
        assert_eq!(ticks(stat), Some(23));
    }

    #[test]
    fn this_process_has_threads_and_files() {
        assert!(threads(std::process::id()).unwrap() > 0);
        assert!(files(std::process::id()).unwrap() > 2);
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(memory(std::process::id()).unwrap() > 0);
        assert!(peak(std::process::id()).unwrap() >= memory(std::process::id()).unwrap());
        computing(std::process::id()).unwrap();
    }
}
