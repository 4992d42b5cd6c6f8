//! Accepts connections, and serves HTTP/1.1 on them. A client has to send its request, and to read the answer, in time.

use std::fmt::Display;
use std::future::pending;
use std::io;
use std::pin::pin;
use std::time::Duration;

use atoms_runtime::{LogLimit, Shown};
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Level;

use crate::linger::Lingering;
use crate::pace::Pace;

/// Without free descriptors, no connection can be accepted.
static NOT_ACCEPTED: LogLimit = LogLimit::new(1, "more attempts to accept a connection failed");

/// Clients can break connections as often as they like.
static BROKEN: LogLimit = LogLimit::new(10, "more connections did not end well");

/// Clients can connect as often as they like.
static CROWDED: LogLimit = LogLimit::new(1, "more times, connections had to wait");

/// How long to wait after accepting failed.
const PAUSE: Duration = Duration::from_millis(100);

/// The limits of connections without a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many there may be.
    pub(crate) connections: usize,
    /// How long a client may take to send its request.
    pub(crate) header_timeout: Duration,
    /// How long a client may take to read the whole answer, unless the answer says another pace.
    pub(crate) write_timeout: Duration,
}

/// Serves until `closing` is cancelled, and then until the requests that are under way are answered. Sockets that became
/// sessions do not count here any more.
pub(crate) async fn serve(listener: TcpListener, router: Router, limits: Limits, closing: CancellationToken) {
    let router = router.layer(map_response(last));
    let mut connections = JoinSet::new();
    loop {
        if connections.len() == limits.connections && CROWDED.allows() {
            tracing::warn!(
                limit = limits.connections,
                "connections wait to be accepted: there are too many without a session"
            );
        }
        tokio::select! {
            socket = accept(&listener), if connections.len() < limits.connections => {
                connections.spawn(connection(socket, router.clone(), limits, closing.clone()));
            }
            Some(_) = connections.join_next() => {}
            () = closing.cancelled() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Accepts the next connection. Cancel-safe.
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

/// Serves one request on a connection, since a client that sends many, and reads no answer, would hold it. An option of the
/// connection for this would keep it from becoming a session.
async fn last(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// How many bytes the head of a request may have.
const HEAD: usize = 16 * 1024;

async fn connection(socket: TcpStream, router: Router, limits: Limits, closing: CancellationToken) {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "small frames may be slow");
    }
    let (answered, mut pace) = watch::channel(None::<Pace>);
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request| {
        let (answering, answered) = (router.call(request), answered.clone());
        async move {
            let answer = answering.await;
            let own = answer.as_ref().ok().and_then(|answer| answer.extensions().get::<Pace>().cloned());
            answered.send_replace(Some(own.unwrap_or_else(|| Pace::new(limits.write_timeout))));
            answer
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_buf_size(HEAD);
    let serving = http
        .serve_connection(TokioIo::new(Lingering::new(socket, limits.write_timeout)), service)
        .with_upgrades();
    let served = async {
        let mut serving = pin!(serving);
        tokio::select! {
            served = serving.as_mut() => served,
            () = closing.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        }
    };
    let overdue = async {
        let pace = pace.wait_for(Option::is_some).await.map(|pace| pace.clone());
        match pace {
            Ok(Some(pace)) => pace.exceeded().await,
            _ => pending().await,
        }
    };
    tokio::select! {
        served = served => served.unwrap_or_else(|error| note_broken(&error)),
        () = overdue => note_broken("the client did not read its answer in time"),
    }
}

/// Logs at the level DEBUG that a connection did not end well.
pub(crate) fn note_broken(why: impl Display) {
    if tracing::enabled!(Level::DEBUG) && BROKEN.allows() {
        tracing::debug!(error = ?Shown(why), "a connection did not end well");
    }
}
