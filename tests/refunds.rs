//! The demo whose server is killed: what is in its file in the end.

#![cfg(not(miri))]

use std::path::Path;
use std::process::{Command, Output};
use std::{env, str};

use atoms::store::Outside;
use atoms::store::rusqlite::Connection;

/// Plays the story on this file. Cargo builds examples beside the directory of the test programs.
fn play(file: &Path) -> Output {
    let test = env::current_exe().unwrap();
    let examples = test.ancestors().nth(2).unwrap().join("examples");
    let program = examples.join(format!("refunds{}", env::consts::EXE_SUFFIX));
    let mut story = Command::new(&program);
    story.arg("--store").arg(file).env("no_proxy", "127.0.0.1");
    story.output().unwrap_or_else(|error| panic!("{}: {error}; is the example built?", program.display()))
}

fn refunds(file: &Path) -> Vec<(String, u64)> {
    let shop = Connection::open(file).unwrap();
    let mut rows = shop.prepare("SELECT order_id, cents FROM refunds ORDER BY number").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn what_was_approved_is_refunded_once_however_often_the_server_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("shop.db");
    let story = play(&file);
    let said = str::from_utf8(&story.stdout).unwrap();
    assert!(story.status.success(), "{said}\n{}", String::from_utf8_lossy(&story.stderr));
    assert_eq!(said.matches("$ kill -9 ").count(), 4, "{said}");
    assert_eq!(refunds(&file), [("1001".to_owned(), 1_500), ("1002".to_owned(), 8_900)]);
    let left = Outside::open(&file).unwrap();
    assert_eq!(left.posts(10).unwrap(), []);
    assert_eq!(left.letters(10).unwrap(), []);
    assert_eq!(left.questions(10).unwrap().len(), 0);
}

#[test]
fn a_story_that_does_not_come_true_has_failed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("shop.db");
    assert!(play(&file).status.success());
    let again = play(&file);
    assert!(!again.status.success());
    let why = String::from_utf8_lossy(&again.stderr);
    assert!(why.contains("nothing is refunded before somebody says yes"), "{why}");
}
