//! Three tools of a shop, and what guards them: a refund waits for a manager, only one agent may delete a customer, and every
//! call is audited. It plays by itself, or waits for the manager over HTTP:
//!
//! ```sh
//! cargo run --example guarded_tools
//! cargo run --example guarded_tools -- --port 8080
//!
//! ada="Authorization: Bearer ada-token"; bob="Authorization: Bearer bob-token"; door=http://127.0.0.1:8080/questions
//! curl -H "$bob" "$door?wait=30s"                                   # nothing here is for bob to answer
//! curl -H "$ada" "$door?wait=30s"                                   # the refund, as it would be made
//! curl -H "$ada" --json '{"feedback": "fine"}' "$door/ID/approve"   # with the `id` from the list
//! ```

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use atoms::StartError;
use atoms::control::QuestionKind;
use atoms::prelude::*;
use atoms::server::{Routes, Server, Tokens};
use atoms::tools::{ToolDecided, ToolSet};
use serde_json::json;

/// What has been paid for each order, in cents.
struct Orders(Mutex<BTreeMap<&'static str, u64>>);

impl Orders {
    fn new() -> Self {
        Self(Mutex::new(BTreeMap::from([("o-1", 4_200), ("o-2", 99_000)])))
    }

    fn paid(&self, order_id: &str) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(order_id).copied()
    }

    /// Returns what is left of it, or `None` if there was less.
    fn pay_back(&self, order_id: &str, cents: u64) -> Option<u64> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let paid = orders.get_mut(order_id)?;
        *paid = paid.checked_sub(cents)?;
        Some(*paid)
    }
}

/// Says what was paid for an order, in cents.
#[tool(read_only)]
fn lookup_order(
    /// The order, as on the invoice.
    order_id: String,
    orders: State<Orders>,
) -> Result<u64, String> {
    orders.paid(&order_id).ok_or_else(|| format!("there is no order {order_id}"))
}

/// Pays money back to a customer.
#[tool(approve = "manager")]
fn refund(
    /// The order, as on the invoice.
    order_id: String,
    cents: u64,
    orders: State<Orders>,
) -> Result<String, String> {
    let left = orders.pay_back(&order_id, cents).ok_or("so much was not paid for it")?;
    Ok(format!("{cents} cents go back for {order_id}, and {left} are left"))
}

/// Deletes a customer with all orders.
#[tool]
fn delete_customer(customer_id: String) -> String {
    format!("{customer_id} is gone")
}

/// Before a person is asked: what nobody could pay back needs no manager.
#[hook(before)]
fn at_most_what_was_paid(call: &mut Call<refund>, orders: State<Orders>) -> Verdict<refund> {
    match orders.paid(&call.args.order_id) {
        Some(paid) if call.args.cents <= paid => Verdict::Allow,
        _ => Verdict::deny("so much was not paid for it"),
    }
}

#[hook(before, tools = "delete_*")]
fn only_the_admin(call: &mut ToolCall) -> Verdict {
    match call.sender().map(|sender| sender.as_str()) {
        Some("aiagents.Admin") => Verdict::Allow,
        _ => Verdict::deny("ask aiagents.Admin to do it"),
    }
}

#[hook(after)]
fn audit(done: &mut ToolDone) {
    let sender = done.sender().map_or("nobody", |sender| sender.as_str());
    println!("        audit: {} by {sender}: {:?}", done.tool(), done.outcome());
}

#[handler]
fn note(decided: &ToolDecided) {
    println!("        {}: {:?}", decided.hook, decided.verdict);
}

/// What an agent does, as its model says.
async fn work(bus: Bus, shop: ToolSet) {
    let call = async |name: &str, arguments| match shop.call(&bus, name, arguments).await {
        Ok(result) => println!("{name} -> {result}"),
        Err(error) => println!("{name} -> {error}"),
    };
    call("lookup_order", json!({ "order_id": "o-1" })).await;
    call("refund", json!({ "order": "o-1", "cents": "all" })).await; // all that is wrong, for the model to read
    call("refund", json!({ "order_id": "o-1", "cents": 500_000 })).await;
    call("delete_customer", json!({ "customer_id": "c-1" })).await;
    let args = DeleteCustomerArgs { customer_id: "c-1".into() };
    println!("aiagents.Admin: {:?}", delete_customer::call(&bus, args).sender("aiagents.Admin").await);
    call("refund", json!({ "order_id": "o-1", "cents": 500 })).await; // waits for the manager
}

/// What a manager does who looks at the open questions now and then.
async fn approve(bus: &Bus, ada: &Principal) -> Result<(), Box<dyn Error>> {
    for question in bus.questions().list().kind(QuestionKind::Approval).answerable_by(ada).await? {
        println!("? {} {}", question.title, question.details);
        bus.questions().approve(question.id).feedback("fine").by(ada).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = port()?;
    let bus = Bus::builder().state(Orders::new()).start()?;
    let (ada, bob) = (Principal::new("ada").role("manager"), Principal::new("bob"));
    let shop =
        ToolSet::for_agent("aiagents.Main").tools(&bus, ["lookup_order", "refund", "delete_customer"])?;
    let mut working = tokio::spawn(work(bus.clone(), shop));
    if let Some(port) = port {
        // Tokens for a demonstration on this machine. Others are random, and not in the code.
        let routes = Routes::new().questions(Tokens::new().token("ada-token", ada).token("bob-token", bob));
        let server = Server::without_sessions().routes(routes).bind(("127.0.0.1", port)).await?;
        println!("listening on http://{}", server.local_addr()?);
        let mut worked = Ok(());
        let done = async { worked = working.await };
        server.serve_until(async { Ok::<_, StartError>(bus) }, done).await?;
        return Ok(worked?);
    }
    loop {
        tokio::select! {
            worked = &mut working => break worked?,
            () = tokio::time::sleep(Duration::from_millis(10)) => approve(&bus, &ada).await?,
        }
    }
    bus.shutdown(Duration::from_secs(10)).await?;
    Ok(())
}

/// The number after `--port`, if there is one.
fn port() -> Result<Option<u16>, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(None),
        ["--port", port] => Ok(Some(port.parse()?)),
        _ => Err("start it without arguments, or with `--port 8080`".into()),
    }
}
