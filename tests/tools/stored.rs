//! Calls whose questions and transactions are in a file, which outlives the process.

use std::path::Path;
use std::time::Duration;

use atoms::prelude::*;
use atoms::store::rusqlite::{self, Connection};
use tokio::time::{sleep, timeout};

use crate::log::Log;
use crate::{ada, bob, bus, left, until};

#[tool(approve = "manager")]
fn refund(order_id: String, cents: u64, tx: Tx<'_, Sqlite>) -> Result<u64, rusqlite::Error> {
    tx.execute("INSERT INTO refunds VALUES (?, ?)", (order_id, cents))?;
    Ok(cents)
}

#[hook(after)]
fn ends(done: &mut Done<refund>, log: State<Log>) {
    log.add(done.result.as_ref().map_or_else(ToString::to_string, ToString::to_string));
}

fn started(path: &Path) -> (Bus, std::sync::Arc<Log>) {
    let (builder, log) = bus();
    let builder = builder.store(Sqlite::open(path).unwrap()).tool::<refund>().tool_hook::<ends>();
    (builder.start().unwrap(), log)
}

fn rows(path: &Path) -> u64 {
    Connection::open(path).unwrap().query_row("SELECT count(*) FROM refunds", (), |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_refund_that_is_approved_after_a_restart_is_committed_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE refunds (id TEXT, cents INTEGER)").unwrap();

    let (first, _) = started(&path);
    let args = RefundArgs { order_id: "o-1".into(), cents: 500 };
    let question = left(&first, refund::call(&first, args).principal(&bob())).await;
    assert_eq!(rows(&path), 0);
    first.shutdown(crate::SOON).await.unwrap();
    drop(first);

    let (second, log) = started(&path);
    let edited = serde_json::json!({"order_id": "o-1", "cents": 400});
    second.questions().approve(question.id).edited(edited).by(&ada()).await.unwrap();
    until(|| log.take() == ["400"]).await;
    assert_eq!(rows(&path), 1);
    second.shutdown(crate::SOON).await.unwrap();
    drop(second);

    // The event that says so comes again, as after a process that was killed before it was acknowledged.
    let (third, log) = started(&path);
    let call = question.body["tool_call"]["id"].as_str().unwrap().parse().unwrap();
    let again = atoms::tools::ToolCallApproved { question: question.id, call, tool: "refund".into() };
    third.emit(again).await.into_result().unwrap();
    assert_eq!(log.take(), ["the call of the tool `refund` was made before: what it returned is not known"]);
    assert_eq!(rows(&path), 1);
}

/// The tool's argument had another name when the call was made.
#[tokio::test]
async fn an_approved_call_whose_arguments_cannot_be_read_is_a_dead_letter() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let (first, _) = started(&path);
    let args = RefundArgs { order_id: "o-1".into(), cents: 500 };
    let question = left(&first, refund::call(&first, args)).await;
    first.shutdown(crate::SOON).await.unwrap();
    drop(first);
    let file = Connection::open(&path).unwrap();
    let older = "UPDATE atoms_question SET json = replace(json, '\"order_id\"', '\"order\"')";
    assert_eq!(file.execute(older, ()), Ok(1));

    let (second, _) = started(&path);
    second.questions().approve(question.id).by(&ada()).await.unwrap();
    let letter = async {
        loop {
            match second.dead_letters().list().await.unwrap().into_iter().next() {
                Some(letter) => break letter,
                None => sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let letter = timeout(crate::SOON, letter).await.expect("the call was not made, and nobody is told");
    let why = letter.attempts().last().unwrap().error();
    assert!(why.contains("the tool `refund` was not called") && why.contains("order_id"), "{why}");
}
