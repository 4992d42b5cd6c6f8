//! A field that fails, or panics, when it is read or written ends at most its own session, and not silently.

use atoms_agent::events::{Log, Object, UserJoined};
use atoms_agent::{Graph, Outgoing, SessionEnd, Sessions, node};
use atoms_runtime::{event, handler};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::client::{Client, bus};

/// Panics, or fails, as its text says.
#[derive(Debug)]
struct Bad(String);

impl Serialize for Bad {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, "panic when written", "a secret");
        match self.0.as_str() {
            "fail when written" => Err(serde::ser::Error::custom("a secret")),
            text => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Bad {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        assert_ne!(text, "panic when read", "a secret");
        Ok(Self(text))
    }
}

impl Clone for Bad {
    fn clone(&self) -> Self {
        assert_ne!(self.0, "panic when cloned", "a secret");
        Self(self.0.clone())
    }
}

#[event(type = "test.codec.asked", from(client), crate = atoms_runtime)]
struct Asked {
    bad: Bad,
}

#[event(type = "test.codec.told", to(client), crate = atoms_runtime)]
struct Told {
    bad: Bad,
}

/// Gets a copy, which is made for it.
#[handler(crate = atoms_runtime)]
fn see(asked: &Asked) {
    assert!(!asked.bad.0.is_empty());
}

#[derive(Default)]
struct Tells;

#[node(crate = atoms_agent)]
impl Tells {
    #[handler]
    fn tell(&mut self, asked: &Asked) -> Told {
        Told { bad: Bad(asked.bad.0.clone()) }
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined) -> Log {
        Log { name: "joined".into(), payload: Object::new() }
    }
}

fn sessions() -> Sessions {
    Sessions::builder(Graph::builder().node::<Tells>().build().unwrap()).start(&bus()).unwrap()
}

fn ask(bad: &str) -> String {
    serde_json::json!({"type": "test.codec.asked", "bad": bad}).to_string()
}

async fn assert_goes_on(client: &mut Client) {
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["name"], "joined");
}

#[tokio::test]
async fn a_panic_in_the_codec_ends_its_session_with_1011_and_no_other() {
    let sessions = sessions();
    let mut other = Client::begin(&sessions).await;
    for (bad, category) in [
        ("panic when read", "a frame could not be read (error "),
        ("panic when written", "an event could not be written (error "),
    ] {
        let mut client = Client::begin(&sessions).await;
        client.send(&ask(bad)).await;
        let error = client.next().await;
        assert_eq!((&error["type"], &error["severity"]), (&"agent.error".into(), &"fatal".into()));
        let message = error["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(category), "{message}");
        let end = SessionEnd::Failed(message);
        assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(end.clone())));
        assert_eq!((end.close_code(), client.leave().await), (1011, end));
    }
    assert_goes_on(&mut other).await;
    other.leave_last().await;
}

#[tokio::test]
async fn a_panic_at_the_first_frame_is_told() {
    let mut client = Client::connect(&sessions());
    client.send(&ask("panic when read")).await;
    let message = client.next().await["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("a frame could not be read (error "), "{message}");
    assert_eq!(client.leave_last().await, SessionEnd::Failed(message));
}

#[tokio::test]
async fn a_panic_outside_of_codec_and_nodes_ends_its_session_with_1011_and_no_other() {
    let sessions = sessions();
    let mut other = Client::begin(&sessions).await;
    let mut client = Client::begin(&sessions).await;
    client.send(&ask("panic when cloned")).await;
    match client.next_outgoing().await {
        Some(Outgoing::Close(SessionEnd::Failed(message))) => {
            assert!(message.starts_with("the session cannot go on (error "), "{message}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(client.leave().await, SessionEnd::Failed(_)));
    assert_goes_on(&mut other).await;
    other.leave_last().await;
}

#[tokio::test]
async fn a_client_is_told_of_an_event_that_could_not_be_written() {
    let mut client = Client::begin(&sessions()).await;
    client.send(&ask("fail when written")).await;
    let error = client.next().await;
    assert_eq!((&error["type"], &error["severity"]), (&"agent.error".into(), &"warning".into()));
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("an event could not be written (error ") && !message.contains("secret"));
    client.send(&ask("fine")).await;
    assert_eq!(client.next().await["bad"], "fine");
    assert_goes_on(&mut client).await;
    assert_eq!(client.leave_last().await, SessionEnd::ByClient);
}
