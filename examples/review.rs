//! A plan of five tasks for three agents, which a person reviews first. It plays by itself: one plan is approved and done, one
//! is rejected, and one is cancelled in the middle. Or people answer over HTTP, and the plan is theirs:
//!
//! ```sh
//! cargo run --example review
//! cargo run --example review -- --port 8080
//!
//! ada="Authorization: Bearer ada-token"; door=http://127.0.0.1:8080/questions
//! curl -H "$ada" "$door"                                                         # what is asked
//! curl -H "$ada" --json '{"feedback": "looks good"}' "$door/plan-review/approve"  # or `reject`
//! curl -H "$ada" --json '{"answer": "SQLite"}' "$door/database/answer"
//!
//! control=http://127.0.0.1:8080/control                                          # the plan is ada's, who steers it
//! curl -H "$ada" -N -H "Last-Event-ID: 0" "$control/events" &                    # what has happened, and what happens
//! run=$(curl -s -H "$ada" "$control/runs" | grep -o '"id":"[^"]*"' | head -1 | cut -d '"' -f 4)
//! curl -H "$ada" -X POST "$control/runs/$run/pause"                              # the next task waits
//! curl -H "$ada" -X POST "$control/runs/$run/resume"
//! curl -H "$ada" --json '{"reason": "out of time"}' "$control/runs/$run/cancel"
//! curl -H "Authorization: Bearer ops-token" "$control/stats"                     # for operators
//! ```

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::sync::Mutex;
use std::time::Duration;

use atoms::StartError;
use atoms::control::{
    History, HistoryError, PhaseStarted, Progress, QuestionOpened, RunCancelled, RunCompleted, RunFailed,
    RunId, Scope, Steering, TaskCompleted, TaskFailed, TaskStarted,
};
use atoms::prelude::*;
use atoms::server::{Routes, Server, Tokens};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::time::sleep;

/// Who does what, and how long that takes.
const PLAN: [(&str, &str, u64); 5] = [
    ("researcher", "find three libraries", 30),
    ("researcher", "compare them", 20),
    ("writer", "draft the report", 40),
    ("writer", "shorten it", 10),
    ("editor", "proofread it", 20),
];

/// What people see: a bar for each run, and lines above the bars.
struct Screen {
    all: MultiProgress,
    bars: Mutex<HashMap<RunId, ProgressBar>>,
}

impl Screen {
    fn line(&self, line: String) {
        // Where there is no terminal, nothing draws bars.
        if self.all.println(&line).is_err() || self.all.is_hidden() {
            println!("{line}");
        }
    }

    fn progress(&self, run: RunId, progress: &Progress) {
        let mut bars = self.bars.lock().expect("nobody panics with it");
        let bar = bars.entry(run).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:>12} [{bar:30}] {pos}/{len} {msg}");
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            self.all
                .add(ProgressBar::new(progress.total))
                .with_style(style)
                .with_prefix(progress.source.clone())
        });
        bar.set_position(progress.completed);
        bar.set_message(progress.current_task.clone());
    }

    fn end(&self, run: Option<RunId>, line: String) {
        let bar = run.and_then(|run| self.bars.lock().expect("nobody panics with it").remove(&run));
        if let Some(bar) = bar {
            bar.abandon();
        }
        self.line(line);
    }
}

#[handler]
fn show_progress(progress: &Progress, screen: State<Screen>) {
    if let Some(run) = progress.run {
        screen.progress(run, progress);
    }
}

#[handler]
fn show_phase(phase: &PhaseStarted, screen: State<Screen>) {
    screen.line(format!("{:>12}  -- {} --", phase.source, phase.phase));
}

#[handler]
fn show_task(task: &TaskStarted, screen: State<Screen>) {
    screen.line(format!("{:>12}  begins to {}", task.source, task.task));
}

#[handler]
fn show_done(task: &TaskCompleted, screen: State<Screen>) {
    screen.line(format!("{:>12}  is done", task.source));
}

#[handler]
fn show_failed_task(task: &TaskFailed, screen: State<Screen>) {
    screen.line(format!("{:>12}  has not managed to {}: {}", task.source, task.task, task.error));
}

#[handler]
fn show_question(question: &QuestionOpened, screen: State<Screen>) {
    screen.line(format!("{:>12}? {}", question.kind.to_string(), question.title));
}

#[handler]
fn show_completed(run: &RunCompleted, screen: State<Screen>) {
    screen.end(run.run, format!("{:>12}  completed", run.source));
}

#[handler]
fn show_failed(run: &RunFailed, screen: State<Screen>) {
    screen.end(run.run, format!("{:>12}  failed: {}", run.source, run.error));
}

#[handler]
fn show_cancelled(run: &RunCancelled, screen: State<Screen>) {
    screen.end(run.run, format!("{:>12}  cancelled: {}", run.source, run.message));
}

/// A task that is to be done. It is an event, so it waits while its run is paused.
#[event(type = "review.task.due")]
struct TaskDue {
    millis: u64,
}

/// How many times longer a task takes, if people are to have time to steer it.
struct Slowness(u64);

#[handler]
async fn do_task(due: &TaskDue, slowness: State<Slowness>) {
    sleep(Duration::from_millis(due.millis * slowness.0)).await;
}

/// The work: it stops where a person has to say something.
async fn work(run: Run) -> Result<String, Box<dyn Error + Send + Sync>> {
    let tasks = PLAN.map(|(agent, task, _)| format!("{agent}: {task}"));
    let review = Checkpoint::new("plan-review").title("Review the plan").details(&tasks);
    if let Decision::Rejected { feedback } = run.checkpoint(review).await? {
        return Err(format!("the plan was rejected: {}", feedback.unwrap_or_default()).into());
    }
    let database =
        Input::choice("database", ["PostgreSQL", "SQLite"]).title("Which database should it be about?");
    let database = run.ask(database).await?;

    let _phase = run.phase("the report");
    let total = PLAN.len() as u64;
    let bus = run.bus().ok_or("the bus has ended")?;
    for (number, (agent, task, millis)) in (0..).zip(PLAN) {
        run.progress(number, total, task).await?;
        let task = run.task(task, agent);
        bus.emit(TaskDue { millis }).await.into_result()?;
        task.completed();
    }
    run.progress(total, total, "").await?;
    Ok(format!("a report about {database}"))
}

/// Waits until something is asked, and returns whether it is: the run may end before.
async fn is_asked(bus: &Bus, name: &str) -> Result<bool, Box<dyn Error>> {
    while !bus.runs().list().is_empty() {
        if bus.questions().get(name).await?.is_some() {
            return Ok(true);
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(false)
}

/// What a person does in one terminal.
async fn play(bus: &Bus, ada: &Principal) -> Result<(), Box<dyn Error>> {
    let approved = bus.runs().start("approved", work);
    let id = approved.run().map(Run::id);
    if is_asked(bus, "plan-review").await? {
        bus.questions().approve("plan-review").feedback("looks good").by(ada).await?;
    }
    if is_asked(bus, "database").await? {
        bus.questions().answer_only("SQLite", ada).await?;
    }
    println!("{}", approved.await?);

    let rejected = bus.runs().start("rejected", work);
    if is_asked(bus, "plan-review").await? {
        bus.questions().reject("plan-review").feedback("more research").by(ada).await?;
    }
    println!("{}", rejected.await.expect_err("it was rejected"));

    let cancelled = bus.runs().start("cancelled", work);
    if is_asked(bus, "plan-review").await? {
        bus.questions().approve("plan-review").by(ada).await?;
    }
    if is_asked(bus, "database").await? {
        let all = bus.runs().cancel(Scope::Bus).reason("ada has to go").by(ada).await;
        println!("{} run and {} question were cancelled", all.runs.len(), all.questions.len());
    }
    println!("{}", cancelled.await.expect_err("it was cancelled"));
    bus.idle().await;
    if let Some(id) = id {
        print_tree(bus, id).await?;
    }
    Ok(())
}

async fn print_tree(bus: &Bus, run: RunId) -> Result<(), HistoryError> {
    print!("{}", bus.history().run(run).tree().await?);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = port()?;
    let screen = Screen { all: MultiProgress::new(), bars: Mutex::default() };
    let bus = Bus::builder()
        .state(screen)
        .state(Slowness(if port.is_some() { 100 } else { 1 }))
        .steering(Steering::new())
        .history(History::new())
        .counted()
        .start()?;
    let ada = Principal::new("ada");
    if let Some(port) = port {
        return serve(bus, ada, port).await;
    }
    play(&bus, &ada).await?;
    bus.shutdown(Duration::from_secs(10)).await?;
    Ok(())
}

/// Lets people answer over HTTP, until the plan is done or stopped.
async fn serve(bus: Bus, ada: Principal, port: u16) -> Result<(), Box<dyn Error>> {
    // Tokens for a demonstration on this machine. Others are random, and not in the code.
    let operator = Principal::new("ops").role("operator");
    let tokens = Tokens::new().token("ada-token", ada.clone()).token("ops-token", operator);
    let routes = Routes::new().questions(tokens.clone()).control(tokens).control_operators("operator");
    let server = Server::without_sessions().routes(routes).bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", server.local_addr()?);
    let running = bus.runs().for_principal(&ada).start("plan", work);
    let mut ended = None;
    let done = async { ended = Some(running.await) };
    server.serve_until(async { Ok::<_, StartError>(bus) }, done).await?;
    if let Some(ended) = ended {
        println!("{}", ended?);
    }
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
