//! With a model, its words are the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::client::{Client, chunks, of_type};
use crate::endpoint::{Endpoint, begin, call, end, fail, say};
use crate::served::Server;

/// An endpoint that answers with these texts.
async fn says(texts: &'static [&'static str]) -> Endpoint {
    let answer = move |mut stream| async move {
        begin(&mut stream).await;
        for text in texts {
            say(&mut stream, text).await;
        }
        end(&mut stream).await;
    };
    Endpoint::start(answer).await
}

#[tokio::test]
async fn the_model_gets_the_conversation_and_its_words_are_the_answer() {
    let mut endpoint = says(&["", "It is ", "on its ", "way."]).await;
    let server = Server::start("support_desk", &endpoint.variables());
    let mut client = Client::join(&server, json!({"customer_name": "Ada"})).await;
    client.tell("assistant", "Hello Ada!").await;
    assert_eq!(client.ask("Where is my order 1001?").await, ["It is ", "on its ", "way."]);

    let request = endpoint.requests.recv().await.unwrap();
    assert!(request.head.starts_with("post /v1/chat/completions "), "{}", request.head);
    assert!(request.head.contains("authorization: bearer s3cret\r\n"), "{}", request.head);
    assert_eq!((&request.body["model"], &request.body["stream"]), (&json!("parrot"), &json!(true)));
    let messages = request.body["messages"].as_array().unwrap();
    let instructions = messages[0]["content"].as_str().unwrap();
    assert!(instructions.contains("Ada"), "{instructions}");
    let tools = request.body["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| &tool["function"]["name"]).collect();
    assert_eq!(names, ["opening_hours", "order_status", "refund"]);
    assert_eq!(tools[1]["function"]["parameters"]["required"], json!(["number"]));
    assert_eq!(
        messages[1..],
        [
            json!({"role": "assistant", "content": "Hello Ada!"}),
            json!({"role": "user", "content": "Where is my order 1001?"}),
        ]
    );
}

#[tokio::test]
async fn the_model_calls_a_tool_and_answers_with_its_result() {
    let requests = Arc::new(AtomicU32::new(0));
    let answer = move |mut stream| {
        let is_first = requests.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            begin(&mut stream).await;
            if is_first {
                call(&mut stream, "order_status", r#"{"number": 1001}"#).await;
            } else {
                say(&mut stream, "Tomorrow!").await;
                end(&mut stream).await;
            }
        }
    };
    let mut endpoint = Endpoint::start(answer).await;
    let server = Server::start("support_desk", &endpoint.variables());
    let mut client = Client::join(&server, json!({})).await;
    client.say("Where is my kettle, 1001?").await;
    let events = client.response().await;
    assert_eq!(chunks(&events), ["Tomorrow!"]);
    let names: Vec<_> = of_type(&events, "agent.log").iter().map(|log| log["name"].clone()).collect();
    assert_eq!(names, ["tool_call_start", "tool_call_end"]);
    let _first = endpoint.requests.recv().await.unwrap();
    let second = endpoint.requests.recv().await.unwrap();
    let told = second.body["messages"].as_array().unwrap().last().unwrap();
    assert_eq!((&told["role"], &told["tool_call_id"]), (&json!("tool"), &json!("call_1")));
    assert!(told["content"].as_str().unwrap().contains("is on its way"), "{told}");
}

#[tokio::test]
async fn an_angry_user_is_escalated_as_well() {
    let endpoint = says(&["I am ", "sorry."]).await;
    let server = Server::start("support_desk", &endpoint.variables());
    let mut client = Client::join(&server, json!({})).await;
    client.say("I am angry").await;
    let events = client.response().await;
    assert_eq!(of_type(&events, "agent.log").len(), 1, "{events:?}");
    assert_eq!(chunks(&events), ["I am ", "sorry."]);
}

#[tokio::test]
async fn an_endpoint_that_fails_is_told_of_and_the_session_lives() {
    let answer =
        |mut stream| async move { fail(&mut stream, "500 Internal Server Error", "out of order").await };
    let endpoint = Endpoint::start(answer).await;
    let server = Server::start("support_desk", &endpoint.variables());
    let mut client = Client::join(&server, json!({})).await;
    for _ in 0..2 {
        client.say("Hello").await;
        let events = client.response().await;
        let [start, error, end] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(start["type"], "agent.llm.response.start");
        assert_eq!((&error["type"], &error["severity"]), (&json!("agent.error"), &json!("fatal")));
        // What the endpoint says is in the log.
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("a response failed (error ") && !message.contains("order"), "{error}");
        assert_eq!(end["type"], "agent.llm.response.end");
    }
}

#[tokio::test]
async fn a_stream_that_fails_is_told_of_after_what_came() {
    let answer = |mut stream| async move {
        begin(&mut stream).await;
        say(&mut stream, "It is ").await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"data: {\"is\": \"no chunk\"}\n\n").await.unwrap();
    };
    let endpoint = Endpoint::start(answer).await;
    let server = Server::start("support_desk", &endpoint.variables());
    let mut client = Client::join(&server, json!({})).await;
    client.say("Hello").await;
    let events = client.response().await;
    assert_eq!(chunks(&events), ["It is "]);
    assert_eq!(events[events.len() - 2]["type"], "agent.error", "{events:?}");
}

#[tokio::test]
async fn an_interrupt_closes_the_connection_to_the_model() {
    let (closed, mut closing) = mpsc::unbounded_channel();
    let answer = move |mut stream| {
        let closed = closed.clone();
        async move {
            begin(&mut stream).await;
            say(&mut stream, "Once upon a time").await;
            // Reads nothing, as soon as the other end is closed.
            closed.send(stream.read(&mut [0]).await.map_or(0, |read| read)).unwrap();
        }
    };
    let endpoint = Endpoint::start(answer).await;
    let server = Server::start("support_desk", &endpoint.variables());
    let mut client = Client::join(&server, json!({})).await;
    client.say("Tell me a story").await;
    assert_eq!(client.next().await["type"], "agent.llm.response.start");
    assert_eq!(client.next().await["text"], "Once upon a time");
    assert!(closing.try_recv().is_err(), "it is closed too early");
    client.send(json!({"type": "system.control.interrupt"})).await;
    let events = client.response().await;
    assert_eq!(events.last().unwrap()["interrupted"], true, "{events:?}");
    let read = timeout(Duration::from_secs(5), closing.recv()).await.expect("it is not closed");
    assert_eq!(read, Some(0));
}
