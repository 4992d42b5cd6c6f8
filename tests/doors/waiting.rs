//! Callers who wait.

use std::sync::Arc;
use std::time::Duration;

use atoms::control::MemoryQuestions;
use atoms::prelude::*;
use atoms::server::Server;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Answer, connect, get, read, request};
use crate::server::{ADA, BOB, EVE, PATIENCE, Running, ada, routes};

/// Asks in a task of its own, and gives the server time to get it.
async fn waiting(server: &Running, token: &'static str, path: String) -> JoinHandle<Answer> {
    let address = server.address;
    let waiting = tokio::spawn(async move { get(address, token, &path).await });
    sleep(Duration::from_millis(50)).await;
    waiting
}

async fn end(waiting: JoinHandle<Answer>) -> Answer {
    timeout(PATIENCE, waiting).await.expect("it still waits").unwrap()
}

#[tokio::test]
async fn the_end_of_a_question_is_waited_for() {
    let server = Running::start().await;
    let id = server.open("refund").await;
    let by_id = waiting(&server, ADA, format!("/questions/{id}?wait=30s")).await;
    let by_name = waiting(&server, ADA, "/questions/refund?wait=30s".into()).await;
    assert!(!by_id.is_finished() && !by_name.is_finished());
    server.bus.questions().approve(id).by(&ada()).await.unwrap();
    for waiting in [by_id, by_name] {
        assert_eq!(end(waiting).await.json()["end"]["outcome"], "approved");
    }
    let again = get(server.address, ADA, &format!("/questions/{id}?wait=30s")).await;
    assert_eq!(again.json()["end"]["by"], "ada");
}

#[tokio::test]
async fn a_deadline_is_an_end_as_well() {
    let server = Running::start().await;
    let ask = Checkpoint::new("report").deadline(Duration::from_millis(100));
    server.bus.questions().open(ask).await.unwrap();
    let waiting = waiting(&server, BOB, "/questions/report?wait=30s".into()).await;
    assert_eq!(end(waiting).await.json()["end"]["outcome"], "expired");
}

#[tokio::test]
async fn who_has_waited_long_enough_is_told_how_it_is() {
    let server = Running::start().await;
    let id = server.open("refund").await;
    let start = Instant::now();
    let one = get(server.address, ADA, &format!("/questions/{id}?wait=100ms")).await;
    assert_eq!((one.status, one.json().get("end")), (200, None));
    assert!(start.elapsed() >= Duration::from_millis(100));

    let version = get(server.address, ADA, "/questions").await.version();
    let start = Instant::now();
    let list = get(server.address, ADA, &format!("/questions?wait=100ms&since={version}")).await;
    assert_eq!((list.names(), list.version()), (vec!["refund".to_owned()], version));
    assert!(start.elapsed() >= Duration::from_millis(100));
    let none = get(server.address, BOB, "/questions?wait=0s").await;
    assert!(none.names().is_empty());
}

#[tokio::test]
async fn a_list_is_answered_when_it_changes() {
    let server = Running::start().await;
    let first = waiting(&server, ADA, "/questions?wait=30s".into()).await;
    assert!(!first.is_finished(), "there is nothing yet");
    let id = server.open("refund").await;
    let first = end(first).await;
    assert_eq!(first.names(), ["refund"]);
    let next = waiting(&server, ADA, format!("/questions?wait=30s&since={}", first.version())).await;
    assert!(!next.is_finished(), "there is nothing new");
    server.bus.questions().reject(id).by(&ada()).await.unwrap();
    assert!(end(next).await.names().is_empty());
}

#[tokio::test]
async fn a_change_between_two_requests_is_not_lost() {
    let server = Running::start().await;
    let mut version = get(server.address, ADA, "/questions").await.version();
    for number in 0..20 {
        let id = server.open(&format!("q-{number}")).await;
        if number % 2 == 1 {
            server.bus.questions().withdraw(id).await.unwrap();
            server.open(&format!("again-{number}")).await;
        }
        let start = Instant::now();
        let list = get(server.address, ADA, &format!("/questions?wait=30s&since={version}")).await;
        assert!(start.elapsed() < Duration::from_secs(5), "it was there already");
        version = list.version();
        assert_eq!(list.names().len(), number + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_always_waits_sees_each_question() {
    let server = Running::start().await;
    let opening = tokio::spawn({
        let bus = server.bus.clone();
        async move {
            for number in 0..200 {
                bus.questions().open(Approval::new(format!("q-{number:03}")).role("manager")).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    let seeing = async {
        let mut version = String::new();
        loop {
            let list =
                get(server.address, ADA, &format!("/questions?limit=200&wait=30s&since={version}")).await;
            if list.names().len() == 200 {
                return;
            }
            version = list.version();
        }
    };
    timeout(PATIENCE, seeing).await.expect("a change was lost");
    opening.await.unwrap();
}

#[tokio::test]
async fn a_version_outlives_the_process() {
    let store = Arc::new(MemoryQuestions::new(100, 1 << 20));
    let start = async || {
        let bus = Bus::builder().without_discovery().question_store(store.clone()).start().unwrap();
        Running::of(Server::without_sessions().routes(routes()), bus).await
    };
    let first = start().await;
    first.open("refund").await;
    let version = get(first.address, ADA, "/questions").await.version();
    first.stop().await;

    let second = start().await;
    let path = format!("/questions?wait=30s&since={version}");
    let unchanged = waiting(&second, ADA, path.clone()).await;
    assert!(!unchanged.is_finished(), "nothing has changed");
    second.open("another").await;
    assert_eq!(end(unchanged).await.names(), ["refund", "another"]);
    assert_eq!(get(second.address, ADA, &path).await.names().len(), 2);
}

#[tokio::test]
async fn only_so_many_wait_and_one_principal_is_not_all_of_them() {
    let server = Running::with(routes().waiting_limit(8)).await;
    server.bus.questions().open(Checkpoint::new("plan")).await.unwrap();
    let path = || "/questions/plan?wait=30s".to_owned();
    let mut all = Vec::new();
    for _ in 0..2 {
        all.push(waiting(&server, BOB, path()).await);
    }
    let refused = get(server.address, BOB, &path()).await;
    assert!(refused.problem(429).contains("too many of your requests wait"), "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    get(server.address, BOB, "/questions?wait=30s&kind=approval").await.problem(429);
    assert_eq!(
        get(server.address, BOB, "/questions/plan").await.status,
        200,
        "who does not wait is answered"
    );
    assert_eq!(
        get(server.address, BOB, "/questions?wait=30s").await.names(),
        ["plan"],
        "there is no need to wait"
    );
    for token in [ADA, ADA, EVE, EVE] {
        all.push(waiting(&server, token, path()).await);
    }
    server.bus.questions().approve("plan").by(&ada()).await.unwrap();
    for waiting in all {
        assert_eq!(end(waiting).await.json()["end"]["outcome"], "approved");
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_client_that_goes() {
    let server = Running::with(routes().waiting_limit(1)).await;
    server.open("refund").await;
    for path in ["/questions/refund?wait=60s", "/questions?wait=60s&kind=input"] {
        for _ in 0..5 {
            let mut gone = connect(server.address).await;
            gone.write_all(request("GET", path, ADA, "", "").as_bytes()).await.unwrap();
            let has_place = async {
                while get(server.address, EVE, "/questions?wait=1ms").await.status != 503 {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            timeout(PATIENCE, has_place).await.expect("it does not wait");
            drop(gone);
            let is_free = async {
                while get(server.address, EVE, "/questions?wait=1ms").await.status != 200 {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            timeout(PATIENCE, is_free).await.expect("its place is not free");
        }
    }
}

#[tokio::test]
async fn a_shutdown_ends_the_waiting() {
    let server = Running::start().await;
    server.open("refund").await;
    let mut streams = Vec::new();
    for path in ["/questions/refund?wait=60s", "/questions?wait=60s&kind=input"] {
        let mut stream = connect(server.address).await;
        stream.write_all(request("GET", path, ADA, "", "").as_bytes()).await.unwrap();
        streams.push(stream);
    }
    sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    let stopping = tokio::spawn(server.stop());
    for stream in &mut streams {
        let answer = read(stream).await;
        assert!(answer.problem(503).contains("shuts down"), "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    drop(streams);
    stopping.await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
