//! What only the whole program knows: checked once, before the first event.

use foldhash::{HashMap, HashSet};

use super::{CircleEdge, Registry, StartCheck, StartProblem, is_of_framework, versions};
use crate::event::{DeliveryFailed, Event, EventType};
use crate::handler::HandlerInfo;

/// All that is wrong with what is in the registry.
pub(crate) fn check(start: &StartCheck<'_>) -> Vec<StartProblem> {
    let registry = start.registry();
    let mut problems = duplicates(registry);
    problems.extend(versions::check(registry));
    let emissions = emissions(registry);
    problems.extend(unhandled(registry, &emissions));
    problems.extend(circles(registry, &emissions));
    problems.extend(answers(registry));
    problems.extend(identities(registry, start.has_store()));
    problems.extend(same_names(registry));
    problems.extend(entries(start));
    problems
}

/// Handlers that cannot be told apart by what a letter, or a store, knows of them.
///
/// Handlers in the bodies of functions share a path if they share a name. Without a store that is no mistake, since
/// the identity of a handler then says no more than whom to redeliver a letter to, which is refused.
fn identities(registry: &Registry, has_store: bool) -> Vec<StartProblem> {
    let mut known: HashMap<&'static str, &'static HandlerInfo> = HashMap::default();
    known.reserve(registry.handlers().len());
    let mut problems = Vec::new();
    let present = registry.handlers().iter().map(|info| (info.id(), *info));
    let earlier = registry.handlers().iter().flat_map(|info| info.was().iter().map(|was| (*was, *info)));
    for (id, second) in present.chain(earlier) {
        let first = *known.entry(id).or_insert(second);
        let is_declared =
            [first, second].iter().any(|info| info.id() != info.path() || info.was().contains(&id));
        if first != second && (has_store || is_declared) {
            problems.push(StartProblem::SameIdentity { id, first, second });
        }
    }
    problems
}

/// Entries that may not share their names, and do.
fn same_names(registry: &Registry) -> impl Iterator<Item = StartProblem> {
    let pairs = registry.all_entries().windows(2).filter(|pair| pair[0].collides_with(pair[1]));
    pairs.map(|pair| StartProblem::SameName { first: pair[0], second: pair[1] })
}

/// What the entries say of themselves.
fn entries(start: &StartCheck<'_>) -> impl Iterator<Item = StartProblem> {
    start.registry().all_entries().iter().copied().flat_map(|entry| {
        entry.check(start).into_iter().map(move |cause| StartProblem::Entry { entry, cause })
    })
}

/// Whether there is nothing of the program's own to check.
pub(crate) fn no_handlers(registry: &Registry) -> Option<StartProblem> {
    let has_handlers = !registry.handlers().iter().all(|handler| is_of_framework(handler.path()));
    (!has_handlers && registry.all_entries().is_empty()).then_some(StartProblem::NoHandlers)
}

/// The requests that nobody answers. That is no problem of a program which does not ask them, and whether it does
/// only the linker knows.
pub(crate) fn unanswered(registry: &Registry) -> impl Iterator<Item = &'static EventType> {
    requests(registry).filter(|request| registry.handlers_of(request).next().is_none())
}

fn requests(registry: &Registry) -> impl Iterator<Item = &'static EventType> {
    registry.events().iter().copied().filter(|event_type| event_type.is_request())
}

/// What is wrong with the handlers of requests.
fn answers(registry: &Registry) -> Vec<StartProblem> {
    let mut problems = Vec::new();
    for request in requests(registry) {
        let handlers: Vec<_> = registry.handlers_of(request).collect();
        let detached = handlers.iter().copied().filter(|handler| handler.is_detached());
        problems.extend(detached.map(|handler| StartProblem::DetachedAnswer { request, handler }));
        if handlers.len() > 1 {
            problems.push(StartProblem::SeveralHandlers { request, handlers });
        }
    }
    problems
}

/// The events that handlers emit, without old versions and handlers of these, which another check reports.
fn emissions(registry: &Registry) -> Vec<Emission> {
    let handlers = registry.handlers().iter();
    handlers
        .filter(|handler| handler.event_types().iter().all(|takes| registry.newer(takes).is_none()))
        .flat_map(|handler| handler.emits().into_iter().map(|emits| Emission { handler, emits }))
        .filter(|emission| registry.newer(emission.emits).is_none())
        .collect()
}

/// A handler, and one of the events that it emits.
struct Emission {
    handler: &'static HandlerInfo,
    emits: &'static EventType,
}

fn duplicates(registry: &Registry) -> Vec<StartProblem> {
    let claims = |event_type: &EventType| (event_type.name(), event_type.version());
    let pairs = registry.events().windows(2).filter(|pair| claims(pair[0]) == claims(pair[1]));
    pairs.map(|pair| StartProblem::DuplicateType { first: pair[0], second: pair[1] }).collect()
}

fn unhandled(registry: &Registry, emissions: &[Emission]) -> Vec<StartProblem> {
    let mut reported = HashSet::default();
    emissions
        .iter()
        .filter(|emission| registry.lacks_handler(emission.emits))
        .filter(|emission| reported.insert(emission.emits.name()))
        .map(|emission| StartProblem::Unhandled { event_type: emission.emits, emitter: emission.handler })
        .collect()
}

/// Which events lead to which, and through whom.
struct Routes {
    from: HashMap<&'static str, Vec<CircleEdge>>,
}

impl Routes {
    fn new(registry: &Registry, emissions: &[Emission]) -> Self {
        let mut from: HashMap<&'static str, Vec<CircleEdge>> = HashMap::default();
        for Emission { handler, emits } in emissions.iter().filter(|it| !it.handler.allow_cycle()) {
            for takes in versions::newest(registry).filter(|takes| handler.takes(takes.name())) {
                from.entry(takes.name()).or_default().push(CircleEdge { takes, handler, emits });
            }
        }
        Self { from }
    }

    fn of(&self, event_type: &EventType) -> &[CircleEdge] {
        self.from.get(event_type.name()).map_or(&[], Vec::as_slice)
    }
}

/// One circle for each event at which a walk comes back to its own path.
fn circles(registry: &Registry, emissions: &[Emission]) -> Vec<StartProblem> {
    let routes = Routes::new(registry, emissions);
    let mut finished = HashSet::default();
    let mut found = Vec::new();
    for start in versions::newest(registry) {
        // The walk's path, and at each event of it which edge is tried next.
        let mut path: Vec<(&'static EventType, usize)> = vec![(start, 0)];
        while let Some((event_type, next)) = path.last_mut() {
            let edge =
                if finished.contains(event_type.name()) { None } else { routes.of(event_type).get(*next) };
            let Some(edge) = edge else {
                finished.insert(event_type.name());
                path.pop();
                continue;
            };
            *next += 1;
            match path.iter().position(|(seen, _)| *seen == edge.emits) {
                Some(at) => found.push(circle(&routes, &path[at..])),
                None => path.push((edge.emits, 0)),
            }
        }
    }
    found
}

/// The ways from `atoms.delivery.failed` to handlers that say that they may fail, one for each of these. The last
/// edge leads back.
///
/// Whether events go round there depends on what fails, so it is no reason not to start.
pub(crate) fn alert_circles(registry: &Registry) -> Vec<Vec<CircleEdge>> {
    let alert = DeliveryFailed::event_type();
    let routes = Routes::new(registry, &emissions(registry));
    let mut reached = HashSet::from_iter([alert.name()]);
    let mut ways = vec![(alert, Vec::new())];
    let mut found = Vec::new();
    while let Some((event_type, way)) = ways.pop() {
        let failing = registry.handlers().iter().copied().filter(|handler| {
            handler.can_fail() && !handler.allow_cycle() && handler.takes(event_type.name())
        });
        // What fails while the alert itself is delivered is not told.
        for handler in failing.filter(|_| event_type != alert) {
            let mut edges: Vec<CircleEdge> = way.clone();
            edges.push(CircleEdge { takes: event_type, handler, emits: alert });
            found.push(edges);
        }
        for edge in routes.of(event_type).iter().filter(|edge| reached.insert(edge.emits.name())) {
            let mut longer = way.clone();
            longer.push(*edge);
            ways.push((edge.emits, longer));
        }
    }
    found
}

fn circle(routes: &Routes, path: &[(&'static EventType, usize)]) -> StartProblem {
    // Each event's last tried edge is the one that the walk took.
    let edges = path.iter().map(|(event_type, next)| routes.of(event_type)[next - 1]);
    StartProblem::Circle { edges: edges.collect() }
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;
