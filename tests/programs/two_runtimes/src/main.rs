//! Names both runtimes.

use atoms as _;
use older as _;

fn main() {}
