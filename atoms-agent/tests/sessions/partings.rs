//! Sessions that end in two ways at once.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use atoms_agent::events::{Log, Object, TranscriptUpdate, UserJoined};
use atoms_agent::{Graph, Outgoing, Session, SessionEnd, Sessions, node};
use futures_channel::mpsc;
use futures_util::stream::{iter, poll_fn};
use futures_util::{Sink, SinkExt, StreamExt};
use tokio::time::{Instant, timeout};

use crate::client::{Client, INIT, bus};

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

/// What is written here is lost, and so is the connection then.
#[derive(Default)]
struct Lost(Arc<AtomicBool>);

impl Sink<Outgoing> for Lost {
    type Error = ();

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, _: Outgoing) -> Result<(), ()> {
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        self.0.store(true, Ordering::SeqCst);
        Poll::Ready(Err(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_session_that_cannot_write_ends_with_what_its_connection_says_of_that() {
    let graph = Graph::builder().node::<Brief>().build().unwrap();
    let sessions = Sessions::builder(graph).start(&bus()).unwrap();
    let says = [Some(Err(SessionEnd::NoPong)), Some(Ok(Vec::new())), None];
    for (said, end) in says.into_iter().zip([SessionEnd::NoPong, SessionEnd::ByClient, SessionEnd::ByClient])
    {
        let outgoing = Lost::default();
        let is_lost = Arc::clone(&outgoing.0);
        let then = poll_fn(move |_| match is_lost.load(Ordering::SeqCst) {
            true => Poll::Ready(said.clone()),
            false => Poll::Pending,
        });
        let incoming = iter([Ok(INIT.as_bytes().to_vec())]).chain(then);
        let running = timeout(Duration::from_secs(5), sessions.run(incoming, outgoing));
        assert_eq!(running.await.expect("it does not end"), end);
    }
}

/// Thinks about what is said for a while.
#[derive(Default)]
struct Slow;

#[node(crate = atoms_agent)]
impl Slow {
    #[handler]
    async fn think(&mut self, _: &TranscriptUpdate) {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_not_waited_for_when_the_client_is_gone() {
    let closed = |end: SessionEnd| (end.clone(), Some(Outgoing::Close(end)));
    let by_client = (SessionEnd::ByClient, None);
    for (end, last) in [by_client, closed(SessionEnd::NotReading), closed(SessionEnd::NoPong)] {
        let mut client = Client::of(Graph::builder().node::<Slow>().build().unwrap()).await;
        client.say("well?").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        client.fail(end.clone()).await;
        assert_eq!(client.next_outgoing().await, last);
        assert_eq!(began.elapsed(), Duration::ZERO, "{end}");
        assert_eq!(client.leave_last().await, end);
    }
}
