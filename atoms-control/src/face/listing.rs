//! Which questions are open.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::StoreError;

use super::{Questions, Watch};
use crate::principal::Principal;
use crate::question::{Question, QuestionId, QuestionKind};
use crate::store::QuestionFilter;

/// How many are read from a store at once.
const PAGE: usize = 256;

/// A list of open questions, sorted by when they were opened, as [`Questions::list`] returns it. Await it.
#[derive(Debug)]
#[must_use = "nothing is listed unless this is awaited"]
pub struct Listing<'a> {
    pub(super) questions: Questions<'a>,
    pub(super) filter: QuestionFilter,
}

impl Listing<'_> {
    /// Lists only those of this kind.
    pub fn kind(mut self, kind: QuestionKind) -> Self {
        self.filter.kind = Some(kind);
        self
    }

    /// Lists only those of this session.
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.filter.session = Some(session.into());
        self
    }

    /// Lists only those that this principal may answer.
    pub fn answerable_by(mut self, principal: &Principal) -> Self {
        self.filter.answerable_by = Some(principal.clone());
        self
    }

    /// Tells of changes of the list from now on. A waiting door, or a page that shows the list, lists again when it is
    /// told.
    pub fn watch(self) -> Watch {
        self.questions.desk.look_again(self.questions.bus);
        Watch::new(self.questions.desk, self.filter)
    }

    /// Returns at most `limit` questions after this one: for when there may be too many for one list.
    pub async fn page(
        self,
        above: Option<QuestionId>,
        limit: usize,
    ) -> Result<Vec<Arc<Question>>, StoreError> {
        self.questions.desk.store.list(self.filter, above, limit).await
    }

    async fn all(self) -> Result<Vec<Arc<Question>>, StoreError> {
        let (store, mut all) = (&self.questions.desk.store, Vec::<Arc<Question>>::new());
        loop {
            let above = all.last().map(|last| last.id);
            let page = store.list(self.filter.clone(), above, PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

impl<'a> IntoFuture for Listing<'a> {
    type Output = Result<Vec<Arc<Question>>, StoreError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.all())
    }
}
