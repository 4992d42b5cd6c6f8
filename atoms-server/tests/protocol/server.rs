//! A server of agents in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use atoms_agent::{Graph, Sessions, SessionsBuilder};
use atoms_runtime::Bus;
use atoms_server::Routes;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::agent::{Agent, Done};

/// How long anything may take that should not take long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A server that stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) sessions: Sessions,
    pub(crate) done: Arc<Done>,
    serving: JoinHandle<()>,
}

impl Running {
    /// A server of the [`Agent`] with nothing set.
    pub(crate) async fn start() -> Self {
        Self::with(Sessions::builder(Agent::graph()), Routes::new()).await
    }

    pub(crate) async fn of(graph: Graph) -> Self {
        Self::with(Sessions::builder(graph), Routes::new()).await
    }

    pub(crate) async fn with(sessions: SessionsBuilder, routes: Routes) -> Self {
        let done = Arc::<Done>::default();
        let sessions = sessions.start(&bus(&done)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = routes.into_router(sessions.clone());
        let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, sessions, done, serving }
    }

    /// Waits until no session is left, and no task of any.
    pub(crate) async fn is_empty(&self) {
        self.until(|| (self.sessions.counts().active, self.sessions.counts().tasks) == (0, 0)).await;
    }

    /// Waits until so many sessions run.
    pub(crate) async fn has(&self, active: usize) {
        self.until(|| self.sessions.counts().active == active).await;
    }

    #[track_caller]
    pub(crate) fn until(&self, is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let come = async {
                while !is_so() {
                    sleep(Duration::from_millis(1)).await;
                }
            };
            let came = timeout(PATIENCE, come).await;
            assert!(came.is_ok(), "{caller}: it does not come: {:?}", self.sessions.counts());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A bus that has what the [`Agent`] needs.
pub(crate) fn bus(done: &Arc<Done>) -> Bus {
    Bus::builder().shared_state(Arc::clone(done)).start().unwrap()
}
