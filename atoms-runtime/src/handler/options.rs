//! What `#[handler(...)]` says of how a handler is run.

use std::time::Duration;

use super::retry::Judgement;
use super::{HandlerError, HandlerInfo, Retry};

/// What `#[handler(...)]` says.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) order: i32,
    pub(super) allow_cycle: bool,
    pub(super) retry: Option<Retry>,
    pub(super) judge: Option<Judgement>,
    pub(super) timeout: Option<Duration>,
    pub(super) concurrency: Option<usize>,
    pub(super) pattern: Option<&'static str>,
    pub(super) post: bool,
    pub(super) detached: bool,
    pub(super) id: Option<&'static str>,
    pub(super) was: &'static [&'static str],
}

impl Options {
    pub(super) const DEFAULT: Self = Self {
        order: 0,
        allow_cycle: false,
        retry: None,
        judge: None,
        timeout: None,
        concurrency: None,
        pattern: None,
        post: false,
        detached: false,
        id: None,
        was: &[],
    };
}

macro_rules! options {
    ($($with:ident($($value:ident: $ty:ty)?) sets $option:ident = $new:expr;)*) => {
        /// What `#[handler(...)]` says, for its expansion.
        #[doc(hidden)]
        impl HandlerInfo {
            $(
                #[must_use]
                pub const fn $with(mut self $(, $value: $ty)?) -> Self {
                    self.options.$option = $new;
                    self
                }
            )*
        }
    };
}

options! {
    with_order(order: i32) sets order = order;
    with_allow_cycle() sets allow_cycle = true;
    with_retry(retry: Retry) sets retry = Some(retry);
    with_judge(judge: fn(&HandlerError) -> Option<Duration>) sets judge = Some(judge);
    with_timeout(timeout: Duration) sets timeout = Some(timeout);
    with_concurrency(calls: usize) sets concurrency = Some(calls);
    with_pattern(pattern: &'static str) sets pattern = Some(pattern);
    with_post() sets post = true;
    with_detached() sets detached = true;
    with_id(id: &'static str) sets id = Some(id);
    with_was(was: &'static [&'static str]) sets was = was;
}
