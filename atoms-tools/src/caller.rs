//! Who calls a tool.

use std::fmt;
use std::sync::Arc;

use atoms_control::{Principal, QuestionId};
use atoms_runtime::{
    Carried, Cause, Delivery, ExtractError, FromDelivery, PrepareError, Shown, StartContext, Stored,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The agent, or the part of the program, that calls a tool: `aiagents.Main`.
///
/// Code of the program sets it, and events carry it; no client and no argument of a call can. A handler, a hook and a tool
/// may take it as a parameter.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::tools::Sender;
///
/// #[tool]
/// fn whoami(#[extract] sender: Sender) -> String {
///     sender.to_string()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder().without_discovery().tool::<whoami>().start()?;
/// assert_eq!(whoami::call(&bus, WhoamiArgs {}).sender("aiagents.Main").await?, "aiagents.Main");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Sender(Arc<str>);

impl Sender {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Arc<str>>> From<T> for Sender {
    fn from(name: T) -> Self {
        Self(name.into())
    }
}

impl From<Sender> for String {
    fn from(sender: Sender) -> Self {
        sender.as_str().into()
    }
}

/// Shows the name as text that is safe in a log.
impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0).fmt(f)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Carried for Sender {
    const STORED: Option<Stored<Self>> = Some(Stored::json("atoms.sender"));
}

#[diagnostic::do_not_recommend]
impl FromDelivery for Sender {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        delivery.carried().cloned().ok_or_else(|| ExtractError::missing("the event carries no sender"))
    }
}

/// Who calls, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Caller {
    pub(crate) sender: Option<Sender>,
    pub(crate) principal: Option<Principal>,
    pub(crate) session: Option<String>,
    /// Who is told that a person is asked.
    #[serde(skip)]
    pub(crate) told: Option<TellAsked>,
}

/// Tells the caller of a question about its call. It is of this process, and says nothing of who calls.
#[derive(Debug, Clone)]
pub(crate) struct TellAsked(UnboundedSender<QuestionId>);

impl TellAsked {
    /// Those told, and what they are told: a message for each question that is opened while the caller waits.
    pub(crate) fn new() -> (Self, UnboundedReceiver<QuestionId>) {
        let (tell, told) = unbounded_channel();
        (Self(tell), told)
    }

    /// A caller that has gone is not told.
    pub(crate) fn tell(&self, question: QuestionId) {
        let _gone = self.0.send(question);
    }
}

impl PartialEq for TellAsked {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }
}

impl Eq for TellAsked {}

impl Caller {
    /// Who does, in the handler that runs on this thread, with what is said instead.
    #[inline]
    pub(crate) fn of(cause: Option<&Cause>, said: Option<Box<Self>>) -> Option<Arc<Self>> {
        if cause.is_none() && said.is_none() { None } else { Self::known(cause, said) }
    }

    fn known(cause: Option<&Cause>, said: Option<Box<Self>>) -> Option<Arc<Self>> {
        let mut caller = said.map_or_else(Self::default, |said| *said);
        if let Some(cause) = cause {
            caller.sender = caller.sender.or_else(|| cause.carried().cloned());
            caller.principal = caller.principal.or_else(|| cause.carried().cloned());
            caller.session = caller.session.or_else(|| cause.session_id().map(Into::into));
        }
        (caller != Self::default()).then(|| Arc::new(caller))
    }
}
