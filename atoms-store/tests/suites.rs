//! What any backlog, store of letters, of questions and of a history does.

use std::cell::Cell;

use atoms::store::{Sqlite, SqliteOptions};

/// Opens a new file at each call.
fn opening(set: impl Fn(SqliteOptions, usize, usize) -> SqliteOptions) -> impl Fn(usize, usize) -> Sqlite {
    let directory = tempfile::tempdir().unwrap();
    let number = Cell::new(0);
    move |capacity, bytes| {
        number.set(number.get() + 1);
        let path = directory.path().join(format!("{}.db", number.get()));
        set(Sqlite::options(), capacity, bytes).open(path).unwrap()
    }
}

async fn check_backlog() {
    let open = opening(SqliteOptions::posts);
    let make = |capacity, bytes| {
        let store = open(capacity, bytes);
        async move { store.backlog() }
    };
    atoms::testing::backlog::check(make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_backlog() {
    check_backlog().await;
}

#[tokio::test]
async fn a_file_is_a_backlog_in_a_runtime_of_one_thread() {
    check_backlog().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_keeps_letters_in_the_commits_that_acknowledge() {
    let open = opening(|options, _, _| options);
    let make = || {
        let store = open(0, 0);
        assert!(store.backlog().keeps_letters_in(&*store.letters()));
        async move { (store.backlog(), store.letters()) }
    };
    atoms::testing::backlog::check_letters(make).await;
}

#[tokio::test]
async fn a_file_is_a_store_of_letters() {
    let open = opening(SqliteOptions::letters);
    atoms::testing::letters::check(|capacity, bytes| {
        let store = open(capacity, bytes);
        async move { store.letters() }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_store_of_questions() {
    let open = opening(SqliteOptions::questions);
    atoms::control::testing::questions::check(|capacity, bytes| {
        let store = open(capacity, bytes);
        async move { store.questions() }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_store_of_a_history() {
    let open = opening(SqliteOptions::history);
    atoms::control::testing::history::check(|events, bytes| {
        let store = open(events, bytes);
        async move { store.history() }
    })
    .await;
}
