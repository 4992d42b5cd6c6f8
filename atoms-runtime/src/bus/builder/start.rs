//! Checking what a builder has, and making the bus.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::BusBuilder;
use crate::catalog::{Registry, StartCheck, StartError, StartProblem, StartWarning, checks};
use crate::engine::deliver::nested_limit;
use crate::engine::post_check::PostMark;
use crate::engine::received::ReceivedIds;
use crate::engine::runner::{self, Runner};
use crate::engine::table::Tables;
use crate::engine::tasks::Tasks;
use crate::engine::under_way::UnderWay;
use crate::engine::{Bus, Engine};
use crate::event::CarriedType;
use crate::handler::{HandlerInfo, HandlerOptions, PrepareError, StartContext};
use crate::layers;
use crate::letters::{Letters, MemoryLetters};
use crate::queue::{OwnedQueue, OwnedStored, Stored};

/// A handler with its options, bound to its states.
type Bound = (&'static HandlerInfo, HandlerOptions, Runner);

impl BusBuilder {
    /// Checks that every handler has its states, that no undeclared circle of events exists, that each `must_handle`
    /// event that a handler emits is handled, that no request has two handlers, and what each
    /// [entry](crate::Entry::check) checks; then starts the bus.
    pub fn start(self) -> Result<Bus, StartError> {
        let registry = self.registry();
        let mut problems = self.check(&registry);
        problems.extend(self.extensions.check());
        let handlers = self.bind(&registry, &mut problems);
        StartError::of(problems)?;
        registry.log();
        let bus = Bus(Arc::new(self.engine(registry, handlers)));
        bus.0.dead_letters.start(bus.0.stored_events());
        StartError::of(bus.0.extensions.start(&bus))?;
        let warnings = StartWarning::all(&bus.0.registry, &bus.0.states);
        bus.0.warnings.get_or_init(|| warnings).iter().for_each(|warning| tracing::warn!("{warning}"));
        if let Some(stored) = bus.0.stored() {
            stored.start(&bus);
        }
        Ok(bus)
    }

    fn engine(self, registry: Registry, mut handlers: Vec<Bound>) -> Engine {
        let mut most_layers = 0;
        for (info, options, runner) in &mut handlers {
            let (wrapped, count) = layers::wrapped(info, options, runner.clone(), &self.layers);
            *runner = wrapped;
            most_layers = most_layers.max(count);
        }
        let mut restores = self.restores;
        let carried = registry.all_entries().iter().flat_map(|entry| entry.carries());
        restores.extend(carried.filter_map(CarriedType::stored));
        let under_way = Arc::<UnderWay>::default();
        let (capacity, bytes) = (self.dead_letter_capacity, self.dead_letter_bytes);
        let letter_store = self.letter_store.unwrap_or_else(|| Arc::new(MemoryLetters::new(capacity, bytes)));
        let dead_letters = Arc::new(Letters::new(letter_store));
        let stored = |backlog| Stored::new(backlog, Arc::clone(&dead_letters), Arc::clone(&under_way));
        let stored = self.backlog.map(|backlog| OwnedStored(stored(backlog)));
        Engine {
            tables: Tables::new(
                registry.events(),
                handlers.into_iter().map(|(info, _, runner)| (info, runner)).collect(),
            ),
            subscribers: Default::default(),
            registry,
            states: self.states,
            codec: self.codec,
            hop_limit: self.hop_limit,
            nested_limit: nested_limit(most_layers + self.emit_layers.len()),
            follow_up_limits: self.follow_up_limits,
            stream_limits: self.stream_limits,
            frame_limit: self.frame_limit,
            closed: AtomicBool::new(false),
            in_flight: Default::default(),
            tasks: Tasks::new(self.detached_limit),
            dead_letters,
            untaken: Default::default(),
            warnings: Default::default(),
            layers: layers::in_order(self.layers).into(),
            post_mark: self.emit_layers.iter().any(|layer| layer.looks_at_posts()).then(PostMark::new),
            emit_layers: self.emit_layers.into(),
            waiters: Default::default(),
            extensions: self.extensions,
            queue: OwnedQueue::new(self.queue_capacity, self.queue_bytes, Arc::clone(&under_way)),
            stored,
            restores,
            under_way,
            inherited: self.inherited,
            received: self.receive_once.map(ReceivedIds::new),
        }
    }

    /// Makes the checks of [`start`](Self::start), except for missing states. Also fails if there is no handler and no
    /// [`Entry`](crate::Entry) to check, as in a test that does not link the crate that it tests.
    pub fn verify(self) -> Result<(), StartError> {
        let registry = self.registry();
        let mut problems = self.check(&registry);
        self.bind(&registry, &mut problems);
        problems.retain(|problem| !problem.is_missing_state());
        problems.extend(checks::no_handlers(&registry));
        StartError::of(problems)
    }

    fn check(&self, registry: &Registry) -> Vec<StartProblem> {
        let has_store = self.backlog.is_some() || self.letter_store.is_some();
        let start = StartCheck::new(registry, StartContext::new(&self.states), has_store);
        let mut problems = checks::check(&start);
        problems.extend(self.misconfigured(registry));
        problems.extend(self.without_room());
        problems
    }

    /// The limits that leave no room for anything.
    fn without_room(&self) -> impl Iterator<Item = StartProblem> {
        let limits = [
            ("frame_limit", self.frame_limit),
            ("follow_up_capacity", self.follow_up_limits.events),
            ("follow_up_bytes", self.follow_up_limits.bytes),
            ("stream_capacity", self.stream_limits.events),
            ("stream_bytes", self.stream_limits.bytes),
            ("dead_letter_capacity", self.dead_letter_capacity),
            ("dead_letter_bytes", self.dead_letter_bytes),
            ("queue_capacity", self.queue_capacity),
            ("queue_bytes", self.queue_bytes),
            ("detached_limit", self.detached_limit),
            ("receive_once", self.receive_once.map_or(1, |window| window.ids.min(window.bytes))),
        ];
        limits
            .into_iter()
            .filter(|(_, limit)| *limit == 0)
            .map(|(setting, _)| StartProblem::NoRoom { setting })
    }

    fn registry(&self) -> Registry {
        let (mut events, mut handlers, mut entries) =
            (self.events.clone(), self.handlers.clone(), self.entries.clone());
        if self.discovery {
            events.extend(Registry::linked().events());
            let linked = Registry::linked().handlers().iter().copied();
            handlers.extend(linked.filter(|handler| !self.is_in_left_out_module(handler)));
            entries.extend(Registry::linked().all_entries());
        }
        handlers.retain(|handler| !self.left_out.contains(handler) && !self.is_stood_in_for(handler));
        handlers.extend(self.stand_ins.iter().map(|(info, _)| *info));
        Registry::new(events, handlers, entries)
    }

    pub(super) fn is_stood_in_for(&self, handler: &HandlerInfo) -> bool {
        let taken = handler.event_types();
        !taken.is_empty() && self.stand_ins.iter().any(|(info, _)| info.event_types() == taken)
    }

    fn bind(&self, registry: &Registry, problems: &mut Vec<StartProblem>) -> Vec<Bound> {
        let mut bound = Vec::with_capacity(registry.handlers().len());
        for handler in registry.handlers().iter().copied() {
            let stand_in = self.stand_ins.iter().find(|(info, _)| *info == handler);
            let options = self.options_of(handler);
            let start = StartContext::new(&self.states).of_handler(handler);
            let bind = || runner::bind(handler, &options, &start);
            match stand_in.map_or_else(bind, |(_, runner)| Ok(runner.clone())) {
                Ok(runner) => bound.push((handler, options, runner)),
                Err(errors) => problems.extend(errors.into_iter().map(|error| match error {
                    PrepareError::MissingState(missing) => StartProblem::MissingState { handler, missing },
                    PrepareError::Missing(cause) | PrepareError::Other(cause) => {
                        StartProblem::Prepare { handler, cause }
                    }
                })),
            }
        }
        bound
    }
}
