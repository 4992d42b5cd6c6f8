//! A deployment that waits for people: a checkpoint, two inputs, and an approval for which nobody waits. Two people answer,
//! one of them wrongly at first. It plays by itself, or waits for answers over HTTP:
//!
//! ```sh
//! cargo run --example checkpoints
//! cargo run --example checkpoints -- --port 8080
//!
//! bob="Authorization: Bearer bob-token"; ada="Authorization: Bearer ada-token"; door=http://127.0.0.1:8080/questions
//! curl -H "$bob" "$door"                                                     # the refund is not for bob
//! curl -H "$bob" --json '{"feedback": "looks good"}' "$door/plan-review/approve"
//! curl -H "$bob" "$door?kind=input&wait=30s"
//! curl -H "$bob" --json '{"answer": "a spreadsheet"}' "$door/database/answer" # what is wrong with it
//! curl -H "$bob" --json '{"answer": "SQLite"}' "$door/database/answer"
//! curl -H "$ada" -X POST "$door/refund%20o-1/approve"
//! curl -H "$bob" --json '{"answer": {"region": "eu-west", "replicas": 3}}' "$door/deployment/answer"
//! ```

use std::env;
use std::error::Error;
use std::time::Duration;

use atoms::StartError;
use atoms::control::{
    AnswerError, NotAnswered, QuestionAnswered, QuestionExpired, QuestionKind, QuestionOpened,
};
use atoms::prelude::*;
use atoms::schemars::{self, JsonSchema};
use atoms::server::{Routes, Server, Tokens};
use serde::Deserialize;
use serde_json::json;

/// What a person fills in, and may get wrong.
#[derive(Debug, Deserialize, JsonSchema)]
struct Deployment {
    /// Where it runs.
    region: String,
    #[schemars(range(min = 1, max = 16))]
    replicas: u8,
}

/// Posted with the answer, in one commit. It does not matter who waits, or whether anybody does.
#[event(type = "desk.refund.approved")]
struct RefundApproved {
    order_id: String,
    cents: u64,
}

#[handler]
fn refund(approved: &RefundApproved) {
    println!("        {} cents go back for {}", approved.cents, approved.order_id);
}

#[handler]
fn show(opened: &QuestionOpened) {
    println!("? {:10} {}", opened.kind.to_string(), opened.title);
}

#[handler]
fn note(answered: &QuestionAnswered) {
    let by = answered.answered_by.as_ref().map_or_else(|| "default".into(), ToString::to_string);
    println!("        answered by {by}: {:?}", answered.answer);
}

#[handler]
fn miss(expired: &QuestionExpired) {
    println!("        nobody has answered `{}` in time", expired.name.as_deref().unwrap_or("?"));
}

/// The work: it stops where a person has to say something.
async fn deploy(bus: Bus) -> Result<(), NotAnswered> {
    let questions = || bus.questions();
    let plan = json!({ "tasks": ["build", "migrate the database", "switch over"] });
    let review = Checkpoint::new("plan-review")
        .title("Review the plan")
        .description("The plan has three tasks.")
        .details(&plan)
        .cancel_if_dropped();
    match questions().ask(review).await? {
        Decision::Approved { feedback } => println!("approved: {}", feedback.unwrap_or_default()),
        Decision::Rejected { .. } => return Ok(()),
    }

    let database = Input::choice("database", ["PostgreSQL", "SQLite"]).title("Which database should we use?");
    let database = questions().ask(database).await?;
    let deployment = Input::<Deployment>::new("deployment").title("Where does it run, and how often?");
    let Deployment { region, replicas } = questions().ask(deployment).await?;
    println!("deployed {replicas} times in {region}, on {database}");

    // Nobody answers this one.
    let report = Checkpoint::new("report").title("Send the report?").deadline(Duration::from_millis(50));
    match questions().ask(report).await {
        Err(NotAnswered::Expired(_)) => println!("the report was not sent"),
        other => println!("{other:?}"),
    }
    Ok(())
}

/// What a person does who looks at the open questions now and then.
async fn answer(bus: &Bus, ada: &Principal, bob: &Principal) -> Result<(), AnswerError> {
    let questions = || bus.questions();
    for question in questions().list().answerable_by(bob).await? {
        match (question.kind, question.name.as_deref()) {
            (QuestionKind::Checkpoint, Some("plan-review")) => {
                questions().approve("plan-review").feedback("looks good").by(bob).await?;
                // One answer reaches it.
                println!("{}", questions().reject(question.id).by(ada).await.unwrap_err());
            }
            (QuestionKind::Input, Some("database")) => {
                println!("{}", questions().answer("database", "a spreadsheet").by(bob).await.unwrap_err());
                questions().answer("database", "SQLite").by(bob).await?;
            }
            (QuestionKind::Input, _) => {
                let wrong = json!({ "replicas": 40 });
                println!("{}", questions().answer(question.id, wrong).by(bob).await.unwrap_err());
                let right = json!({ "region": "eu-west", "replicas": 3 });
                questions().answer(question.id, right).by(bob).await?;
            }
            _ => {}
        }
    }
    for question in questions().list().kind(QuestionKind::Approval).answerable_by(ada).await? {
        println!("{}", questions().approve(question.id).by(bob).await.unwrap_err());
        questions().approve(question.id).by(ada).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = port()?;
    let bus = Bus::start()?;
    let (ada, bob) = (Principal::new("ada").role("manager"), Principal::new("bob"));

    let approved = RefundApproved { order_id: "o-1".into(), cents: 4_200 };
    let approval =
        Approval::new("refund o-1").title("Refund 42.00 for o-1?").details(&approved).role("manager");
    bus.questions().open(approval.then(approved)).await?; // waits for nothing

    let mut deploying = tokio::spawn(deploy(bus.clone()));
    if let Some(port) = port {
        // Tokens for a demonstration on this machine. Others are random, and not in the code.
        let tokens = Tokens::new().token("ada-token", ada).token("bob-token", bob);
        let routes = Routes::new().questions(tokens);
        let server = Server::without_sessions().routes(routes).bind(("127.0.0.1", port)).await?;
        println!("listening on http://{}", server.local_addr()?);
        let mut deployed = None;
        let done = async { deployed = Some(deploying.await) };
        server.serve_until(async { Ok::<_, StartError>(bus) }, done).await?;
        if let Some(deployed) = deployed {
            deployed??;
        }
        return Ok(());
    }
    loop {
        tokio::select! {
            done = &mut deploying => break done??,
            () = tokio::time::sleep(Duration::from_millis(10)) => answer(&bus, &ada, &bob).await?,
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
