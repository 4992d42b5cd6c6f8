//! What a store adds to a builder.

use atoms_control::ControlBuilder;
use atoms_runtime::BusBuilder;

use crate::sqlite::Sqlite;
use crate::transaction::{HasStore, layers};

/// What a store adds to a [`BusBuilder`].
pub trait StoreBuilder: Sized {
    /// Keeps what is posted, dead letters and questions in this store, and not in memory.
    ///
    /// [`post`](atoms_runtime::Bus::post) returns when the event is on the disk.
    /// [`try_send`](atoms_runtime::Post::try_send), which cannot wait for that, fails outside of the handlers of posted
    /// events. Sync handlers may take a [`Tx`](crate::Tx).
    #[must_use]
    fn store(self, store: Sqlite) -> Self;
}

impl StoreBuilder for BusBuilder {
    fn store(self, store: Sqlite) -> Self {
        let bus = self.backlog(store.backlog()).letter_store(store.letters());
        let (turns, transactions) = layers(&store);
        bus.question_store(store.questions()).state(HasStore).layer(turns).layer(transactions)
    }
}
