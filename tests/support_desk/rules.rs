//! Without a model, rules answer.

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, chunks, of_type};
use crate::served::Server;

async fn client(server: &Server) -> Client {
    Client::join(server, json!({})).await
}

#[tokio::test]
async fn the_bot_greets_by_name() {
    let server = Server::start("support_desk", &[]);
    assert_eq!(client(&server).await.greeting, "Hello! How can I help you?");
    let named = Client::join(&server, json!({"customer_name": "Ada"})).await;
    assert_eq!(named.greeting, "Hello Ada! How can I help you?");
}

#[tokio::test]
async fn an_answer_comes_word_by_word() {
    let server = Server::start("support_desk", &[]);
    let answer = client(&server).await.ask("When are you open?").await;
    assert!(answer.len() > 5, "{answer:?}");
    assert!(answer.concat().starts_with("We are open Monday to Friday"), "{answer:?}");
}

#[tokio::test]
async fn each_conversation_remembers_its_order() {
    let server = Server::start("support_desk", &[]);
    let (mut one, mut other) = (client(&server).await, client(&server).await);
    assert!(one.ask("Where is order 1002?").await.concat().contains("desk lamp, is being packed"));
    assert!(one.ask("I want a refund").await.concat().contains("cancelled"));
    assert!(other.ask("I want a refund").await.concat().contains("number of the order"));
}

#[tokio::test]
async fn rules_call_tools_and_the_client_is_told() {
    let server = Server::start("support_desk", &[]);
    let mut client = client(&server).await;
    client.say("Where is order 1001?").await;
    let events = client.response().await;
    let logs = of_type(&events, "agent.log");
    let names: Vec<_> = logs.iter().map(|log| &log["name"]).collect();
    assert_eq!(names, ["tool_call_start", "tool_call_end"]);
    assert_eq!(logs[1]["payload"]["function_name"], "order_status");
    let answer = "Your order 1001, the kettle, is on its way and arrives tomorrow.";
    assert_eq!(logs[1]["payload"]["context"], json!({"arguments": {"number": 1001}, "response": answer}));
    assert_eq!(chunks(&events).concat(), answer);
}

#[tokio::test]
async fn an_angry_user_is_escalated() {
    let server = Server::start("support_desk", &[]);
    let mut client = client(&server).await;
    client.say("This is ridiculous, I am angry!").await;
    let events = client.response().await;
    let logs = of_type(&events, "agent.log");
    assert_eq!(logs.len(), 1, "{events:?}");
    assert_eq!(logs[0]["name"], "escalation");
    let expected = json!({"reason": "User is frustrated", "severity": "high", "ticket": 1});
    assert_eq!(logs[0]["payload"], expected);
    assert!(of_type(&events, "escalation_event").is_empty(), "it is for the supervisor alone");
    assert!(chunks(&events).concat().contains("I have told my supervisor"));

    client.say("Let me talk to a human").await;
    let events = client.response().await;
    let expected = json!({"reason": "User asks for a human", "severity": "medium", "ticket": 2});
    assert_eq!(of_type(&events, "agent.log")[0]["payload"], expected);
}

#[tokio::test]
async fn goodbye_is_said_before_the_call_ends() {
    let server = Server::start("support_desk", &[]);
    let mut client = client(&server).await;
    client.say("bye").await;
    let mut events = client.response().await;
    let end = events.iter().position(|event| event["type"] == "agent.end_call");
    let end = end.unwrap_or_else(|| panic!("{events:?}"));
    assert_eq!(chunks(&events.split_off(end)), [""; 0]);
    assert_eq!(chunks(&events).concat(), "Goodbye, and have a nice day!");
    let Some(Message::Close(Some(close))) = client.next_message().await else { panic!("it is not closed") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1000, "the agent ended it"));
}
