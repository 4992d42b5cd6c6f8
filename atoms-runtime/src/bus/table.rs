//! The dispatch tables: who handles what, fixed when the bus starts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::run::{RunAsync, RunSync, Runner};
use crate::event::EventType;
use crate::handler::HandlerInfo;

/// The handlers of one event, in the order in which they run.
#[derive(Default)]
pub(crate) struct Table {
    /// First those of `sync`, then those of `asynchronous`.
    pub(crate) handlers: &'static [&'static HandlerInfo],
    pub(crate) sync: Box<[Arc<dyn RunSync>]>,
    pub(crate) asynchronous: Box<[Arc<dyn RunAsync>]>,
    /// Whether a handler takes just this event; those who see every event do not count.
    pub(crate) handled: bool,
}

/// The tables of all events, by [`EventType::index`].
#[derive(Default)]
pub(crate) struct Tables {
    by_index: Box<[Option<Table>]>,
    /// For events that have no table: those who see every event.
    any: Table,
}

impl Tables {
    /// Makes the tables of handlers that are sorted by their order and path.
    pub(crate) fn new(handlers: &[(&'static HandlerInfo, Runner)]) -> Self {
        let mut positions: Vec<Vec<usize>> = Vec::new();
        let mut seeing_all = Vec::new();
        for (position, (info, _)) in handlers.iter().enumerate() {
            let Some(event_type) = info.event_type() else {
                seeing_all.push(position);
                continue;
            };
            let index = event_type.index();
            positions.resize_with(positions.len().max(index + 1), Vec::new);
            positions[index].push(position);
        }
        let table = |mut positions: Vec<usize>| {
            positions.extend(&seeing_all);
            positions.sort_unstable();
            Table::new(positions.iter().map(|position| &handlers[*position]))
        };
        let any = table(Vec::new());
        let by_index = positions.into_iter().map(|of_event| (!of_event.is_empty()).then(|| table(of_event)));
        Self { by_index: by_index.collect(), any }
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
    fn new<'a>(handlers: impl Iterator<Item = &'a (&'static HandlerInfo, Runner)>) -> Self {
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
        let handled = infos.iter().any(|info| info.event_type().is_some());
        Self { handlers: interned(infos), sync: sync.into(), asynchronous: asynchronous.into(), handled }
    }

    pub(crate) fn async_handlers(&self) -> &'static [&'static HandlerInfo] {
        &self.handlers[self.sync.len()..]
    }
}

/// The same list for the whole run of the program, so that a receipt can name the handlers without
/// an allocation or a reference count. Buses with the same handlers share their lists, so a program
/// keeps as many as it has different sets of handlers.
fn interned(handlers: Vec<&'static HandlerInfo>) -> &'static [&'static HandlerInfo] {
    static LISTS: Mutex<BTreeMap<Vec<usize>, &'static [&'static HandlerInfo]>> = Mutex::new(BTreeMap::new());
    if handlers.is_empty() {
        return &[];
    }
    let key = handlers.iter().map(|info| std::ptr::from_ref(*info).addr()).collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    lists.entry(key).or_insert_with(|| handlers.leak())
}
