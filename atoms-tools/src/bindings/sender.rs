//! The senders that a program has.

use std::fmt;
use std::panic::Location;

use atoms_runtime::Entry;

/// A sender of calls that a program has, and that is no [`#[agent]`](macro@crate::agent). A configuration may name it, or an agent; one
/// that names another sender does not start.
///
/// ```
/// use atoms::tools::SenderInfo;
///
/// static MAIN: SenderInfo = SenderInfo::new("aiagents.Main");
/// atoms::entry!(&MAIN); // without discovery: `Bus::builder().entry(&MAIN)`
/// # fn main() {}
/// ```
pub struct SenderInfo {
    name: &'static str,
    place: &'static Location<'static>,
}

impl SenderInfo {
    /// Describes the sender of this name.
    #[track_caller]
    pub const fn new(name: &'static str) -> Self {
        Self { name, place: Location::caller() }
    }
}

impl Entry for SenderInfo {
    const KIND: &'static str = "sender";
    const UNIQUE: bool = true;

    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }
}

impl fmt::Debug for SenderInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SenderInfo").field(&self.name).finish()
    }
}
