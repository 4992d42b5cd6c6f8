//! What a crate that asks questions says of them.

use std::fmt;
use std::panic::Location;

use atoms_runtime::{Bus, Entry};

use crate::question::{Answer, Question, WrongAnswer};

type Check = fn(&Bus, &Question, &Answer) -> Result<(), WrongAnswer>;

type Roles = fn(&Bus) -> Vec<AskedRole>;

/// A crate that asks questions by itself, such as that of the tools of agents: an entry of the registry.
///
/// It checks the answers to its questions, besides their schemas: an answer with which it could not go on is refused, and its
/// question stays open. And it says which roles it asks, so that a door where nobody has one of them can warn.
///
/// ```standalone_crate
/// use atoms::control::{Answer, AskedRole, Asker, Checkpoint, Principal, Problem, WrongAnswer};
/// use atoms::prelude::*;
///
/// fn check(_: &Bus, question: &Question, answer: &Answer) -> Result<(), WrongAnswer> {
///     match answer {
///         Answer::Approved { feedback: None, .. } if question.name.as_deref() == Some("launch") => {
///             let message = "say in the feedback when to launch".into();
///             Err(WrongAnswer::new(vec![Problem { path: String::new(), message }]))
///         }
///         _ => Ok(()),
///     }
/// }
///
/// fn roles(_: &Bus) -> Vec<AskedRole> {
///     vec![AskedRole { by: "the launch".into(), role: "director".into() }]
/// }
///
/// static LAUNCHES: Asker = Asker::new("launches").checks(check).asks(roles);
/// atoms::entry!(&LAUNCHES);
///
/// # use atoms::control::Question;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::start()?;
/// let ada = Principal::new("ada").role("director");
/// bus.questions().open(Checkpoint::new("launch").role("director")).await?;
/// assert!(bus.questions().approve("launch").by(&ada).await.is_err());
/// bus.questions().approve("launch").feedback("at noon").by(&ada).await?;
/// assert_eq!(bus.questions().asked_roles()[0].role, "director");
/// # Ok(())
/// # }
/// ```
pub struct Asker {
    name: &'static str,
    place: &'static Location<'static>,
    check: Option<Check>,
    roles: Option<Roles>,
}

/// A role that is asked: see [`Asker::asks`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedRole {
    /// What asks it, such as ``the tool `refund` ``.
    pub by: String,
    /// The role.
    pub role: String,
}

impl Asker {
    /// Describes one that asks, under this name.
    #[track_caller]
    pub const fn new(name: &'static str) -> Self {
        Self { name, place: Location::caller(), check: None, roles: None }
    }

    /// Checks answers. The function gets the answers to all questions of the bus, and lets those of others pass.
    #[must_use]
    pub const fn checks(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    /// Says which roles are asked, as far as that is known before.
    #[must_use]
    pub const fn asks(mut self, roles: Roles) -> Self {
        self.roles = Some(roles);
        self
    }
}

/// Whether all who ask on the bus can go on with the answer.
pub(super) fn check(bus: &Bus, question: &Question, answer: &Answer) -> Result<(), WrongAnswer> {
    let mut checks = bus.registry().entries::<Asker>().filter_map(|asker| asker.check);
    checks.try_for_each(|check| check(bus, question, answer))
}

/// The roles that are asked on the bus.
pub(super) fn roles(bus: &Bus) -> Vec<AskedRole> {
    bus.registry().entries::<Asker>().filter_map(|asker| asker.roles).flat_map(|roles| roles(bus)).collect()
}

impl Entry for Asker {
    const KIND: &'static str = "asker";

    fn name(&self) -> &str {
        self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asker").field(&self.name).finish()
    }
}
