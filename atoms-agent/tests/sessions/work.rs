//! Work beside the conversation, and handlers with a time-out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atoms_agent::events::{Log, Object, Speak, TranscriptUpdate, UserJoined};
use atoms_agent::{AnyIdentity, Graph, Identity, Session, SessionError, Sessions, node};
use atoms_runtime::{Bus, Cause, State, event};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::client::{Client, INIT};

#[event(type = "test.work.counted", from(bus), crate = atoms_runtime)]
struct Counted {
    nails: u32,
}

/// What runs, and lets it go on.
struct Work {
    running: AtomicUsize,
    go_on: Semaphore,
}

struct Counts(Arc<Work>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn name_of_none() -> Option<&'static str> {
    None
}

#[derive(Default)]
struct Clerk {
    heard: u32,
}

const PATIENCE: Duration = Duration::from_millis(50);

#[node(crate = atoms_agent)]
impl Clerk {
    #[handler(timeout = PATIENCE)]
    async fn hear(
        &mut self,
        said: &TranscriptUpdate,
        session: Session,
        work: State<Work>,
    ) -> Result<Log, SessionError> {
        self.heard += 1;
        let (name, work) = (said.content.clone(), work.into_inner());
        match &*name {
            "slow" => sleep(Duration::from_secs(60)).await,
            "fails" => session.spawn(async { Err::<(), _>("out of nails") })?,
            "panics" => session
                .spawn(async { assert!(name_of_none().is_some(), "work panics, which the test expects") })?,
            "whose" => session.spawn(async {
                let cause = Cause::current().expect("it is in a session");
                let name = cause.carried::<AnyIdentity>().and_then(|who| who.get::<String>().cloned());
                Speak { text: name.unwrap_or_default() }
            })?,
            "many" => session.spawn(async { vec![Counted { nails: 1 }, Counted { nails: 2 }] })?,
            "count" => {
                work.running.fetch_add(1, Ordering::SeqCst);
                let counts = Counts(Arc::clone(&work));
                session.spawn(async move {
                    work.go_on.acquire().await.unwrap().forget();
                    drop(counts);
                    Some(Counted { nails: 3 })
                })?;
            }
            _ => {}
        }
        Ok(Log { name, payload: Object::new().with("heard", self.heard) })
    }

    #[handler]
    fn counted(&mut self, counted: &Counted) -> Speak {
        Speak { text: format!("{} nails", counted.nails) }
    }

    #[handler]
    fn end(&mut self, _: &UserJoined, session: Session) {
        session.end();
    }
}

fn sessions() -> (Sessions, Arc<Work>) {
    let work = Arc::new(Work { running: 0.into(), go_on: Semaphore::new(0) });
    let bus = Bus::builder().shared_state(Arc::clone(&work)).start().unwrap();
    let graph = Graph::builder().node::<Clerk>().build().unwrap();
    (Sessions::builder(graph).spawn_limit(2).start(&bus).unwrap(), work)
}

async fn say(client: &mut Client, text: &str) {
    let said = serde_json::json!({"type": "agent.transcript.update", "role": "user", "content": text});
    client.send(&said.to_string()).await;
}

async fn stopped(work: &Work) {
    while work.running.load(Ordering::SeqCst) > 0 {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn the_conversation_goes_on_and_the_result_comes_back_as_an_event() {
    let (sessions, work) = sessions();
    let mut client = Client::begin(&sessions).await;
    for name in ["count", "hello"] {
        say(&mut client, name).await;
        assert_eq!(client.next().await["name"], name);
    }
    // An interrupt does not stop it.
    client.send(r#"{"type":"system.control.interrupt"}"#).await;
    work.go_on.add_permits(1);
    assert_eq!(client.next().await["text"], "3 nails");
    say(&mut client, "many").await;
    let next = [client.next().await, client.next().await, client.next().await];
    let texts: Vec<_> = next.iter().filter_map(|event| event["text"].as_str()).collect();
    assert_eq!(texts, ["1 nails", "2 nails"]);
    client.leave_last().await;
}

#[tokio::test]
async fn as_much_work_runs_at_once_as_the_limit_says() {
    let (sessions, work) = sessions();
    let mut client = Client::begin(&sessions).await;
    for name in ["count", "count"] {
        say(&mut client, name).await;
        assert_eq!(client.next().await["name"], name);
    }
    say(&mut client, "count").await;
    assert_eq!(client.next().await["type"], "agent.error");
    assert_eq!(work.running.load(Ordering::SeqCst), 2);
    work.go_on.add_permits(1);
    assert_eq!(client.next().await["text"], "3 nails");
    say(&mut client, "count").await;
    assert_eq!(client.next().await["name"], "count");
    client.leave_last().await;
}

#[tokio::test]
async fn work_stops_when_its_session_ends() {
    let (sessions, work) = sessions();
    let mut client = Client::begin(&sessions).await;
    let session = sessions.list().pop().unwrap();
    say(&mut client, "count").await;
    assert_eq!(client.next().await["name"], "count");
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert!(matches!(client.next_outgoing().await, Some(atoms_agent::Outgoing::Close(_))));
    assert_eq!(work.running.load(Ordering::SeqCst), 0, "it has stopped before the client is told");
    client.leave_last().await;
    assert_eq!(session.spawn(async {}), Err(SessionError::Ended));

    // Also if the session is dropped in the middle.
    let (incoming, from_client) = futures_channel::mpsc::unbounded::<Result<&[u8], _>>();
    let (to_client, mut outgoing) = futures_channel::mpsc::unbounded();
    incoming.unbounded_send(Ok(INIT.as_bytes())).unwrap();
    let said = br#"{"type":"agent.transcript.update","role":"user","content":"count"}"#;
    incoming.unbounded_send(Ok(said)).unwrap();
    let own = sessions.clone();
    let running = tokio::spawn(async move { own.run(from_client, to_client).await });
    for _ in ["agent.ready", "agent.log"] {
        futures_util::StreamExt::next(&mut outgoing).await.unwrap();
    }
    assert_eq!(work.running.load(Ordering::SeqCst), 1);
    running.abort();
    stopped(&work).await;
}

#[tokio::test]
async fn work_that_fails_is_told_of_like_a_handler() {
    let (sessions, _) = sessions();
    let mut client = Client::begin(&sessions).await;
    for name in ["fails", "panics"] {
        say(&mut client, name).await;
        let (one, other) = (client.next().await, client.next().await);
        let error = if one["type"] == "agent.error" { one } else { other };
        assert_eq!(error["severity"], "warning");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with("work beside the conversation failed (error "), "{message}");
    }
    client.leave_last().await;
}

#[tokio::test]
async fn work_is_of_its_session() {
    let (sessions, _) = sessions();
    let (incoming, from_client) = futures_channel::mpsc::unbounded::<Result<&[u8], _>>();
    let (to_client, outgoing) = futures_channel::mpsc::unbounded();
    incoming.unbounded_send(Ok(INIT.as_bytes())).unwrap();
    let said = br#"{"type":"agent.transcript.update","role":"user","content":"whose"}"#;
    incoming.unbounded_send(Ok(said)).unwrap();
    let who = AnyIdentity::new("ada".to_owned());
    let running = tokio::spawn(async move { sessions.run_as(who, from_client, to_client).await });
    let frames: Vec<_> = futures_util::StreamExt::collect(futures_util::StreamExt::take(outgoing, 3)).await;
    assert!(format!("{frames:?}").len() > 3);
    let is_ada = |frame: &atoms_agent::Outgoing| match frame {
        atoms_agent::Outgoing::Frame(frame) => String::from_utf8_lossy(frame).contains(r#""text":"ada""#),
        atoms_agent::Outgoing::Close(_) => false,
    };
    assert!(frames.iter().any(is_ada), "{frames:?}");
    drop(incoming);
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_dropped_and_the_node_goes_on_with_its_state() {
    let (sessions, _) = sessions();
    let mut client = Client::begin(&sessions).await;
    let began = Instant::now();
    say(&mut client, "slow").await;
    let error = client.next().await;
    assert!(error["message"].as_str().unwrap().starts_with("a node failed (error "), "{error}");
    assert_eq!(began.elapsed().as_millis() / 10, 5);
    say(&mut client, "hello").await;
    let log = client.next().await;
    assert_eq!((&log["name"], &log["payload"]["heard"]), (&"hello".into(), &2.into()));
    client.leave_last().await;
}

/// An identity is a parameter like any other.
#[test]
fn an_identity_can_be_made_for_calling_a_handler() {
    let ada = Identity::from("ada");
    assert_eq!((ada.len(), format!("{ada:?}")), (3, r#"Identity("ada")"#.to_owned()));
}
