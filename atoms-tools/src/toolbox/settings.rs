//! The settings for all tools of a bus.

use std::time::Duration;

use atoms_runtime::Extension;

/// The limits of all tools of a bus.
///
/// ```
/// use std::time::Duration;
/// use atoms::prelude::*;
/// use atoms::tools::ToolSettings;
///
/// let settings = ToolSettings::new().arguments(16 * 1024).approval_deadline(Duration::from_secs(600));
/// let bus = Bus::builder().tool_settings(settings).start()?;
/// # Ok::<(), atoms::StartError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSettings {
    pub(crate) arguments: usize,
    pub(crate) approval_deadline: Duration,
}

impl ToolSettings {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self { arguments: 64 * 1024, approval_deadline: Duration::from_secs(24 * 3_600) }
    }

    /// Sets how many bytes of memory the arguments of a call may take, as [`memory_size`](atoms_runtime::memory_size) counts
    /// them: 64 KiB by default. This limits calls whose arguments come as JSON, and calls that a person has to approve. A
    /// question has room for 256 KiB, unless [`QuestionLimits`](atoms_control::QuestionLimits) sets another limit.
    #[must_use]
    pub fn arguments(mut self, bytes: usize) -> Self {
        self.arguments = bytes;
        self
    }

    /// Sets how long a call waits for a person to approve it, unless the hook that asks sets a deadline: a day by default.
    /// The call is then denied.
    #[must_use]
    pub fn approval_deadline(mut self, deadline: Duration) -> Self {
        self.approval_deadline = deadline;
        self
    }
}

impl Default for ToolSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for ToolSettings {}
