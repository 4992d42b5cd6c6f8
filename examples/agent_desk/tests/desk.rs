//! A desk of several agents, with clients that have no socket, and with nodes alone.

use std::sync::Arc;

use agent_desk::{Case, Cases, Customer, Customers};
use atoms::agent::events::{ResponseChunk, ResponseEnd, Speak, UserJoined};
use atoms::agent::{SessionEnd, Sessions};
use atoms::prelude::*;
use atoms::server::StatusCode;
use atoms::testing::TestClient;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

/// A desk, and what it remembers.
struct Open {
    sessions: Sessions,
    cases: Arc<Cases>,
}

impl Open {
    fn desk() -> Self {
        let (bus, cases) = (agent_desk::bus().start().unwrap(), Arc::new(Cases::default()));
        Self { sessions: agent_desk::sessions(&bus, &cases).unwrap(), cases }
    }

    async fn try_connect(&self) -> Result<TestClient, SessionEnd> {
        let ada = Customer { id: "ada".into(), name: "Ada".into() };
        TestClient::of(&self.sessions).identity(ada).try_connect().await
    }

    async fn connect(&self) -> TestClient {
        self.try_connect().await.unwrap()
    }

    /// Asks the application over HTTP.
    async fn ask(&self, method: &str, path: &str, body: &'static str) -> (StatusCode, String) {
        let app = agent_desk::app(self.sessions.clone(), Arc::new(Customers::default()));
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
        let answer = app.oneshot(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1024).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// The nodes that have said something, each once for what comes together.
fn speakers(client: &TestClient) -> Vec<String> {
    let chunks = client.emitted::<ResponseChunk>().some();
    let node =
        |chunk: &Envelope<ResponseChunk>| chunk.metadata().get("node").unwrap().as_str().unwrap().to_owned();
    let mut nodes: Vec<_> = chunks.iter().map(|chunk| node(chunk)).collect();
    nodes.dedup();
    nodes
}

#[tokio::test(start_paused = true)]
async fn the_router_chooses_who_answers() {
    let client = Open::desk().connect().await;
    for (says, answer) in [
        ("Hello", "We have hammers, nails and saws."),
        ("What do the nails cost?", "The nails cost 2.00."),
        ("I buy them", "You get the nails. That makes 1."),
        ("Where is order 1001?", "I ask the carrier for 1001."),
    ] {
        client.say(says).await;
        assert_eq!(client.response().await, answer);
    }
    assert_eq!(client.response().await, "Your parcel 1001 is at your neighbour's.");
    client.idle().await;
    client.nothing_else();
}

#[tokio::test(start_paused = true)]
async fn one_agent_speaks_at_a_time() {
    let client = Open::desk().connect().await;
    client.say("I buy a saw, and where is order 1002?").await;
    let mut said = [client.response().await, client.response().await];
    said.sort();
    assert_eq!(said, ["I ask the carrier for 1002.", "You get the saw. That makes 1."]);
    assert_eq!(speakers(&client).len(), 2, "{client:?}");
}

#[tokio::test(start_paused = true)]
async fn the_conversation_goes_on_while_the_carrier_looks() {
    let client = Open::desk().connect().await;
    client.say("Where is order 1002?").await;
    assert_eq!(client.response().await, "I ask the carrier for 1002.");
    client.interrupt().await; // does not stop the carrier
    client.say("What does a saw cost?").await;
    assert_eq!(client.response().await, "The saw cost 20.00.");
    assert_eq!(client.response().await, "Your parcel 1002 is on a lorry.");
}

#[tokio::test(start_paused = true)]
async fn who_is_interrupted_stops() {
    let client = Open::desk().connect().await;
    client.say("I buy a saw, and where is order 1002?").await;
    client.expect::<ResponseChunk>().await;
    client.interrupt().await;
    assert!(client.expect::<ResponseEnd>().await.interrupted);
    client.say("What does a saw cost?").await;
    client.expect_that::<ResponseChunk, _>(|chunk| chunk.text == "20.00.").await;
}

#[tokio::test(start_paused = true)]
async fn a_case_is_loaded_and_saved() {
    let desk = Open::desk();
    for (visit, greeting) in ["Welcome, Ada!", "Welcome again, Ada!"].into_iter().enumerate() {
        let client = desk.connect().await;
        client.send(UserJoined).await;
        assert_eq!(client.expect::<Speak>().await.text, greeting);
        client.say("I buy a hammer").await;
        assert_eq!(client.response().await, format!("You get the hammer. That makes {}.", visit + 1));
        client.leave().await;
    }
    let case = desk.cases.get("ada");
    assert_eq!((case.visits, case.bought), (2, vec!["hammer".to_owned(); 2]));
    assert_eq!(desk.cases.get("bob"), Case::default());
}

#[tokio::test]
async fn a_case_may_refuse_the_session() {
    let desk = Open::desk();
    desk.cases.put("ada", Case { is_blocked: true, ..Case::default() });
    let end = desk.try_connect().await.unwrap_err();
    assert_eq!(end, SessionEnd::NotBegun("please write to us".into()));
    assert_eq!(desk.cases.get("ada").visits, 0);
}

#[tokio::test(start_paused = true)]
async fn agents_are_silent_while_a_colleague_talks() {
    let desk = Open::desk();
    let client = desk.connect().await;
    client.say("Where is order 1001? I want to talk to a human").await;
    assert_eq!(client.response().await, "A colleague will talk to you.");
    for says in ["What do nails cost?", "Where is order 1001?", "a human!"] {
        client.say(says).await;
    }
    client.idle().await;
    client.nothing_else();

    assert_eq!(desk.ask("POST", "/customers/ada/say", "This is Grace.").await.0, StatusCode::NO_CONTENT);
    assert_eq!(client.expect::<Speak>().await.text, "This is Grace.");
    assert_eq!(desk.ask("POST", "/customers/bob/say", "Hello?").await.0, StatusCode::NOT_FOUND);
    assert_eq!(desk.ask("POST", "/customers/ada/leave", "").await.0, StatusCode::NO_CONTENT);
    assert_eq!(client.expect::<Speak>().await.text, "I am here again.");
    client.say("What do nails cost?").await;
    assert_eq!(client.response().await, "The nails cost 2.00.");
}

#[tokio::test]
async fn the_application_has_its_own_health_and_knows_its_customers() {
    let desk = Open::desk();
    assert_eq!(desk.ask("GET", "/health", "").await, (StatusCode::OK, "all is well".into()));
    let known = |token: &'static str| async move {
        let (head, ()) = Request::get("/ws").header("authorization", token).body(()).unwrap().into_parts();
        Customers::default().of(&head).await
    };
    assert_eq!(known("Bearer bob-token").await.unwrap().name, "Bob");
    assert_eq!(known("Bearer eve-token").await, Err(StatusCode::UNAUTHORIZED));
}

#[test]
fn the_program_talks_to_a_customer_and_ends() {
    let played = std::process::Command::new(env!("CARGO_BIN_EXE_agent-desk")).output().unwrap();
    let told = String::from_utf8(played.stdout).unwrap();
    assert!(played.status.success(), "{told}\n{}", String::from_utf8_lossy(&played.stderr));
    for line in [
        "desk: Welcome, Ada!",
        "Sales: You get the nails. That makes 1.",
        "Support: Your parcel 1002 is on a lorry.",
        "desk: Welcome again, Ada!",
        "Support: A colleague will talk to you.",
    ] {
        assert!(told.contains(line), "{told}");
    }
}
