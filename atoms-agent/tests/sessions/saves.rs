//! A state of a session is saved, also when its connection is dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms_agent::events::{UserJoined, UserStartedSpeaking};
use atoms_agent::{Graph, Opening, Session, SessionError, SessionState, Sessions, SessionsBuilder, node};
use atoms_runtime::{Bus, HandlerError, State};
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::client::{Client, INIT};

#[derive(Default)]
struct Store {
    is_held: AtomicBool,
    may_go_on: AtomicBool,
    saved: Mutex<Vec<String>>,
}

impl Store {
    /// Holds the thread, and then changes the state.
    fn hold(&self, state: &SessionState<String>) {
        self.is_held.store(true, Ordering::SeqCst);
        while !self.may_go_on.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        state.lock().push_str("late");
    }

    async fn until_held(&self) {
        while !self.is_held.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(1)).await;
        }
    }

    fn saved(&self) -> Vec<String> {
        self.saved.lock().unwrap().clone()
    }
}

#[derive(Default)]
struct Holder;

#[node(crate = atoms_agent)]
impl Holder {
    #[handler]
    fn holds(&mut self, _: &UserJoined, store: State<Store>, state: SessionState<String>) {
        store.hold(&state);
    }

    #[handler]
    fn spawns(
        &mut self,
        _: &UserStartedSpeaking,
        session: Session,
        store: State<Store>,
        state: SessionState<String>,
    ) -> Result<(), SessionError> {
        session.spawn(async move { store.hold(&state) })
    }
}

fn builder() -> (SessionsBuilder, Bus, Arc<Store>) {
    let store = Arc::new(Store::default());
    let bus = Bus::builder().shared_state(Arc::clone(&store)).start().unwrap();
    let builder = Sessions::builder(Graph::builder().node::<Holder>().build().unwrap());
    let builder = builder.session_state(async |_: Opening| Ok::<_, HandlerError>(String::new()));
    (builder, bus, store)
}

/// Begins a session, and returns the task of its connection when it is ready.
async fn begun(sessions: &Sessions, frame: &'static str) -> JoinHandle<()> {
    let (incoming, from_client) = futures_channel::mpsc::unbounded();
    let (to_client, mut outgoing) = futures_channel::mpsc::unbounded();
    for frame in [INIT, frame] {
        incoming.unbounded_send(Ok(frame.as_bytes())).unwrap();
    }
    let own = sessions.clone();
    let running = tokio::spawn(async move {
        let _open = incoming;
        own.run(from_client, to_client).await;
    });
    outgoing.next().await.unwrap();
    tokio::spawn(async move { while outgoing.next().await.is_some() {} });
    running
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_save_waits_for_what_holds_its_thread_when_the_connection_is_dropped() {
    for frame in [r#"{"type":"system.user.joined"}"#, r#"{"type":"system.user.started_speaking"}"#] {
        let (builder, bus, store) = builder();
        let saves = Arc::clone(&store);
        let builder = builder.save_session_state(move |_, state: SessionState<String>| {
            saves.saved.lock().unwrap().push(state.lock().clone());
            async { Ok::<_, HandlerError>(()) }
        });
        let sessions = builder.start(&bus).unwrap();
        let running = begun(&sessions, frame).await;
        store.until_held().await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        sleep(Duration::from_millis(50)).await;
        assert!(store.saved().is_empty(), "saved before the node has ended: {:?}", store.saved());
        store.may_go_on.store(true, Ordering::SeqCst);
        assert_eq!(sessions.shutdown(Duration::from_secs(10)).await, 0);
        assert_eq!(store.saved(), ["late"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_save_goes_on_when_the_connection_is_dropped_meanwhile() {
    let (builder, bus, store) = builder();
    let saves = Arc::clone(&store);
    let builder = builder.save_session_state(move |_, state: SessionState<String>| {
        let store = Arc::clone(&saves);
        async move {
            store.is_held.store(true, Ordering::SeqCst);
            sleep(Duration::from_secs(5)).await;
            store.saved.lock().unwrap().push(state.lock().clone());
            Ok::<_, HandlerError>(())
        }
    });
    let sessions = builder.start(&bus).unwrap();
    let running = begun(&sessions, r#"{"type":"system.user.stopped_speaking"}"#).await;
    sessions.list()[0].end();
    store.until_held().await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert!(store.saved().is_empty());
    assert_eq!(sessions.shutdown(Duration::from_secs(10)).await, 0);
    assert_eq!(store.saved(), [""]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_state_is_being_saved_is_counted_once() {
    let (builder, bus, store) = builder();
    let builder = builder.state_timeout(Duration::from_secs(60)).save_session_state(
        move |_, _: SessionState<String>| {
            store.is_held.store(true, Ordering::SeqCst);
            std::future::pending::<Result<(), HandlerError>>()
        },
    );
    let sessions = builder.start(&bus).unwrap();
    let client = Client::begin(&sessions).await;
    sessions.list()[0].end();
    assert_eq!(sessions.shutdown(Duration::from_secs(5)).await, 1);
    client.leave_last().await;
}
