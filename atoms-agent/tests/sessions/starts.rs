//! A node that could not start ends its session, and is not stopped as if it had started.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use atoms_agent::events::{Init, Log, Object, UserJoined, UserStartedSpeaking};
use atoms_agent::{Graph, Node, Outgoing, SessionEnd, Sessions, node};
use atoms_runtime::{Bus, State};

use crate::client::{Client, INIT};

/// What is kept between sessions, and how often it was saved.
#[derive(Default)]
struct Memory {
    loads: AtomicU32,
    saves: AtomicU32,
}

/// Which load fails, and how.
#[derive(Clone, Copy)]
enum Trouble {
    Never,
    Error(u32),
    Panic(u32),
}

impl Memory {
    fn load(&self, trouble: Trouble) -> Result<(), &'static str> {
        let load = self.loads.fetch_add(1, Ordering::SeqCst) + 1;
        match trouble {
            Trouble::Error(number) if number == load => Err("postgres://user:secret@host does not answer"),
            Trouble::Panic(number) => {
                assert_ne!(number, load, "postgres://user:secret@host");
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

macro_rules! remembers {
    ($node:ident, $started:meta) => {
        #[derive(Default)]
        struct $node;

        #[node(crate = atoms_agent)]
        impl $node {
            #[$started]
            async fn load(
                &mut self,
                memory: State<Arc<Memory>>,
                trouble: State<Trouble>,
            ) -> Result<(), &'static str> {
                tokio::task::yield_now().await;
                memory.load(*trouble)
            }

            #[handler]
            fn panic(&mut self, _: &UserStartedSpeaking) {
                panic!("it was told to")
            }

            #[handler]
            fn joined(&mut self, _: &UserJoined) -> Log {
                Log { name: "joined".into(), payload: Object::new() }
            }

            #[stopped]
            fn save(&mut self, memory: State<Arc<Memory>>) {
                memory.saves.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
}

remembers!(Strict, started);
remembers!(Lenient, started(may_fail));

fn sessions<N: Node>(trouble: Trouble) -> (Sessions, Arc<Memory>) {
    let memory = Arc::<Memory>::default();
    let bus = Bus::builder().state(Arc::clone(&memory)).state(trouble).start().unwrap();
    let graph = Graph::builder().node::<N>().build().unwrap();
    (Sessions::builder(graph).start(&bus).unwrap(), memory)
}

/// The session ends with an error that is told once, and the client is not told why.
async fn assert_fails(mut client: Client) {
    let error = client.next().await;
    assert_eq!((&error["type"], &error["severity"]), (&"agent.error".into(), &"fatal".into()));
    let message = error["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("a node could not start (error "), "{message}");
    let end = SessionEnd::Failed(message);
    assert_eq!(client.next_outgoing().await, Some(Outgoing::Close(end.clone())));
    assert_eq!(client.leave_last().await, end);
}

#[tokio::test]
async fn a_node_that_starts_is_stopped() {
    let (sessions, memory) = sessions::<Strict>(Trouble::Never);
    let mut client = Client::begin(&sessions).await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["name"], "joined");
    client.leave_last().await;
    assert_eq!(memory.saves.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_node_that_could_not_start_ends_its_session_and_is_not_stopped() {
    for trouble in [Trouble::Error(1), Trouble::Panic(1)] {
        let (sessions, memory) = sessions::<Strict>(trouble);
        assert_fails(Client::begin(&sessions).await).await;
        assert_eq!(memory.saves.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_node_whose_start_may_fail_goes_on_and_is_not_stopped() {
    let (sessions, memory) = sessions::<Lenient>(Trouble::Error(1));
    let mut client = Client::begin(&sessions).await;
    let error = client.next().await;
    assert_eq!((&error["type"], &error["severity"]), (&"agent.error".into(), &"warning".into()));
    let message = "the start of a node failed, and the node goes on without it (error ";
    assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["name"], "joined");
    assert_eq!(client.leave_last().await, SessionEnd::ByClient);
    assert_eq!(memory.saves.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_node_whose_start_panics_ends_its_session_also_where_it_may_fail() {
    let (sessions, memory) = sessions::<Lenient>(Trouble::Panic(1));
    assert_fails(Client::begin(&sessions).await).await;
    assert_eq!(memory.saves.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_node_that_could_not_start_anew_after_a_panic_is_not_stopped() {
    let (sessions, memory) = sessions::<Strict>(Trouble::Error(2));
    let mut client = Client::begin(&sessions).await;
    client.send(r#"{"type":"system.user.started_speaking"}"#).await;
    assert_eq!(client.next().await["severity"], "warning");
    assert_fails(client).await;
    assert_eq!((memory.loads.load(Ordering::SeqCst), memory.saves.load(Ordering::SeqCst)), (2, 0));
}

#[tokio::test]
async fn a_node_that_starts_anew_after_a_panic_is_stopped() {
    let (sessions, memory) = sessions::<Lenient>(Trouble::Error(1));
    let mut client = Client::begin(&sessions).await;
    client.next().await;
    client.send(r#"{"type":"system.user.started_speaking"}"#).await;
    client.next().await;
    client.send(r#"{"type":"system.user.joined"}"#).await;
    assert_eq!(client.next().await["name"], "joined");
    client.leave_last().await;
    assert_eq!(memory.saves.load(Ordering::SeqCst), 1);
}

/// Never gets started.
#[derive(Default)]
struct Slow;

#[node(crate = atoms_agent)]
impl Slow {
    #[started]
    async fn load(&mut self, memory: State<Arc<Memory>>) {
        memory.loads.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }

    #[handler]
    fn begin(&mut self, _: &Init) {}

    #[stopped]
    fn save(&mut self, memory: State<Arc<Memory>>) {
        memory.saves.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_node_whose_session_ends_while_it_starts_is_not_stopped() {
    let (sessions, memory) = sessions::<Slow>(Trouble::Never);
    let mut client = Client::connect(&sessions);
    client.send(INIT).await;
    client.next().await;
    while memory.loads.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.leave_last().await, SessionEnd::ByClient);
    assert_eq!(memory.saves.load(Ordering::SeqCst), 0);
}
