//! Kill -9 the approval: a desk whose refunds wait for a manager, in one program and one SQLite file.
//!
//! ```sh
//! cargo run --example refunds                                       # plays the story, in which the server is killed
//! cargo run --example refunds -- --store shop.db                    # the same, and keeps the file, which must be new
//! cargo run --example refunds -- --store shop.db --port 8080        # serves
//! cargo run --example refunds -- --store shop.db --rows             # shows the orders, and what went back
//! ```
//!
//! Customers come in at `/ws` (`cargo run --example chat`), and managers at `/questions`:
//!
//! ```sh
//! ada="Authorization: Bearer ada-token"; door=http://127.0.0.1:8080/questions
//! curl -H "$ada" "$door?wait=30s"
//! curl -H "$ada" --json '{"edited": {"order_id": "1001", "cents": 1500}}' "$door/refund-1001/approve"
//! ```
//!
//! The question is in the file when it is shown, and what the answer leads to is in the commit of the answer. The refund's row
//! is committed with what says that the call is done. So the process may end at any time, and the next one goes on.

mod child;
mod customer;
mod desk;
mod manager;
mod shop;
mod story;

use std::error::Error;
use std::path::Path;
use std::{env, io};

use atoms::prelude::*;
use atoms::server::{Routes, Server, Tokens};

use desk::Desk;
use shop::Shop;

const USAGE: &str = "usage: refunds [--store FILE [--port PORT | --rows]]";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let logged = tracing::Level::WARN;
    tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(logged).init();
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            let directory = tempfile::tempdir()?;
            story::play(&directory.path().join("shop.db")).await
        }
        ["--store", file] => story::play(file.as_ref()).await,
        ["--store", file, "--port", port] => serve(file.as_ref(), port.parse()?).await,
        ["--store", file, "--rows"] => {
            Shop::open(file.as_ref())?.orders()?.iter().for_each(|order| println!("{order}"));
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

async fn serve(file: &Path, port: u16) -> Result<(), Box<dyn Error>> {
    let store = Sqlite::open(file)?;
    let bus = Bus::builder().store(store).state(Shop::found(file)?).start()?;
    let tokens = Tokens::new().token(manager::TOKEN, Principal::new("ada").role("manager"));
    let routes = Routes::new().questions(tokens);
    let server = Server::new(Desk::graph()).routes(routes).bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    Ok(server.serve(bus).await?)
}
