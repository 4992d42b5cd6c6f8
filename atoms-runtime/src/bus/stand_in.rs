//! What stands in for a request's handler on the bus of a test.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::BusBuilder;
use crate::engine::runner::{NotDone, Outcome, RunSync, Runner};
use crate::engine::step::Step;
use crate::event::{Asked, Envelope, Request};
use crate::handler::{AnsweredBy, FailureKind, HandlerInfo};

impl BusBuilder {
    /// Answers a request on this bus, in place of the handlers that are linked or named here.
    #[track_caller]
    pub(crate) fn with_stand_in<R, T, F>(mut self, answer: F) -> Self
    where
        R: Request<Kind = Asked<<R as Request>::Reply>>,
        R::Kind: AnsweredBy<T, R::Reply>,
        T: 'static,
        F: Fn(&R) -> T + Send + Sync + 'static,
    {
        let info = info::<R, F>(Location::caller());
        self.stand_ins.retain(|(earlier, _)| earlier.event_types() != info.event_types());
        let runner: Arc<dyn RunSync> = Arc::new(StandIn::<F, R, T> { answer, types: PhantomData });
        self.stand_ins.push((info, Runner::Sync(runner)));
        self
    }
}

/// A closure that answers a request.
struct StandIn<F, R, T> {
    answer: F,
    types: PhantomData<fn(R) -> T>,
}

impl<F, R, T> RunSync for StandIn<F, R, T>
where
    R: Request<Kind = Asked<<R as Request>::Reply>>,
    R::Kind: AnsweredBy<T, R::Reply>,
    F: Fn(&R) -> T + Send + Sync + 'static,
{
    fn run(&self, step: &Step<'_>) -> Outcome {
        let request = step.event.downcast::<R>().map(Envelope::event);
        let request = request.ok_or_else(|| NotDone::failed(FailureKind::WrongEvent))?;
        let reply = R::Kind::reply((self.answer)(request));
        let reply = reply.map_err(|error| NotDone::failed(FailureKind::Error(error)))?;
        step.delivery(self.handler()).reply(reply);
        Ok(())
    }

    fn accepts(&self, _: &Step<'_>) -> bool {
        true
    }

    fn handler(&self) -> fn() -> &'static HandlerInfo {
        || info::<R, F>(Location::caller())
    }
}

/// The description of a stand-in, which is made once for each closure in the source: handlers are
/// described for as long as the program runs.
fn info<R: Request, F: 'static>(place: &'static Location<'static>) -> &'static HandlerInfo {
    static INFOS: LazyLock<Mutex<HashMap<TypeId, &'static HandlerInfo>>> = LazyLock::new(Mutex::default);
    let mut infos = INFOS.lock().unwrap_or_else(PoisonError::into_inner);
    infos.entry(TypeId::of::<(R, F)>()).or_insert_with(|| {
        // Closures of one function have one name.
        let (path, id) = (type_name::<F>(), format!("{} at {place}", type_name::<F>()));
        Box::leak(Box::new(HandlerInfo::stand_in::<R>(path, place).with_id(id.leak())))
    })
}
