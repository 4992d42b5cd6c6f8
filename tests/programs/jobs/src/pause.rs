//! A layer, which holds deliveries or refuses them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use atoms::{Delivery, ExtractError, FromDelivery, Layer, Next, Outcome, PrepareError, StartContext, Veto};
use tokio::sync::watch;

/// Whether the handlers of a bus are called: all clones say the same.
#[derive(Debug, Clone, Default)]
pub struct Pause(Arc<watch::Sender<Going>>);

#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Going {
    #[default]
    On,
    Paused,
    Cancelled,
}

impl Pause {
    /// Holds deliveries until [`resume`](Self::resume) is called.
    pub fn pause(&self) {
        self.0.send_replace(Going::Paused);
    }

    /// Goes on with what was held.
    pub fn resume(&self) {
        self.0.send_replace(Going::On);
    }

    /// Refuses deliveries, and those that are held.
    pub fn cancel(&self) {
        self.0.send_replace(Going::Cancelled);
    }
}

impl Layer for Pause {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        let begun = Instant::now();
        let mut going = self.0.subscribe();
        match going.wait_for(|going| *going != Going::Paused).await.as_deref() {
            Ok(Going::Cancelled) => return Err(Veto::new("the jobs are cancelled").into()),
            Ok(Going::On | Going::Paused) => {}
            Err(_) => unreachable!("the layer has the sender"),
        }
        next.run_with(&Held(begun.elapsed())).await
    }
}

/// How long a delivery was held by [`Pause`]: a parameter of handlers.
#[derive(Debug, Clone, Copy)]
pub struct Held(pub Duration);

impl FromDelivery for Held {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        delivery
            .extension()
            .copied()
            .ok_or_else(|| ExtractError::missing("no `Pause` is around the delivery"))
    }
}
