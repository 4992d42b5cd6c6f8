//! What else an answer has to be than of its schema.

use std::fmt;
use std::panic::Location;

use atoms_runtime::{Bus, Entry};

use crate::question::{Answer, Question, WrongAnswer};

type Check = fn(&Bus, &Question, &Answer) -> Result<(), WrongAnswer>;

/// A check of the answers to questions of a crate, besides their schemas: an entry of the registry.
///
/// An answer with which the crate could not go on is refused, and its question stays open. The tools of an agent check edited
/// arguments in this way, just as they are checked when the call is made.
///
/// ```standalone_crate
/// use atoms::control::{Answer, AnswerCheck, Checkpoint, Principal, Problem, WrongAnswer};
/// use atoms::prelude::*;
///
/// static LAUNCH: AnswerCheck = AnswerCheck::new("launch", |_bus, question, answer| {
///     match answer {
///         Answer::Approved { feedback: None, .. } if question.name.as_deref() == Some("launch") => {
///             let message = "say in the feedback when to launch".into();
///             Err(WrongAnswer::new(vec![Problem { path: String::new(), message }]))
///         }
///         _ => Ok(()),
///     }
/// });
/// atoms::entry!(&LAUNCH);
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::start()?;
/// let ada = Principal::new("ada");
/// bus.questions().open(Checkpoint::new("launch")).await?;
/// assert!(bus.questions().approve("launch").by(&ada).await.is_err());
/// bus.questions().approve("launch").feedback("at noon").by(&ada).await?;
/// # Ok(())
/// # }
/// ```
pub struct AnswerCheck {
    name: &'static str,
    place: &'static Location<'static>,
    check: Check,
}

impl AnswerCheck {
    /// Creates a check. It is asked about the answers to all questions of the bus, and lets those of others pass.
    #[track_caller]
    pub const fn new(name: &'static str, check: Check) -> Self {
        Self { name, place: Location::caller(), check }
    }
}

/// Whether all checks of the bus let the answer pass.
pub(super) fn check(bus: &Bus, question: &Question, answer: &Answer) -> Result<(), WrongAnswer> {
    bus.registry().entries::<AnswerCheck>().try_for_each(|entry| (entry.check)(bus, question, answer))
}

impl Entry for AnswerCheck {
    const KIND: &'static str = "answer check";

    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }
}

impl fmt::Debug for AnswerCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnswerCheck").field(&self.name).finish()
    }
}
