//! Connections: who connects is served over HTTP/1.1, and has to say soon what it wants.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Serves until it is told to close, and then until the requests that are under way are answered. Sockets
/// that became sessions belong to them.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    header_timeout: Duration,
    closing: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // What keeps a socket from being accepted is waited for there.
            (socket, _) = Listener::accept(&mut listener) => {
                connections.spawn(connection(socket, router.clone(), header_timeout, closing.clone()));
            }
            Some(_) = connections.join_next() => {}
            () = closing.cancelled() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(socket: TcpStream, router: Router, header_timeout: Duration, closing: CancellationToken) {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "small frames may be slow");
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    let serving =
        http.serve_connection(TokioIo::new(socket), TowerToHyperService::new(router)).with_upgrades();
    let mut serving = pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = closing.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection did not end well");
    }
}
