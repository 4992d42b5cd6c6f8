//! A backlog in memory that fails, or takes time, where a test says so.

#![allow(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;
use std::time::Duration;

use atoms::{
    Acknowledgement, Backlog, BacklogRoom, DelayedEvent, DelayedFilter, EventId, MemoryBacklog, NewPost,
    QueueDepths, StoreError, StoreErrorKind, StoreFuture, Taken, Ticket,
};

/// What is asked of the backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Post,
    Take,
    Ready,
    Acknowledge,
    GiveBack,
    Cancel,
}

/// How it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    AtOnce,
    /// When its future is polled for the second time.
    Later,
    /// At once; its future is ready some time after that.
    ToldLater,
    Never,
    Fails,
    Panics,
}

pub(crate) struct Faulty {
    memory: MemoryBacklog,
    way: Box<dyn Fn(Call) -> Way + Send + Sync>,
}

impl Faulty {
    pub(crate) fn new(way: impl Fn(Call) -> Way + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { memory: MemoryBacklog::default(), way: Box::new(way) })
    }

    fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call,
        act: impl FnOnce(&'a MemoryBacklog) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        match (self.way)(call) {
            Way::AtOnce => act(&self.memory),
            Way::Later => Box::pin(async {
                tokio::task::yield_now().await;
                act(&self.memory).await
            }),
            Way::ToldLater => {
                let done = act(&self.memory);
                Box::pin(async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    done.await
                })
            }
            Way::Panics => panic!("the backlog panics"),
            Way::Never => Box::pin(std::future::pending()),
            Way::Fails => {
                let error = StoreError::new(StoreErrorKind::Unavailable, "the disk is full");
                Box::pin(std::future::ready(Err(error)))
            }
        }
    }
}

impl Backlog for Faulty {
    fn post(&self, posts: Vec<NewPost>) -> StoreFuture<'_, Vec<u64>> {
        self.call(Call::Post, |memory| memory.post(posts))
    }

    fn room(&self, room: BacklogRoom, bytes: usize) -> StoreFuture<'_, ()> {
        self.memory.room(room, bytes)
    }

    fn take(&self, limit: usize) -> StoreFuture<'_, Vec<Taken>> {
        self.call(Call::Take, move |memory| memory.take(limit))
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        self.call(Call::Ready, MemoryBacklog::ready)
    }

    fn acknowledge(&self, done: Acknowledgement) -> StoreFuture<'_, ()> {
        self.call(Call::Acknowledge, |memory| memory.acknowledge(done))
    }

    fn give_back(&self, ticket: Ticket) -> StoreFuture<'_, ()> {
        self.call(Call::GiveBack, move |memory| memory.give_back(ticket))
    }

    fn cancel(&self, event: EventId) -> StoreFuture<'_, bool> {
        self.call(Call::Cancel, |memory| memory.cancel(event))
    }

    fn is_pending(&self, event: EventId) -> StoreFuture<'_, bool> {
        self.memory.is_pending(event)
    }

    fn delayed(&self, filter: DelayedFilter, limit: usize) -> StoreFuture<'_, Vec<DelayedEvent>> {
        self.memory.delayed(filter, limit)
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        self.memory.count()
    }

    fn depths(&self) -> StoreFuture<'_, QueueDepths> {
        self.memory.depths()
    }
}
