//! Who helps.

use std::time::Duration;

use atoms::agent::SessionError;
use atoms::prelude::*;
use futures_util::Stream;

use crate::speech::words;
use crate::{Case, ColleagueWanted, ParcelFound, SupportTurn};

/// Knows where parcels are, after a while.
#[derive(Debug)]
pub struct Carrier {
    pub takes: Duration,
}

impl Default for Carrier {
    fn default() -> Self {
        Self { takes: Duration::from_millis(500) }
    }
}

impl Carrier {
    async fn find(&self, order: u32) -> String {
        tokio::time::sleep(self.takes).await;
        if order.is_multiple_of(2) { "on a lorry".into() } else { "at your neighbour's".into() }
    }
}

/// Helps with what was ordered.
#[derive(Debug, Default)]
pub struct Support;

#[node(output)]
impl Support {
    #[respond]
    fn look(
        &mut self,
        turn: SupportTurn,
        session: Session,
        carrier: State<Carrier>,
        case: SessionState<Case>,
    ) -> Result<Option<impl Stream<Item = String> + use<>>, SessionError> {
        if case.lock().with_colleague {
            return Ok(None);
        }
        let order = turn.order;
        // The conversation goes on meanwhile.
        session.spawn(async move { ParcelFound { order, place: carrier.find(order).await } })?;
        Ok(Some(words(&format!("I ask the carrier for {order}."))))
    }

    #[respond]
    fn call(
        &mut self,
        _: ColleagueWanted,
        case: SessionState<Case>,
    ) -> Option<impl Stream<Item = String> + use<>> {
        let was_called = std::mem::replace(&mut case.lock().with_colleague, true);
        (!was_called).then(|| words("A colleague will talk to you."))
    }

    #[respond]
    fn found(
        &mut self,
        parcel: ParcelFound,
        case: SessionState<Case>,
    ) -> Option<impl Stream<Item = String> + use<>> {
        let is_silent = case.lock().with_colleague;
        (!is_silent).then(|| words(&format!("Your parcel {} is {}.", parcel.order, parcel.place)))
    }
}
