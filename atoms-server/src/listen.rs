//! Connections: who connects is served over HTTP/1.1, and has to say soon what it wants.

use std::io;
use std::pin::pin;
use std::time::Duration;

use atoms_runtime::{LogLimit, Shown};
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Level;

/// Without descriptors, each connection that waits fails to be accepted until there are some.
static NOT_ACCEPTED: LogLimit = LogLimit::new(1, "more attempts to accept a connection failed");

/// Clients can break connections as often as they like.
static BROKEN: LogLimit = LogLimit::new(10, "more connections did not end well");

/// How long nothing is accepted after that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is told to close, and then until the requests that are under way are answered. Sockets
/// that became sessions belong to them.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    header_timeout: Duration,
    closing: CancellationToken,
) {
    let router = router.layer(map_response(last));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            socket = accept(&listener) => {
                connections.spawn(connection(socket, router.clone(), header_timeout, closing.clone()));
            }
            Some(_) = connections.join_next() => {}
            () = closing.cancelled() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection. Cancel-safe.
async fn accept(listener: &TcpListener) -> TcpStream {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            // It was gone before it was accepted.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {
            }
            Err(error) => {
                if NOT_ACCEPTED.allows() {
                    tracing::error!(
                        %error,
                        "connections wait that cannot be accepted: raise the limit of open files (`ulimit -n`), or \
                         lower `Routes::session_limit`"
                    );
                }
                sleep(PAUSE).await;
            }
        }
    }
}

/// Lets a connection serve one request: a client that asks again and again, and reads no answer, would hold it. It
/// is no option of the connection, since that would keep it from becoming a session.
async fn last(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// How many bytes the head of a request may have, and what is read of it while it is not complete.
const HEAD: usize = 16 * 1024;

async fn connection(socket: TcpStream, router: Router, header_timeout: Duration, closing: CancellationToken) {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "small frames may be slow");
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(HEAD);
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
        note_broken(&error);
    }
}

/// Says in the log, at the level DEBUG, that a connection did not end well.
pub(crate) fn note_broken(error: &hyper::Error) {
    if tracing::enabled!(Level::DEBUG) && BROKEN.allows() {
        tracing::debug!(error = ?Shown(error), "a connection did not end well");
    }
}
