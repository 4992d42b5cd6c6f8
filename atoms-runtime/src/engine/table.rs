//! The dispatch tables: who handles what, fixed when the bus starts.

use std::collections::BTreeMap;
use std::slice;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::receipt::Outline;
use super::runner::{RunAsync, RunSync, Runner};
use crate::event::EventType;
use crate::handler::HandlerInfo;

/// The handlers of one event, in the order in which they run.
pub(crate) struct Table {
    /// Who they are: first those of `sync`, then those of `asynchronous`.
    pub(crate) outline: &'static Outline,
    pub(crate) sync: Box<[Arc<dyn RunSync>]>,
    pub(crate) asynchronous: Box<[Arc<dyn RunAsync>]>,
    /// Whether subscribers of the running bus get the event as well.
    pub(crate) is_for_all: bool,
    /// Whether nobody handles the event, which may need a handler.
    pub(crate) lacks_handler: bool,
    units: OnceLock<Box<[Table]>>,
}

/// The tables of all events, by [`EventType::index`].
pub(crate) struct Tables {
    by_index: Box<[Option<Table>]>,
    /// For events that have no table: those who see every event.
    any: Table,
    /// For events that are refused.
    nobody: Table,
    /// Every handler of the bus.
    runners: Vec<(&'static HandlerInfo, Runner)>,
}

impl Tables {
    /// Makes the tables of these events, and of handlers that are sorted by their order and path.
    pub(crate) fn new(events: &[&'static EventType], handlers: Vec<(&'static HandlerInfo, Runner)>) -> Self {
        let mut positions: Vec<Vec<usize>> = Vec::new();
        let mut seeing_all = Vec::new();
        for (position, (info, _)) in handlers.iter().enumerate() {
            if info.takes_every_event() {
                seeing_all.push(position);
                continue;
            }
            for event_type in info.event_types() {
                let index = event_type.index();
                positions.resize_with(positions.len().max(index + 1), Vec::new);
                positions[index].push(position);
            }
        }
        let table = |event_type: Option<&'static EventType>, mut positions: Vec<usize>| {
            let takes =
                |place: &&usize| event_type.is_none_or(|known| handlers[**place].0.takes(known.name()));
            positions.extend(seeing_all.iter().filter(takes));
            positions.sort_unstable();
            Table::new(event_type, positions.iter().map(|position| &handlers[*position]))
        };
        let mut by_index: Vec<Option<Table>> = Vec::new();
        for event_type in events.iter().copied() {
            let index = event_type.index();
            by_index.resize_with(by_index.len().max(index + 1), || None);
            let of_event = positions.get_mut(index).map(std::mem::take).unwrap_or_default();
            by_index[index] = Some(table(Some(event_type), of_event));
        }
        let (any, nobody) = (table(None, Vec::new()), Table::new(None, [].iter()));
        Self { by_index: by_index.into(), any, nobody, runners: handlers }
    }

    /// Of nobody.
    pub(crate) fn nobody(&self) -> &Table {
        &self.nobody
    }

    /// What runs this handler.
    pub(crate) fn runner(&self, handler: &'static HandlerInfo) -> Option<Runner> {
        let found = self.runners.iter().find(|(info, _)| *info == handler);
        found.map(|(_, runner)| runner.clone())
    }

    #[inline]
    pub(crate) fn of(&self, event_type: Option<&'static EventType>) -> &Table {
        event_type
            .and_then(|known| self.by_index.get(known.index()))
            .and_then(Option::as_ref)
            .unwrap_or(&self.any)
    }
}

impl Table {
    fn new<'a>(
        event_type: Option<&'static EventType>,
        handlers: impl Iterator<Item = &'a (&'static HandlerInfo, Runner)>,
    ) -> Self {
        let (mut infos, mut async_infos) = (Vec::new(), Vec::new());
        let (mut sync, mut asynchronous) = (Vec::new(), Vec::new());
        for (info, runner) in handlers {
            match runner {
                Runner::Sync(run) => {
                    infos.push(*info);
                    sync.push(Arc::clone(run));
                }
                Runner::Async(run) => {
                    async_infos.push(*info);
                    asynchronous.push(Arc::clone(run));
                }
            }
        }
        infos.append(&mut async_infos);
        let handled = infos.iter().any(|info| info.counts_for(event_type));
        let outline = interned(Outline { event_type, handlers: infos, handled });
        let (sync, asynchronous) = (sync.into(), asynchronous.into());
        let lacks_handler = !handled && event_type.is_none_or(EventType::must_handle);
        Self { outline, sync, asynchronous, is_for_all: true, lacks_handler, units: OnceLock::new() }
    }

    /// Of one handler alone.
    pub(crate) fn only(
        event_type: Option<&'static EventType>,
        info: &'static HandlerInfo,
        runner: Runner,
    ) -> Self {
        Self { is_for_all: false, ..Self::new(event_type, [(info, runner)].iter()) }
    }

    /// The tables of each handler alone, in their order.
    #[inline]
    pub(crate) fn units(&self) -> &[Self] {
        if self.outline.handlers.len() == 1 {
            slice::from_ref(self)
        } else {
            self.units.get_or_init(|| self.split())
        }
    }

    #[cold]
    fn split(&self) -> Box<[Self]> {
        let sync = self.sync.iter().map(|run| Runner::Sync(Arc::clone(run)));
        let asynchronous = self.asynchronous.iter().map(|run| Runner::Async(Arc::clone(run)));
        let runners = self.outline.handlers.iter().zip(sync.chain(asynchronous));
        runners.map(|(info, runner)| Self::only(self.outline.event_type, info, runner)).collect()
    }

    /// Whether it has no handler at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.outline.handlers.is_empty()
    }

    pub(crate) fn async_handlers(&self) -> &'static [&'static HandlerInfo] {
        &self.outline.handlers[self.sync.len()..]
    }
}

/// The same outline for the whole run of the program, so that a receipt can name the handlers without
/// an allocation or a reference count. Buses with the same handlers share their outlines, so a
/// program keeps as many as it has different sets of handlers.
fn interned(outline: Outline) -> &'static Outline {
    type OutlineKey = (Option<usize>, Vec<usize>);
    static OUTLINES: Mutex<BTreeMap<OutlineKey, &'static Outline>> = Mutex::new(BTreeMap::new());
    let event = outline.event_type.map(|event_type| std::ptr::from_ref(event_type).addr());
    let handlers = outline.handlers.iter().map(|info| std::ptr::from_ref(*info).addr()).collect();
    let mut outlines = OUTLINES.lock().unwrap_or_else(PoisonError::into_inner);
    outlines.entry((event, handlers)).or_insert_with(|| Box::leak(Box::new(outline)))
}
