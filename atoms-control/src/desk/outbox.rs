//! Posting what a store keeps to be posted.

use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{Bus, NewPost, PostError, PostRefusal, StoreError};
use tokio::time::timeout;

use super::Desk;

/// How many events are read at once.
const BATCH: usize = 64;

/// How long a backlog may take to have room. Whoever answers in a handler must not wait for long: it may be the one that
/// takes the room.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why something is not posted yet.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotPosted {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("the backlog has no room")]
    NoRoom,
}

impl Desk {
    /// Posts all that is to be posted. What cannot be posted now, is later.
    pub(super) async fn post(self: &Arc<Self>, bus: &Bus) {
        if self.post_all(bus).await.is_err() {
            self.look_again(bus);
        }
    }

    pub(super) async fn post_all(&self, bus: &Bus) -> Result<(), NotPosted> {
        let _only = self.posting.lock().await;
        loop {
            let batch = self.store.unposted(BATCH).await?;
            let is_last = batch.len() < BATCH;
            for post in batch {
                let id = post.event.id().clone();
                put(bus, post).await?;
                self.store.posted(vec![id]).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// Posts one event: in the queue of the bus, whether it is full or not, since how many questions there are is bounded; or in
/// its backlog, when that has room.
async fn put(bus: &Bus, post: NewPost) -> Result<(), NotPosted> {
    let posting = |post: &NewPost| bus.post_any(post.event.clone()).priority(post.priority);
    match posting(&post).try_send() {
        Ok(()) => Ok(()),
        Err(error) => match error.reason() {
            PostRefusal::Full { .. } | PostRefusal::FullOfBytes { .. } => {
                Ok(posting(&post).beyond_capacity().try_send()?)
            }
            PostRefusal::MustWait => {
                Ok(timeout(PATIENCE, posting(&post).into_future()).await.map_err(|_| NotPosted::NoRoom)??)
            }
            _ => Err(error.into()),
        },
    }
}
