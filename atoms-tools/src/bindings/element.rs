//! One binding: what it says, and what a bus that starts finds of it.

use std::fmt;
use std::panic::Location;

use atoms_runtime::{Entry, HandlerError, Registry, Shown, StartCheck};

use super::kind::{AiAgentType, BindingType, BindingTypeInfo, META, OURS, is_element};
use super::sender::SenderInfo;
use crate::agent::AgentInfo;
use crate::call::EventStage;
use crate::hook::HookInfo;
use crate::pattern;

/// A place in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Text, and where it is given, if that is in a file.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) place: Option<Place>,
}

/// A binding: an instance of a type of events.
pub(crate) struct Element {
    name: String,
    /// The file, and the place in the program where it was asked for; or that where it is written.
    file: Option<String>,
    place: &'static Location<'static>,
    pub(super) title: String,
    pub(super) type_name: Option<Given>,
    pub(super) sender: Option<Given>,
    pub(super) stage: Option<EventStage>,
    pub(super) func: Option<Given>,
    pub(super) is_async: bool,
    pub(super) bundle: String,
    /// What was found when it was read.
    problems: Vec<String>,
}

/// What a binding leads to on one bus.
pub(crate) struct Resolved {
    pub(crate) element: &'static Element,
    pub(crate) stage: EventStage,
    pub(crate) sender: &'static str,
    pub(crate) hook: &'static HookInfo,
    pub(crate) kind: &'static dyn BindingType,
}

impl Element {
    pub(super) fn new(name: String, file: Option<String>, place: &'static Location<'static>) -> Self {
        Self {
            name,
            file,
            place,
            title: String::new(),
            type_name: None,
            sender: None,
            stage: None,
            func: None,
            is_async: false,
            bundle: ".".into(),
            problems: Vec::new(),
        }
    }

    pub(crate) fn full_name(&self) -> &str {
        &self.name
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn type_name(&self) -> &str {
        self.type_name.as_ref().map_or("", |given| &given.text)
    }

    pub(crate) fn func(&self) -> &str {
        self.func.as_ref().map_or("", |given| &given.text)
    }

    pub(crate) fn is_async(&self) -> bool {
        self.is_async
    }

    pub(crate) fn bundle(&self) -> &str {
        &self.bundle
    }

    /// Notes what is wrong at this place.
    pub(super) fn problem(&mut self, place: Option<Place>, problem: String) {
        self.problems.push(self.told(place, problem));
    }

    fn told(&self, place: Option<Place>, problem: String) -> String {
        match (&self.file, place) {
            (Some(file), Some(Place { line, column })) => format!("{file}:{line}:{column}: {problem}"),
            (Some(file), None) => format!("{file}: {problem}"),
            (None, _) => problem,
        }
    }

    fn wrong(&self, given: &Given, problem: String) -> String {
        self.told(given.place, problem)
    }

    /// What it leads to on the bus of this registry, if everything is right.
    pub(crate) fn resolve(&'static self, registry: &Registry) -> Option<Resolved> {
        let (func, type_name, sender) =
            (self.func.as_ref()?, self.type_name.as_ref()?, self.sender.as_ref()?);
        Some(Resolved {
            element: self,
            stage: self.stage?,
            sender: &sender.text,
            hook: find_hook(registry, &func.text).ok()?,
            kind: find_kind(registry, &type_name.text).ok()?,
        })
    }

    /// What a binding in code has not said; what a file has not, was found when it was read.
    fn unsaid(&self) -> impl Iterator<Item = &'static str> {
        let unsaid = [
            ("title", self.title.is_empty()),
            ("sender", self.sender.is_none()),
            ("func", self.func.is_none()),
        ];
        let is_code = self.file.is_none();
        unsaid.into_iter().filter(move |(_, is_unsaid)| is_code && *is_unsaid).map(|(key, _)| key)
    }

    /// What is wrong with what it names.
    fn unknown(&self, registry: &Registry) -> Vec<String> {
        let checks = [
            self.type_name.as_ref().map(|given| (given, find_kind(registry, &given.text).map(drop))),
            self.sender.as_ref().map(|given| (given, find_sender(registry, &given.text))),
            self.func.as_ref().map(|given| (given, find_hook(registry, &given.text).map(drop))),
        ];
        let wrong = checks.into_iter().flatten().filter_map(|(given, found)| Some((given, found.err()?)));
        wrong.map(|(given, problem)| self.wrong(given, problem)).collect()
    }
}

/// `: is it ...?`, or else what to do.
fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>, otherwise: impl Into<String>) -> String {
    pattern::nearest(name, known)
        .map_or_else(|| otherwise.into(), |nearest| format!("did you mean `{nearest}`?"))
}

fn find_kind(registry: &Registry, name: &str) -> Result<&'static dyn BindingType, String> {
    let own = || registry.entries::<BindingTypeInfo>();
    if let Some(info) = own().find(|info| info.name() == name) {
        return Ok(info.kind);
    }
    match name {
        OURS => Ok(&AiAgentType),
        META => Err(format!("`{META}` is the root of all types, and has no events: write `{OURS}`")),
        _ => {
            let names = own().map(Entry::name).chain([OURS]);
            let otherwise = format!("write `{OURS}`, or add a type of your own with a `BindingTypeInfo`");
            Err(format!("there is no type `{}`: {}", Shown(name), hint(name, names, otherwise)))
        }
    }
}

fn find_sender(registry: &Registry, name: &str) -> Result<(), String> {
    let known = || {
        let others = registry.entries::<SenderInfo>().map(Entry::name);
        registry.entries::<AgentInfo>().map(AgentInfo::name).chain(others)
    };
    if known().any(|sender| sender == name) {
        return Ok(());
    }
    let otherwise = "write `#[agent(name = \"...\")]` on its function; or, of another part of the program, \
                     `static MAIN: SenderInfo = SenderInfo::new(\"...\");` and `atoms::entry!(&MAIN);`";
    Err(format!("there is no sender `{}`: {}", Shown(name), hint(name, known(), otherwise)))
}

fn find_hook(registry: &Registry, name: &str) -> Result<&'static HookInfo, String> {
    let hooks = || registry.entries::<HookInfo>();
    let named = hooks().find(|hook| hook.configured_as() == Some(name));
    match named.or_else(|| hooks().find(|hook| hook.path() == name)) {
        Some(hook) if hook.configured_as().is_some() => Ok(hook),
        Some(hook) => Err(format!(
            "the hook `{hook}` runs by itself, without a configuration: write `#[hook(func = \"...\")]` on one that a \
             configuration names"
        )),
        None => {
            let names = hooks().filter_map(HookInfo::configured_as);
            let otherwise = format!(
                "write `#[hook(func = \"{}\")]` on it; if there is one in another crate, link that with \
                 `use the_crate as _;`",
                Shown(name)
            );
            Err(format!("there is no function `{}`: {}", Shown(name), hint(name, names, otherwise)))
        }
    }
}

impl Entry for Element {
    const KIND: &'static str = "binding";
    const UNIQUE: bool = true;

    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn check(&self, start: &StartCheck<'_>) -> Vec<HandlerError> {
        let unnamed = (!is_element(&self.name)).then(|| {
            let problem = format!(
                "`{}` is not the name of an event: write one such as `events.agentToolEvent`, of letters, digits, `_` \
                 and `-`",
                Shown(&self.name)
            );
            self.told(None, problem)
        });
        let unsaid =
            self.unsaid().map(|key| self.told(None, format!("it has no {key}: write `.{key}(\"...\")`")));
        let read = self.problems.iter().cloned().chain(unsaid);
        unnamed.into_iter().chain(read).chain(self.unknown(start.registry())).map(Into::into).collect()
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element")
            .field("name", &self.name)
            .field("title", &self.title)
            .field("sender", &self.sender.as_ref().map(|given| &given.text))
            .field("stage", &self.stage)
            .field("func", &self.func())
            .finish_non_exhaustive()
    }
}
