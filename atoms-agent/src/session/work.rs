//! Work beside the conversation, whose result comes back as an event.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use atoms_runtime::{
    AnyEvent, Dispatch, EmitOutcome, Event, EventTypes, HandlerError, HandlerInfo, Outlet, Output, Refusal,
};
use futures_util::FutureExt;
use tokio::task::JoinSet;

use super::{Session, SessionError};
use crate::events::{AgentError, Init, Severity};
use crate::instance::enter::enter;
use crate::instance::failure::{self, Why};

/// The work of one session that is under way.
#[derive(Default)]
pub(super) struct Work(Mutex<State>);

#[derive(Default)]
struct State {
    /// There is none before the first one.
    tasks: Option<JoinSet<()>>,
    is_over: bool,
}

impl Work {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels all of it. Nothing is added any more.
    pub(super) fn cancel(&self) {
        let mut state = self.lock();
        state.is_over = true;
        if let Some(tasks) = &mut state.tasks {
            tasks.abort_all();
        }
    }

    /// Cancels all of it, and waits until it has stopped.
    pub(super) async fn stopped(&self) {
        self.cancel();
        // Who waits may be dropped, and then another one waits.
        while poll_fn(|cx| match &mut self.lock().tasks {
            Some(tasks) => tasks.poll_join_next(cx),
            None => Poll::Ready(None),
        })
        .await
        .is_some()
        {}
    }
}

impl Session {
    /// Runs a future beside the conversation, for what takes longer than a node should: the node goes on, and its handler
    /// of the result takes that later.
    ///
    /// What the future returns comes into the session as [`emit`](Self::emit) sends it: what a handler may return, of
    /// events that declare `from(bus)` or `to(client)`. It waits for room there. Tools that the future calls, and
    /// events that it emits on the bus, are of this session. A node's answer to what comes back has the id of the request that the
    /// node handled when its method took this `Session`.
    ///
    /// An interrupt does not stop it. The end of the session does, at its next await. If it fails or panics, that is in the
    /// log, and the client is sent an `agent.error`, as after a handler.
    ///
    /// ```
    /// use atoms::agent::events::{Speak, TranscriptUpdate};
    /// use atoms::agent::{Session, SessionError, node};
    /// use atoms::event;
    ///
    /// #[event(type = "shop.stock.counted", from(bus))]
    /// struct StockCounted {
    ///     nails: u32,
    /// }
    ///
    /// # async fn count() -> u32 { 3 }
    /// #[derive(Default)]
    /// struct Clerk;
    ///
    /// #[node]
    /// impl Clerk {
    ///     #[handler]
    ///     fn ask(&mut self, _: &TranscriptUpdate, session: Session) -> Result<(), SessionError> {
    ///         session.spawn(async { StockCounted { nails: count().await } })
    ///     }
    ///
    ///     #[handler]
    ///     fn tell(&mut self, counted: &StockCounted) -> Speak {
    ///         Speak { text: format!("There are {} nails.", counted.nails) }
    ///     }
    /// }
    /// ```
    ///
    /// An event that could go nowhere does not compile:
    ///
    /// ```compile_fail,E0080
    /// # use atoms::agent::Session;
    /// # use atoms::event;
    /// #[event(type = "shop.order.counted")]
    /// struct OrderCounted;
    ///
    /// fn count(session: &Session) {
    ///     session.spawn(async { OrderCounted }).ok(); // neither `from(bus)` nor `to(client)`
    /// }
    /// # fn main() { let _ = count as fn(&Session); }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if as many futures run as the session [may have](crate::SessionsBuilder::spawn_limit), or if it has ended.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn spawn<F>(&self, work: F) -> Result<(), SessionError>
    where
        F: Future<Output: Output> + Send + 'static,
    {
        const { assert_may_come_back(&<F::Output as Output>::EMITS) };
        let mut state = self.0.work.lock();
        if state.is_over || self.has_ended() {
            return Err(SessionError::Ended);
        }
        let tasks = state.tasks.get_or_insert_default();
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= self.0.sessions.0.options.spawn_limit {
            return Err(SessionError::TooMuchWork);
        }
        tasks.spawn(self.clone().done(work));
        Ok(())
    }

    /// Does the work, and emits what it returns.
    async fn done<F: Future<Output: Output>>(self, work: F) {
        let init = self.instance().init_event();
        let done = async {
            let output = work.await;
            poll_fn(|cx| self.instance().poll_room_at_roots(cx)).await;
            self.take_back(&init, output)
        };
        let why = match enter(&init, AssertUnwindSafe(done).catch_unwind()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Why::Error(error),
            Err(panic) => Why::panicked(panic),
        };
        let what = "work beside the conversation failed";
        let id = failure::log(Some(self.id()), None, Init::TYPE, what, &why);
        let message = failure::told(what, None, id);
        self.tell(AgentError { message, severity: Severity::Warning, payload: Default::default() });
    }

    fn take_back<T: Output>(&self, init: &AnyEvent, output: T) -> Result<(), HandlerError> {
        static INFO: HandlerInfo =
            HandlerInfo::method::<Init, ()>("Session::spawn", file!(), line!(), EventTypes::NONE, true);
        // It follows from the request that was handled when the work began, if there was one.
        let back: Arc<dyn Outlet> = Arc::new(Back(self.clone()));
        let dispatch = Dispatch::new(init, self.bus_ref(), &back);
        output.emit(&dispatch.delivery(|| &INFO))
    }
}

/// The way back into a session.
struct Back(Session);

impl Outlet for Back {
    fn emit(&self, event: AnyEvent) -> EmitOutcome {
        if self.0.has_ended() {
            return EmitOutcome::Refused(Refusal::SessionEnded);
        }
        self.0.put(event, self.0.1.clone())
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.instance().poll_room_at_roots(cx)
    }
}

/// Fails to compile if one of the events declares neither `from(bus)` nor `to(client)`.
const fn assert_may_come_back(types: &EventTypes) {
    match types {
        EventTypes::One(shape) => assert!(
            shape.flow.from_bus || shape.flow.to_client,
            "what a spawned future returns does not go into sessions: declare `from(bus)` on the event for the nodes, or `to(client)` for the client"
        ),
        EventTypes::All(lists) => {
            let mut list = 0;
            while list < lists.len() {
                assert_may_come_back(lists[list]);
                list += 1;
            }
        }
    }
}
