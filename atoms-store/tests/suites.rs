//! What any backlog, store of letters and store of questions does.

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_backlog() {
    let open = opening(SqliteOptions::posts);
    atoms::testing::backlog::check(|capacity, bytes| {
        let store = open(capacity, bytes);
        async move { store.backlog() }
    })
    .await;
}

#[tokio::test]
async fn a_file_is_a_backlog_in_a_runtime_of_one_thread() {
    let open = opening(SqliteOptions::posts);
    atoms::testing::backlog::check(|capacity, bytes| {
        let store = open(capacity, bytes);
        async move { store.backlog() }
    })
    .await;
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
