//! A store in one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use atoms_control::{HistoryStore, QuestionStore};
use atoms_runtime::{Backlog, LetterStore};

use crate::backlog::{Leases, Posts};
use crate::file::{File, Limits, OpenError};
use crate::history::Past;
use crate::letters::Letters;
use crate::questions::Asked;

const MIB: usize = 1024 * 1024;

/// Posted events, dead letters and questions in one SQLite file.
///
/// A clone is the same store. The file is closed, and other programs can open it, when all clones and all buses that have
/// them are gone.
///
/// ```
/// use atoms::prelude::*;
/// use atoms::store::{Sqlite, StoreBuilder};
///
/// #[event(type = "shop.order.created")]
/// struct OrderCreated {
///     order_id: String,
/// }
///
/// #[handler(id = "shop.bill")]
/// async fn bill(order: &OrderCreated) {
///     println!("billed {}", order.order_id);
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # std::env::set_current_dir(&directory)?;
/// let bus = Bus::builder().store(Sqlite::open("shop.db")?).start()?;
/// bus.post(OrderCreated { order_id: "o-1".into() }).await?; // on the disk, and billed whatever happens to the process
/// # bus.idle().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Sqlite {
    posts: Arc<Posts>,
    pub(crate) letters: Arc<Letters>,
    questions: Arc<Asked>,
    history: Arc<Past>,
    pub(crate) file: Arc<File>,
    pub(crate) inbox: usize,
}

/// How a [`Sqlite`] is opened, and how much it keeps.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened unless `open` is called"]
pub struct SqliteOptions {
    posts: Limits,
    letters: Limits,
    questions: Limits,
    history: Limits,
    inbox: usize,
    max_bytes: Option<u64>,
}

impl Sqlite {
    /// Opens the file, or creates it. Waits for the disk, and up to a second for another program that has the file and is
    /// ending.
    ///
    /// Fails if another program has the file, if a later version of this crate has written it, or if it cannot be written.
    /// The file is then unchanged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open(path)
    }

    /// Returns options, to change how much the store keeps.
    pub fn options() -> SqliteOptions {
        SqliteOptions {
            posts: Limits { number: 1_000_000, bytes: 4_096 * MIB },
            letters: Limits { number: 10_000, bytes: 256 * MIB },
            questions: Limits { number: 10_000, bytes: 256 * MIB },
            history: Limits { number: 100_000, bytes: 256 * MIB },
            inbox: 1_000_000,
            max_bytes: None,
        }
    }

    pub(crate) fn post_limits(&self) -> Limits {
        self.posts.limits
    }

    pub(crate) fn leases(&self) -> &Arc<Leases> {
        &self.posts.leases
    }

    /// Returns the store of posted events.
    pub fn backlog(&self) -> Arc<dyn Backlog> {
        self.posts.clone()
    }

    /// Returns the store of dead letters.
    pub fn letters(&self) -> Arc<dyn LetterStore> {
        self.letters.clone()
    }

    /// Returns the store of questions. The events that tell of them are posted in the [backlog](Self::backlog) of the same
    /// file, so the bus needs both.
    pub fn questions(&self) -> Arc<dyn QuestionStore> {
        self.questions.clone()
    }

    /// Returns the store of the history. A bus keeps one only if it is told to.
    ///
    /// No emit waits for it: up to 4,096 events, of 16 MiB together, wait for the thread that writes, and are written in one
    /// commit. Events beyond that are lost, and counted. If the process ends, those are lost that wait, also in an orderly
    /// end, unless [`flush`](HistoryStore::flush) is awaited before. If the power fails, up to 1 MiB before those are lost.
    ///
    /// ```
    /// use atoms::control::{ErrorReported, History, Tell};
    /// use atoms::prelude::*;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("shop.db");
    /// let store = Sqlite::open(&path)?;
    /// let bus = Bus::builder().without_discovery().history(History::new().store(store.history())).store(store).start()?;
    /// bus.source("importer").error("the connection timed out").await?;
    /// bus.idle().await;
    /// let errors = bus.history().of::<ErrorReported>().list().await?; // also those of earlier processes
    /// assert_eq!(errors[0].to_string(), "atoms.error.reported: the connection timed out");
    /// # Ok(())
    /// # }
    /// ```
    pub fn history(&self) -> Arc<dyn HistoryStore> {
        self.history.clone()
    }
}

impl SqliteOptions {
    /// Sets how many posted events of each priority there may be, and as many that are due later, and how many bytes of
    /// memory those of one kind may take: 1,000,000 and 4 GiB by default.
    pub fn posts(mut self, number: usize, bytes: usize) -> Self {
        self.posts = Limits { number, bytes };
        self
    }

    /// Sets how many dead letters are kept, and how many bytes of memory they may take: 10,000 and 256 MiB by default.
    pub fn letters(mut self, number: usize, bytes: usize) -> Self {
        self.letters = Limits { number, bytes };
        self
    }

    /// Sets how many questions may be open, and how many bytes of memory they may take, and as many that have ended: 10,000
    /// and 256 MiB by default.
    pub fn questions(mut self, number: usize, bytes: usize) -> Self {
        self.questions = Limits { number, bytes };
        self
    }

    /// Sets how many events of the history are kept, and how many bytes of JSON they may take: 100,000 and 256 MiB by default.
    pub fn history(mut self, number: usize, bytes: usize) -> Self {
        self.history = Limits { number, bytes };
        self
    }

    /// Sets how many deliveries to handlers with a [`Tx`](crate::Tx) are remembered as done: the last 1,000,000 by default.
    /// An event that comes again after that is handled again.
    pub fn inbox(mut self, number: usize) -> Self {
        self.inbox = number;
        self
    }

    /// Sets how large the file may become: as large as the disk by default. A write without room fails as on a full disk.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Opens the file: see [`Sqlite::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<Sqlite, OpenError> {
        let path: PathBuf = path.as_ref().into();
        let (file, last_letter) = File::open(&path, self.max_bytes, crate::letters::last)?;
        let file = Arc::new(file);
        let letters = Arc::new(Letters::new(Arc::clone(&file), self.letters, last_letter));
        Ok(Sqlite {
            posts: Arc::new(Posts::new(Arc::clone(&file), self.posts, Arc::clone(&letters))),
            letters,
            questions: Arc::new(Asked::new(Arc::clone(&file), self.questions, self.posts)),
            history: Arc::new(Past::new(Arc::clone(&file), self.history)),
            file,
            inbox: self.inbox,
        })
    }
}
