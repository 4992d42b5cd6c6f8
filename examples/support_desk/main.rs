//! A support desk: an agent server whose bot answers the customers of a small shop, and calls its supervisor
//! when a customer is angry, or asks for a human.
//!
//! ```sh
//! cargo run --example support_desk          # listens on port 8080
//! cargo run --example chat                  # talks to it, from another terminal
//! ```
//!
//! Each connection has nodes of its own:
//!
//! | node | what it does |
//! | --- | --- |
//! | [`SupportBot`] | greets the user, answers, and emits an [`EscalationEvent`](escalation::EscalationEvent) |
//! | [`Supervisor`] | takes the escalation, and has it logged with a ticket |
//! | [`AuditLog`] | watches in the background, and sums up on standard error |
//!
//! The bot knows a few questions by their words. With a model it knows more: name an endpoint that speaks the
//! chat API of OpenAI by `OPENAI_BASE_URL` and `OPENAI_API_KEY`, and the model, if the endpoint has several, by
//! `OPENAI_MODEL`. Both call the same [`tools`], and the client is told which. Whether to escalate and when to hang
//! up remain matters of rules.

mod audit_log;
mod escalation;
mod intent;
mod model;
mod reply;
mod shop;
mod supervisor;
mod support_bot;
mod tools;

use std::{env, error, io};

use atoms::prelude::*;
use atoms::server::Server;

use audit_log::AuditLog;
use model::Endpoint;
use shop::Shop;
use supervisor::Supervisor;
use support_bot::SupportBot;

graph! {
    /// What each connection has.
    struct SupportDesk {
        SupportBot -> Supervisor,
        SupportBot -> AuditLog,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn error::Error>> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let port = env::args().nth(1).map_or(Ok(8080), |port| port.parse::<u16>())?;
    let server = Server::new(SupportDesk::graph()).bind(("127.0.0.1", port)).await?;
    let address = server.local_addr()?;
    let model = Endpoint::from_environment();
    println!("listening on http://{address}");
    match &model {
        Some(model) => println!("answers come from the model {}", model.name()),
        None => println!("answers come from rules; name a model by OPENAI_BASE_URL and OPENAI_API_KEY"),
    }
    println!("talk to it from another terminal: cargo run --example chat ws://{address}/ws");
    server.serve(Bus::builder().state(Shop::open()).state(model).start()?).await?;
    Ok(())
}
