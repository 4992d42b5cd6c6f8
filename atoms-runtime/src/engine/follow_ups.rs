//! The events that follow from a root event: driven by the root's future, none inside another's.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::Engine;
use super::deliver::Progress;
use super::emission::Way;
use super::receipt::Receipt;
use super::step::Step;
use super::worklist::{Queued, Worklist};
use crate::event::AnyEvent;
use crate::handler::Refusal;

/// A receipt with its node, and the node of the event that it followed from.
struct Finished {
    node: usize,
    parent: usize,
    /// The bytes that the event took.
    size: usize,
    receipt: Receipt,
}

/// How many events are started before other tasks of the executor have their turn.
const STARTS_PER_POLL: usize = 256;

type FollowUp = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// The events that followed from a root event.
pub(crate) struct FollowUps<'a> {
    step: &'a Step<'a>,
    active: Option<FuturesUnordered<FollowUp>>,
    finished: Vec<Finished>,
    /// The place of the next event's receipt; the root's is 0.
    next: usize,
}

impl<'a> FollowUps<'a> {
    #[inline]
    pub(crate) fn new(step: &'a Step<'a>) -> Self {
        Self { step, active: None, finished: Vec::new(), next: 1 }
    }

    /// How many were started and are not done.
    pub(crate) fn running(&self) -> usize {
        self.active.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// Starts what is in the worklist and drives what was started; `true` when nothing is left.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(worklist) = self.step.worklist() else { return true };
        worklist.register(cx.waker());
        let mut left = STARTS_PER_POLL;
        loop {
            while let Some(queued) = worklist.pop() {
                self.start(queued, worklist, cx);
                left -= 1;
                if left == 0 {
                    cx.waker().wake_by_ref();
                    return false;
                }
            }
            let polled = self.active.as_mut().map(|active| active.poll_next_unpin(cx));
            match polled {
                Some(Poll::Ready(Some(finished))) => {
                    worklist.done(finished.size);
                    self.finished.push(finished);
                }
                Some(Poll::Pending) if worklist.is_empty() => return false,
                None | Some(Poll::Ready(None)) if worklist.is_empty() => return true,
                _ => {}
            }
        }
    }

    fn start(&mut self, queued: Queued, worklist: &Arc<Worklist>, cx: &mut Context<'_>) {
        let node = self.next;
        self.next += 1;
        let follow_up = deliver_follow_up(Arc::clone(self.step.bus), Arc::clone(worklist), queued, node);
        let mut follow_up: FollowUp = Box::pin(follow_up);
        match follow_up.as_mut().poll(cx) {
            Poll::Ready(finished) => {
                worklist.done(finished.size);
                self.finished.push(finished);
            }
            Poll::Pending => self.active.get_or_insert_default().push(follow_up),
        }
    }

    /// Writes into the root's receipt what followed from it, and what was lost.
    pub(crate) fn settle(mut self, receipt: &mut Receipt) {
        if let Some(worklist) = self.step.worklist() {
            receipt.set_lost(worklist.take_lost());
        }
        receipt.set_follow_ups(self.take_tree());
    }

    /// The receipts of those that the root's handlers emitted, with theirs in them.
    fn take_tree(&mut self) -> Vec<Receipt> {
        if self.finished.is_empty() {
            return Vec::new();
        }
        self.finished.sort_unstable_by_key(|finished| finished.node);
        let mut children: Vec<Vec<Receipt>> = Vec::new();
        children.resize_with(self.next, Vec::new);
        // A child's node is larger than its parent's, so going backwards all children are there.
        for Finished { node, parent, mut receipt, .. } in std::mem::take(&mut self.finished).into_iter().rev()
        {
            let mut own = std::mem::take(&mut children[node]);
            own.reverse();
            receipt.set_follow_ups(own);
            children[parent].push(receipt);
        }
        let mut roots = children.swap_remove(0);
        roots.reverse();
        roots
    }
}

impl Drop for FollowUps<'_> {
    fn drop(&mut self) {
        let Some(worklist) = self.step.worklist() else { return };
        worklist.take_lost();
        for Queued { event, .. } in worklist.close() {
            tracing::warn!(r#type = event.event_type(), id = %event.id(), "cancelled before it was delivered");
        }
    }
}

async fn deliver_follow_up(
    bus: Arc<Engine>,
    worklist: Arc<Worklist>,
    Queued { event, cause, parent, refusal, size }: Queued,
    node: usize,
) -> Finished {
    let receipt = if bus.looks_at(event.event_ref().head()) {
        let way = if refusal.is_some() { Way::Nowhere } else { Way::Carried };
        let emitted = bus.emitted(event, (way, false), None, |(event, verdict), _| {
            let refusal = refusal.or_else(|| verdict.err().map(Refusal::Vetoed));
            Box::pin(async { deliver(&bus, worklist, &{ event }, refusal, node).await })
        });
        match cause {
            Some(cause) => bus.within(&cause, emitted).await,
            None => emitted.await,
        }
    } else {
        deliver(&bus, worklist, &event, refusal, node).await
    };
    Finished { node, parent, size, receipt }
}

async fn deliver(
    bus: &Arc<Engine>,
    worklist: Arc<Worklist>,
    event: &AnyEvent,
    refusal: Option<Refusal>,
    node: usize,
) -> Receipt {
    let step = Step::of_follow_up(event, bus, worklist, node);
    let mut progress = Progress::new(&step);
    progress.deliver(refusal).await;
    progress.into_receipt()
}
