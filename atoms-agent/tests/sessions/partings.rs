//! Sessions that end in two ways at once.

use std::time::Duration;

use atoms_agent::events::{Log, Object, UserJoined};
use atoms_agent::{Graph, Session, SessionEnd, Sessions, node};
use futures_channel::mpsc;
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;

use crate::client::{INIT, bus};

/// Has something to say, and leaves.
#[derive(Default)]
struct Brief;

#[node(crate = atoms_agent)]
impl Brief {
    #[handler]
    fn part(&mut self, _: &UserJoined, session: Session) -> Log {
        session.end();
        Log { name: "parting".into(), payload: Object::new() }
    }
}

/// A session that the agent ends while its client can no longer be written to.
async fn both_leave(sessions: &Sessions) -> SessionEnd {
    let (mut incoming, from_client) = mpsc::channel(16);
    let (to_client, mut outgoing) = mpsc::channel(16);
    let running = sessions.clone();
    let running = tokio::spawn(async move { running.run(from_client, to_client).await });
    for frame in [INIT, r#"{"type":"system.user.joined"}"#] {
        incoming.send(Ok(frame.as_bytes().to_vec())).await.unwrap();
        if frame == INIT {
            outgoing.next().await.unwrap();
            outgoing.close();
        }
    }
    timeout(Duration::from_secs(5), running).await.expect("it does not end").unwrap()
}

#[tokio::test]
async fn the_agent_and_the_client_may_leave_at_once() {
    let graph = Graph::builder().node::<Brief>().build().unwrap();
    let sessions = Sessions::builder(graph).start(&bus()).unwrap();
    for _ in 0..100 {
        let end = both_leave(&sessions).await;
        assert!(matches!(end, SessionEnd::ByAgent | SessionEnd::ByClient), "{end}");
    }
    assert_eq!((sessions.counts().active, sessions.counts().tasks), (0, 0));
}
