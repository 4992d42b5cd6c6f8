//! What durability costs, against the same rows that are written with rusqlite alone.
//!
//! ```sh
//! cargo run --release --manifest-path benches/store/Cargo.toml
//! cargo run --release --manifest-path benches/store/Cargo.toml -- throughput | commits | delayed 1000000
//! ```

mod commits;
mod delayed;
mod orders;
mod rows;
mod throughput;

use std::error::Error;
use std::path::Path;

use tempfile::TempDir;
use tokio::runtime::Runtime;

type Failure = Box<dyn Error>;

/// How many delayed events there are, if nothing else is said.
const DELAYED: u64 = 1_000_000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            throughput::table()?;
            commits::table()?;
            delayed::table(DELAYED)
        }
        ["throughput"] => throughput::table(),
        ["commits"] => commits::table(),
        ["delayed"] => delayed::table(DELAYED),
        ["delayed", events] => delayed::table(events.parse()?),
        [delayed::START, file] => delayed::start(Path::new(file)),
        _ => Err("usage: store [throughput | commits | delayed [EVENTS]]".into()),
    }
}

/// A directory on the disk of the program: that of temporary files may be memory.
fn directory() -> Result<TempDir, Failure> {
    let program = std::env::current_exe()?;
    Ok(tempfile::tempdir_in(program.parent().ok_or("the program is in no directory")?)?)
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()
}
