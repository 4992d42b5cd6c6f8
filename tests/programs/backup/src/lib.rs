//! Has a job, in a program that need not know of it.

use atoms::prelude::*;

/// It is time to save.
#[event(type = "backup.save")]
pub struct Save {}

/// It is time to clean up.
#[event(type = "backup.clean")]
pub struct Clean {}

/// Saves.
#[handler]
pub fn save(_: &Save) {}

/// Cleans up.
#[handler]
pub fn clean(_: &Clean) {}

jobs::job!("save" every 3_600 seconds: Save {});
jobs::job!("clean" after "save": Clean {});
