//! What callers may take, and that they take it from nobody else.

use std::time::Duration;

use atoms::prelude::*;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use super::{OPS, Reader, bus, id, routes, run, start, until, with};
use crate::client::{connect, get, post, read, request};
use crate::server::{ADA, BOB, EVE, PATIENCE, Running, ada};

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_in_time() {
    let limited = routes().body_limit(1_000).request_timeout(Duration::from_millis(200));
    let server = with(limited, bus()).await;
    let going = run(&server.bus, "import", Some(&ada()));
    let path = format!("/control/runs/{}/cancel", id(&going));
    let large = format!("{{{}}}", " ".repeat(1_000));
    assert!(post(server.address, ADA, &path, &large).await.problem(413).contains("1000 bytes"));
    post(server.address, ADA, "/control/runs/x/cancel", &large).await.problem(413);
    for (headers, status) in [
        ("content-type: application/json\r\ncontent-length: 9223372036854775807\r\n", 413),
        ("content-type: application/json\r\ntransfer-encoding: chunked\r\n", 408),
    ] {
        let mut stream = connect(server.address).await;
        stream.write_all(request("POST", &path, ADA, headers, "").as_bytes()).await.unwrap();
        read(&mut stream).await.problem(status);
    }
    // Nothing of it is read of those who are not let in.
    let mut stream = connect(server.address).await;
    let headers = "content-type: application/json\r\ncontent-length: 9223372036854775807\r\n";
    stream.write_all(request("POST", &path, "wrong", headers, "").as_bytes()).await.unwrap();
    read(&mut stream).await.problem(401);
    assert!(!going.run().unwrap().is_cancelled());
    assert_eq!(post(server.address, ADA, &path, "{}").await.status, 200);
}

#[tokio::test]
async fn a_flood_of_one_principal_takes_nothing_from_others() {
    let server = with(routes().requests_per_second(10).questions(crate::server::tokens()), bus()).await;
    let going = run(&server.bus, "import", Some(&ada()));
    let path = format!("/control/runs/{}", id(&going));
    let mut refused = 0;
    for number in 0..60 {
        let answer = match number % 4 {
            0 => get(server.address, BOB, "/control/runs").await,
            1 => post(server.address, BOB, &format!("{path}/cancel"), "").await,
            2 => get(server.address, BOB, "/control/stats").await,
            // Both doors count together.
            _ => get(server.address, BOB, "/questions").await,
        };
        if answer.status == 429 {
            assert_eq!(answer.header("retry-after"), Some("1"));
            refused += 1;
        }
    }
    assert!(refused >= 30, "{refused}");
    assert_eq!(get(server.address, ADA, &path).await.status, 200);
    assert!(!going.run().unwrap().is_cancelled());
}

#[tokio::test]
async fn only_so_many_streams_are_read_and_one_principal_is_not_all_of_them() {
    let server = with(routes().control_stream_limit(8), bus()).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(Reader::open(&server, BOB, "").await);
    }
    let refused = get(server.address, BOB, "/control/events").await;
    refused.problem(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    for token in [ADA, ADA, EVE, EVE, OPS, OPS] {
        open.push(Reader::open(&server, token, "").await);
    }
    get(server.address, OPS, "/control/events").await.problem(429);
    assert_eq!(get(server.address, BOB, "/control/runs").await.status, 200);
    assert!(!has_place(&server, BOB).await);
    open.remove(0);
    until(async || has_place(&server, BOB).await).await;
}

/// Whether a stream can be opened, which ends at once.
async fn has_place(server: &Running, token: &str) -> bool {
    Reader::open(server, token, "").await.head.starts_with("http/1.1 200 ")
}

#[tokio::test]
async fn nothing_is_left_of_a_reader_that_goes() {
    let server = with(routes().control_stream_limit(1), bus()).await;
    for _ in 0..10 {
        until(async || has_place(&server, OPS).await).await;
    }
    let mut reader = loop {
        let reader = Reader::open(&server, OPS, "").await;
        if reader.head.starts_with("http/1.1 200 ") {
            break reader;
        }
    };
    assert!(!has_place(&server, OPS).await, "it is the only one");
    assert!(reader.is_quiet().await);
}

#[tokio::test]
async fn cancelling_takes_a_place_of_those_who_wait() {
    let server = with(routes().waiting_limit(4), bus()).await;
    let stubborn = |name: &str| {
        server.bus.runs().for_principal(&ada()).start(name, async |_| {
            std::future::pending::<()>().await;
            Ok(())
        })
    };
    let (one, two) = (stubborn("one"), stubborn("two"));
    let address = server.address;
    let path = format!("/control/runs/{}/cancel", id(&one));
    let first = tokio::spawn(async move { post(address, ADA, &path, "").await });
    until(async || one.run().unwrap().is_cancelled()).await;
    post(address, ADA, &format!("/control/runs/{}/cancel", id(&two)), "").await.problem(429);
    assert!(!two.run().unwrap().is_cancelled());
    let begun = Instant::now();
    let first = timeout(PATIENCE, first).await.expect("it takes too long").unwrap();
    assert_eq!(first.json()["runs"]["count"], 1);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(post(address, ADA, &format!("/control/runs/{}/cancel", id(&two)), "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_is_not_held_up_by_callers() {
    let server = start().await;
    let mut readers = Vec::new();
    for token in [ADA, BOB, EVE, OPS] {
        for _ in 0..16 {
            readers.push(Reader::open(&server, token, "").await);
        }
    }
    let counting =
        server.bus.runs().for_principal(&ada()).start("import", async |run: atoms::control::Run| {
            use atoms::control::Tell;
            for number in 0..1_000 {
                run.progress(number, 1_000, "").await?;
            }
            Ok(())
        });
    timeout(PATIENCE, counting).await.expect("it is held up").unwrap();
    // The others do not read.
    let reading = readers.iter_mut().take(16).map(|reader| reader.types(1_002));
    for types in join_all(reading).await {
        assert_eq!((types.len(), types.last().unwrap().as_str()), (1_002, "atoms.run.completed"));
    }
}
