//! The story: a server that is killed, again and again, between a question and what follows from its answer.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use atoms::store::Outside;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::child::Server;
use crate::customer::Customer;
use crate::manager;
use crate::shop::{Order, Shop};

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(20);

type Failure = Box<dyn Error>;

/// Plays it on a new file. Fails if it does not come true.
pub(crate) async fn play(file: &Path) -> Result<(), Failure> {
    println!("        one program, and one file: {}", file.display());
    let server = start(file).await?;
    let mut customer = join(&server).await?;
    ask(&mut customer, "I want my money back for order 1001").await?;
    show_question(&server, "refund-1001").await?;
    kill(server).await?;

    let server = start(file).await?;
    show_question(&server, "refund-1001").await?;
    check(rows(file, "1001")?.refunds == 0, "nothing is refunded before somebody says yes")?;
    let edited = json!({ "order_id": "1001", "cents": 1_500 });
    check(approve(&server, "refund-1001", &edited).await? == 200, "the answer reaches the question")?;
    show_refund(file, "1001", 1_500).await?;
    kill(server).await?;

    let server = start(file).await?;
    show_refund(file, "1001", 1_500).await?;
    let mut customer = join(&server).await?;
    ask(&mut customer, "Please refund order 1002").await?;
    show_question(&server, "refund-1002").await?;
    let edited = json!({ "order_id": "1002", "cents": 8_900 });
    check(approve(&server, "refund-1002", &edited).await? == 200, "the answer reaches the question")?;
    kill(server).await?; // whether the refund is made or not

    let server = start(file).await?;
    show_refund(file, "1002", 8_900).await?;
    check(approve(&server, "refund-1002", &edited).await? == 404, "a question is answered once")?;
    let mut customer = join(&server).await?;
    let said = ask(&mut customer, "How is order 1002?").await?;
    check(said.contains("89.00 back in 1 refund"), "the desk knows it")?;
    kill(server).await
}

async fn start(file: &Path) -> Result<Server, Failure> {
    let server = Server::start(file).await?;
    println!("\n$ refunds --store shop.db    # process {}, at http://{}", server.id(), server.address);
    Ok(server)
}

async fn kill(server: Server) -> Result<(), Failure> {
    println!("$ kill -9 {}", server.id());
    Ok(server.kill().await?)
}

async fn join(server: &Server) -> Result<Customer, Failure> {
    timeout(PATIENCE, Customer::join(&server.address)).await?
}

async fn ask(customer: &mut Customer, text: &str) -> Result<String, Failure> {
    println!("customer  {text}");
    let said = timeout(PATIENCE, customer.ask(text)).await??;
    println!("desk      {}", said.trim_end());
    Ok(said)
}

/// Shows the one question that is open.
async fn show_question(server: &Server, name: &str) -> Result<(), Failure> {
    let open = timeout(PATIENCE, manager::open_questions(&server.address)).await??;
    let [question] = &open[..] else { return Err(format!("{} questions are open", open.len()).into()) };
    let [named, title] = ["name", "title"].map(|field| question[field].as_str().unwrap_or_default());
    println!("door      {named}: {title} {}", question["details"]);
    check(named == name, "the question is open")
}

async fn approve(server: &Server, question: &str, edited: &Value) -> Result<u16, Failure> {
    let status = timeout(PATIENCE, manager::approve(&server.address, question, edited)).await??;
    println!("manager   approve {question} with {edited}: {status}");
    Ok(status)
}

/// Waits until the bus has done all that it has to do, and then looks at the rows.
async fn show_refund(file: &Path, order_id: &str, cents: u64) -> Result<(), Failure> {
    let store = Outside::open(file)?;
    let done = async {
        while !store.posts(1)?.is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
        Ok::<_, Failure>(())
    };
    timeout(PATIENCE, done).await??;
    check(store.letters(1)?.is_empty(), "nothing has failed")?;
    let order = rows(file, order_id)?;
    println!("rows      {order}");
    check(order.refunds == 1 && order.refunded == cents, "it is refunded once, as it was approved")
}

fn rows(file: &Path, order_id: &str) -> Result<Order, Failure> {
    let orders = Shop::open(file)?.orders()?;
    orders.into_iter().find(|order| order.id == order_id).ok_or_else(|| "the order is gone".into())
}

fn check(is_true: bool, what: &str) -> Result<(), Failure> {
    if is_true { Ok(()) } else { Err(format!("this did not come true: {what}").into()) }
}
