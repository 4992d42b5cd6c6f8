//! A store that fails.

use std::io;
use std::sync::{Arc, Mutex};

use atoms::control::{End, Ending, Opening, Question, QuestionFilter, QuestionId, QuestionStore};
use atoms::prelude::*;
use atoms::server::{AuthError, Routes, Server};
use atoms::{EventId, NewPost, StoreError, StoreErrorKind, StoreFuture};
use tracing_subscriber::util::SubscriberInitExt;

use crate::client::{get, post};
use crate::server::{ADA, Running, routes, tokens};

struct Gone;

fn gone<T: Send + 'static>() -> StoreFuture<'static, T> {
    Box::pin(async { Err(StoreError::new(StoreErrorKind::Unavailable, "the disk is gone\nall of it")) })
}

impl QuestionStore for Gone {
    fn open(&self, _: Arc<Question>, _: Vec<NewPost>) -> StoreFuture<'_, Opening> {
        gone()
    }

    fn end(&self, _: QuestionId, _: End, _: Vec<NewPost>) -> StoreFuture<'_, Ending> {
        gone()
    }

    fn get(&self, _: QuestionId) -> StoreFuture<'_, Option<Arc<Question>>> {
        gone()
    }

    fn find(&self, _: String) -> StoreFuture<'_, Option<Arc<Question>>> {
        gone()
    }

    fn list(
        &self,
        _: QuestionFilter,
        _: Option<QuestionId>,
        _: usize,
    ) -> StoreFuture<'_, Vec<Arc<Question>>> {
        gone()
    }

    fn next_deadlines(&self, _: usize) -> StoreFuture<'_, Vec<Arc<Question>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn unposted(&self, _: usize) -> StoreFuture<'_, Vec<NewPost>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn posted(&self, _: Vec<EventId>) -> StoreFuture<'_, ()> {
        gone()
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        gone()
    }
}

/// What this thread writes to the log.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_is_told_what_has_failed_and_the_caller_is_not() {
    let written = Written::default();
    let writer = written.clone();
    let _guard = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).set_default();
    let bus = Bus::builder().without_discovery().question_store(Arc::new(Gone)).start().unwrap();
    let server = Running::of(Server::without_sessions().routes(routes()), bus).await;
    for _ in 0..20 {
        for answer in [
            get(server.address, ADA, "/questions").await,
            get(server.address, ADA, "/questions?wait=30s").await,
            get(server.address, ADA, "/questions/refund?wait=30s").await,
            post(server.address, ADA, "/questions/refund/approve", "").await,
        ] {
            answer.problem(503);
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert!(!answer.body.contains("disk"), "{answer:?}");
        }
    }
    let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = written.lines().filter(|line| line.contains("a request failed")).collect();
    assert!(lines[0].contains("ERROR") && lines[0].contains(r"the disk is gone\nall of it"), "{written}");
    assert!((1..=30).contains(&lines.len()), "{} lines for 80 requests", lines.len());
}

#[tool(approve = "clark")]
fn refund(cents: u64) -> u64 {
    cents
}

#[tool(approve = "manager")]
fn pay(cents: u64) -> u64 {
    cents
}

#[tokio::test]
async fn the_log_warns_once_of_each_tool_whose_role_nobody_has() {
    let written = Written::default();
    let writer = written.clone();
    let _guard = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).set_default();
    let bus = || Bus::builder().without_discovery().tool::<refund>().tool::<pay>().start().unwrap();
    let warnings = || {
        let text = String::from_utf8(std::mem::take(&mut *written.0.lock().unwrap())).unwrap();
        text.lines().filter(|line| line.contains("`/questions`")).map(String::from).collect::<Vec<_>>()
    };
    let clerk = || Routes::new().questions(tokens().token("c", Principal::new("cy").role("clerk")));
    let server = Running::of(Server::without_sessions().routes(clerk()), bus()).await;
    for _ in 0..3 {
        get(server.address, ADA, "/questions").await;
    }
    drop(clerk().into_router(bus()));
    let warned = warnings();
    assert_eq!(warned.len(), 2, "once for each server: {warned:?}");
    for line in warned {
        assert!(
            line.contains("WARN") && line.contains("the tool `refund` asks for the role `clark`"),
            "{line}"
        );
        assert!(line.ends_with("did you mean `clerk`?"), "{line}");
    }

    // Where the application says who they are, nothing is known.
    let own = Routes::new()
        .questions(|_: atoms::server::Parts| async { Ok::<_, AuthError>(Principal::new("ada")) });
    drop(own.into_router(bus()));
    assert_eq!(warnings(), Vec::<String>::new());
}
