//! Does not link: another crate has a job of this name.

use atoms::prelude::*;

jobs::job!("save" every 60 seconds: backup::Save {});

fn main() {
    let bus = Bus::start().unwrap();
    run::run(bus.emit(backup::Save {})).into_result().unwrap();
}
