//! How large the parts of a question may be.

use super::{End, Question};
use atoms_runtime::{AnyEvent, memory_size};

const KIB: usize = 1_024;

/// How large the parts of a question may be, in bytes of memory, as [`memory_size`] counts them.
///
/// The store limits the number of questions: see [`MemoryQuestions`](crate::MemoryQuestions).
///
/// ```
/// use atoms::Bus;
/// use atoms::control::{ControlBuilder, QuestionLimits};
///
/// let limits = QuestionLimits::new().details(1024 * 1024).answer(4 * 1024);
/// let bus = Bus::builder().question_limits(limits).start()?;
/// # Ok::<(), atoms::StartError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionLimits {
    title: usize,
    description: usize,
    details: usize,
    body: usize,
    answer: usize,
}

/// A part of a question, or of its answer, is larger than it may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{part}: {bytes} bytes are more than the {limit} that there is room for; raise the limit in `QuestionLimits`"
)]
#[non_exhaustive]
pub struct TooLarge {
    /// The part.
    pub part: &'static str,
    /// How many bytes of memory it takes.
    pub bytes: usize,
    /// The limit in bytes.
    pub limit: usize,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, bytes: usize) -> Self {
            self.$name = bytes;
            self
        }
    )*};
}

impl QuestionLimits {
    /// Returns the default limits of a bus.
    pub fn new() -> Self {
        Self { title: KIB, description: 16 * KIB, details: 256 * KIB, body: 256 * KIB, answer: 256 * KIB }
    }

    setters! {
        /// The title, and all roles together: 1 KiB each by default.
        title;
        /// The description: 16 KiB by default.
        description;
        /// The details, and the schema: 256 KiB each by default.
        details;
        /// The body, and all that is posted with the answer: 256 KiB each by default.
        body;
        /// The answer, with its feedback and who gave it; also the reason why a question is cancelled: 256 KiB by
        /// default.
        answer;
    }

    pub(crate) fn check(&self, question: &Question) -> Result<(), TooLarge> {
        let then = question.then.iter().map(AnyEvent::size).sum();
        let parts = [
            ("the title", question.title.len(), self.title),
            ("the roles", memory_size(&question.roles), self.title),
            ("the session", memory_size(&question.session), self.title),
            ("the description", question.description.len(), self.description),
            ("the details", memory_size(&question.details), self.details),
            ("the schema", memory_size(&question.schema), self.details),
            ("the body", memory_size(&question.body), self.body),
            ("the events that follow", then, self.body),
            ("the default", memory_size(&question.default), self.answer),
        ];
        parts.into_iter().try_for_each(|(part, bytes, limit)| fits(part, bytes, limit))
    }

    pub(crate) fn check_end(&self, end: &End) -> Result<(), TooLarge> {
        fits("the answer", memory_size(end), self.answer)
    }
}

impl Default for QuestionLimits {
    fn default() -> Self {
        Self::new()
    }
}

fn fits(part: &'static str, bytes: usize, limit: usize) -> Result<(), TooLarge> {
    if bytes > limit { Err(TooLarge { part, bytes, limit }) } else { Ok(()) }
}
