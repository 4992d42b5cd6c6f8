//! Limits of what is kept, in number and in bytes.

/// How many events, and how many bytes of them, may be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) events: usize,
    /// As [`AnyEvent::size`](crate::AnyEvent::size) counts them.
    pub(crate) bytes: usize,
}

/// How many events there are, and how many bytes they take.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl Load {
    pub(crate) fn add(&mut self, size: usize) {
        self.events += 1;
        self.bytes += size;
    }

    pub(crate) fn remove(&mut self, size: usize) {
        self.events -= 1;
        self.bytes -= size;
    }
}
