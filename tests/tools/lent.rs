//! Tools that take what layers lend, such as a transaction.

use std::sync::{Arc, Mutex};

use atoms::prelude::*;
use atoms::{
    Delivery, ExtractError, FromSyncDelivery, Layer, Lent, Next, Outcome, PrepareError, StartContext,
    SyncDelivery, SyncLayer, SyncNext,
};

use crate::log::Log;
use crate::{SOON, ada, bus, left, until};

/// It borrows from what a layer has, and can be used on one thread only.
struct Transaction<'a> {
    log: &'a Log,
    _one_thread: std::marker::PhantomData<*const ()>,
}

struct TransactionLent;

impl Lent for TransactionLent {
    type Value<'a> = Transaction<'a>;

    fn shorten<'short, 'long: 'short>(value: &'short Transaction<'long>) -> &'short Transaction<'short> {
        value
    }
}

struct Tx<'a>(&'a Transaction<'a>);

impl FromSyncDelivery for Tx<'_> {
    type Prepared = ();
    type Extracted<'d> = Tx<'d>;

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery<'d>((): &'d (), delivery: &SyncDelivery<'d>) -> Result<Tx<'d>, ExtractError> {
        delivery.lent::<TransactionLent>().map(Tx).ok_or_else(|| ExtractError::missing("no transaction"))
    }
}

/// Commits what succeeds, unless it is told to fail.
struct Transactions {
    log: Arc<Log>,
    commits: bool,
    /// The events for which it has committed, as a store keeps them.
    done: Arc<Mutex<Vec<String>>>,
}

impl Layer for Transactions {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        next.run().await
    }

    fn as_sync(&self) -> Option<&dyn SyncLayer> {
        Some(self)
    }
}

impl SyncLayer for Transactions {
    fn deliver(&self, delivery: &Delivery<'_>, next: &mut SyncNext<'_>) -> Outcome {
        let id = delivery.id().to_string();
        if self.done.lock().unwrap().contains(&id) {
            self.log.add("known");
            return Ok(());
        }
        self.done.lock().unwrap().push(id);
        let transaction = Transaction { log: &self.log, _one_thread: std::marker::PhantomData };
        let outcome = next.run_lending::<TransactionLent>(&transaction);
        let what = if outcome.is_ok() && self.commits { "commit" } else { "roll back" };
        self.log.add(what);
        if outcome.is_ok() && !self.commits {
            return Err(atoms::Veto::new("the disk is full").into());
        }
        outcome
    }
}

#[tool]
fn refund(cents: u64, tx: Tx<'_>) -> Result<u64, String> {
    tx.0.log.add(format!("insert {cents}"));
    match cents {
        13 => Err("unlucky".into()),
        14 => panic!("out of paper"),
        _ => Ok(cents),
    }
}

#[hook(before)]
fn limit(call: &mut Call<refund>) -> Verdict<refund> {
    if call.args.cents > 100 { Verdict::deny("too much") } else { Verdict::Allow }
}

fn started(commits: bool) -> (Bus, Arc<Log>) {
    let (builder, log) = bus();
    let layer = Transactions { log: log.clone(), commits, done: Arc::default() };
    (builder.tool::<refund>().tool_hook::<limit>().layer(layer).start().unwrap(), log)
}

async fn call(bus: &Bus, cents: u64) -> Result<u64, String> {
    refund::call(bus, RefundArgs { cents }).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_tool_runs_in_a_transaction_that_is_committed_if_it_succeeds() {
    let (bus, log) = started(true);
    assert_eq!(call(&bus, 5).await.unwrap(), 5);
    assert_eq!(log.take(), ["insert 5", "commit"]);
    assert_eq!(call(&bus, 13).await.unwrap_err(), "the tool `refund` failed: unlucky");
    assert_eq!(log.take(), ["insert 13", "roll back"]);
    assert_eq!(call(&bus, 14).await.unwrap_err(), "the tool `refund` panicked: out of paper");
    assert_eq!(log.take(), ["insert 14", "roll back"]);
    assert!(call(&bus, 200).await.unwrap_err().contains("denied: too much"));
    assert!(log.take().is_empty());
    assert!(bus.dead_letters().is_empty().await.unwrap());
}

#[tokio::test]
async fn a_tool_whose_transaction_is_not_committed_has_failed() {
    let (bus, log) = started(false);
    let error = call(&bus, 5).await.unwrap_err();
    assert!(error.contains("the disk is full"), "{error}");
    assert_eq!(log.take(), ["insert 5", "roll back"]);
}

#[tokio::test]
async fn a_tool_that_is_lent_nothing_has_failed() {
    let bus = bus().0.tool::<refund>().start().unwrap();
    let error = call(&bus, 5).await.unwrap_err();
    assert!(error.contains("no transaction"), "{error}");
}

#[tokio::test]
async fn a_frame_calls_no_tool() {
    let (bus, log) = started(true);
    let receipt = bus.receive(br#"{"type":"atoms.tool.run_lent"}"#).await.unwrap();
    assert!(receipt.into_result().unwrap_err().to_string().contains("a frame cannot call a tool"));
    assert_eq!(log.take(), ["roll back"]);
}

#[tool(approve = "manager")]
fn pay(cents: u64, tx: Tx<'_>) -> u64 {
    tx.0.log.add(format!("pay {cents}"));
    cents
}

#[hook(after)]
fn ends(done: &mut Done<pay>, log: State<Log>) {
    log.add(done.result.as_ref().map_or_else(ToString::to_string, ToString::to_string));
}

/// What is approved is committed once, though the event that says so comes again in a later process.
#[tokio::test]
async fn an_approved_call_is_committed_once() {
    let done = Arc::default();
    let questions = Arc::new(atoms::control::MemoryQuestions::new(100, 1024 * 1024));
    let start = || {
        let (builder, log) = bus();
        let layer = Transactions { log: log.clone(), commits: true, done: Arc::clone(&done) };
        let builder = builder.question_store(questions.clone()).tool::<pay>().tool_hook::<ends>();
        (builder.layer(layer).start().unwrap(), log)
    };
    let (first, log) = start();
    let question = left(&first, pay::call(&first, PayArgs { cents: 5 })).await;
    first.questions().approve(question.id).by(&ada()).await.unwrap();
    let lines = std::cell::RefCell::new(Vec::new());
    until(|| {
        lines.borrow_mut().extend(log.take());
        lines.borrow().len() == 3
    })
    .await;
    assert_eq!(lines.into_inner(), ["pay 5", "commit", "5"]);
    drop(first);

    let (second, log) = start();
    let call = question.body["tool_call"]["id"].as_str().unwrap().parse().unwrap();
    let again = atoms::tools::ToolCallApproved { question: question.id, call, tool: "pay".into() };
    second.emit(again).await.into_result().unwrap();
    assert_eq!(
        log.take(),
        ["known", "the call of the tool `pay` was made before: what it returned is not known"]
    );
}

/// The event that says that it was approved is delivered while nothing else is taken any more.
#[tokio::test]
async fn what_is_approved_just_before_a_shutdown_is_done() {
    let (builder, log) = bus();
    let layer = Transactions { log: log.clone(), commits: true, done: Arc::default() };
    let bus = builder.tool::<pay>().tool_hook::<ends>().layer(layer).start().unwrap();
    let question = left(&bus, pay::call(&bus, PayArgs { cents: 5 })).await;
    bus.questions().approve(question.id).by(&ada()).await.unwrap();
    bus.shutdown(SOON).await.unwrap();
    assert_eq!(log.take(), ["pay 5", "commit", "5"]);
}
