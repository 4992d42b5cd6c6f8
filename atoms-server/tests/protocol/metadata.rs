//! What a client says beside its events.

use std::sync::{Arc, Mutex};

use atoms_agent::{Sessions, SessionsBuilder};
use atoms_runtime::{AnyEvent, Metadata};
use atoms_server::Routes;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::client::{Client, INIT};
use crate::server::Running;

/// What the bus sees of the metadata of such an event, beside where it comes from.
async fn seen(sessions: SessionsBuilder, metadata: Value) -> Metadata {
    let server = Running::with(sessions, Routes::new()).await;
    let seen = Arc::<Mutex<Vec<Metadata>>>::default();
    let keep = Arc::clone(&seen);
    let _subscription = server.sessions.bus().on_any(move |event: &AnyEvent| {
        if event.event_type() == "agent.transcript.update" {
            keep.lock().unwrap().push(event.metadata().clone());
        }
    });
    let mut client = Client::connect(server.address).await;
    let mut init: Value = serde_json::from_str(INIT).unwrap();
    init["metadata"] = metadata.clone();
    client.send(&init.to_string()).await;
    assert_eq!(client.next().await["type"], "agent.ready");
    let said =
        json!({"type": "agent.transcript.update", "role": "user", "content": "hello", "metadata": metadata});
    client.send(&said.to_string()).await;
    assert_eq!(client.next().await["type"], "agent.log");
    server.until(|| !seen.lock().unwrap().is_empty()).await;
    let mut metadata = seen.lock().unwrap()[0].clone();
    let session = server.sessions.list()[0].id().to_owned();
    assert_eq!(metadata.remove("session_id"), Some(session.into()));
    assert_eq!(metadata.remove("source"), Some("atoms.session".into()));
    metadata
}

fn of(pairs: &[(&str, &str)]) -> Metadata {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
}

#[tokio::test]
async fn a_client_does_not_say_what_follows_from_what() {
    let metadata = json!({
        "correlation_id": "forged", "causation_id": "forged", "session_id": "forged", "source": "forged",
        "hops": 5, "tenant": "forged", "schema_version": "1", "traceparent": "00-abc-def-01",
    });
    let seen = seen(Sessions::builder(Agent::graph()), metadata).await;
    assert_eq!(seen, of(&[("schema_version", "1"), ("traceparent", "00-abc-def-01")]));
}

#[tokio::test]
async fn what_is_kept_has_a_size() {
    let metadata = json!({"traceparent": "x".repeat(2_000), "schema_version": "1"});
    let seen = seen(Sessions::builder(Agent::graph()), metadata).await;
    assert_eq!(seen, of(&[("schema_version", "1")]));
}

#[tokio::test]
async fn what_is_kept_may_be_chosen() {
    let metadata =
        json!({"traceparent": "00-abc-def-01", "tenant": "t-1", "zone": "far", "source": "forged"});
    let sessions = Sessions::builder(Agent::graph());
    // Room for the first, and not for both.
    let sessions = sessions.client_metadata(["tenant", "zone", "source"]).client_metadata_bytes(12);
    assert_eq!(seen(sessions, metadata).await, of(&[("tenant", "t-1")]));
}
