//! The task that sees to what is delayed. It runs no handler, so that none holds it up.

use std::any::Any;
use std::future::poll_fn;
use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::crews::Member;

/// Hands over what is due to the workers of a runtime.
pub(crate) async fn see_to_delays(member: Member) {
    let mut sleep = pin!(None);
    poll_fn(|cx| turn(&member, sleep.as_mut(), cx)).await;
}

/// Ready where there can be no timer.
fn turn(member: &Member, mut sleep: Pin<&mut Option<Sleep>>, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        let Some(wait) = member.queue.hand_over_due(member.runtime, cx) else {
            sleep.set(None);
            return Poll::Pending;
        };
        match sleep.as_mut().as_pin_mut() {
            Some(sleep) => sleep.reset(Instant::now() + wait),
            None => match new_sleep(wait) {
                Ok(new) => sleep.set(Some(new)),
                Err(_) => {
                    tracing::error!(
                        "delayed events wait for a tokio runtime with time; enable it in this one"
                    );
                    return Poll::Ready(());
                }
            },
        }
        if sleep.as_mut().as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_pending()) {
            return Poll::Pending;
        }
    }
}

/// There is no other way to ask a runtime whether it has time.
pub(super) fn new_sleep(wait: Duration) -> Result<Sleep, Box<dyn Any + Send>> {
    catch_unwind(|| tokio::time::sleep(wait))
}
