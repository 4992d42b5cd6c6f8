//! A server in this process, and those whom it lets in.

use std::future::ready;
use std::net::SocketAddr;
use std::time::Duration;

use atoms::HandlerError;
use atoms::control::QuestionId;
use atoms::prelude::*;
use atoms::server::{Routes, ServeError, Server, Tokens};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long anything may take that should not take long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The tokens of those who may come in.
pub(crate) const ADA: &str = "ada-s3cret";
pub(crate) const BOB: &str = "bob-s3cret";
pub(crate) const EVE: &str = "eve-s3cret";

pub(crate) fn ada() -> Principal {
    Principal::new("ada").role("manager")
}

pub(crate) fn bob() -> Principal {
    Principal::new("bob")
}

pub(crate) fn eve() -> Principal {
    Principal::new("eve").role("director")
}

pub(crate) fn tokens() -> Tokens<Principal> {
    Tokens::new().token(ADA, ada()).token(BOB, bob()).token(EVE, eve())
}

pub(crate) fn routes() -> Routes {
    Routes::new().questions(tokens())
}

pub(crate) fn bus() -> Bus {
    Bus::builder().without_discovery().start().unwrap()
}

/// A server without sessions, which stops when it is told to, or when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) bus: Bus,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::with(routes()).await
    }

    pub(crate) async fn with(routes: Routes) -> Self {
        Self::of(Server::without_sessions().routes(routes), bus()).await
    }

    pub(crate) async fn of(server: Server, bus: Bus) -> Self {
        let bound = server.bind("127.0.0.1:0").await.unwrap();
        let address = bound.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let started = ready(Ok::<_, HandlerError>(bus.clone()));
        let serving = tokio::spawn(bound.serve_until(started, async { drop(stopped.await) }));
        Self { address, bus, stop, serving }
    }

    /// Opens a question that is for managers.
    pub(crate) async fn open(&self, name: &str) -> QuestionId {
        self.bus.questions().open(Approval::new(name).role("manager")).await.unwrap().id()
    }

    /// Stops it, and waits until it has stopped.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.serving).await.expect("it does not stop").unwrap().unwrap();
    }
}
