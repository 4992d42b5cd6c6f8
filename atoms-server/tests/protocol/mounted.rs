//! Sessions in an application that has routes of its own.

use std::net::SocketAddr;

use atoms_agent::Sessions;
use atoms_server::Routes;
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::agent::Agent;
use crate::client::Client;
use crate::http;
use crate::server::bus;

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

fn own() -> Router {
    Router::new().route("/health", get(async || "all is well")).route("/", get(async || "hello"))
}

fn sessions() -> Sessions {
    Sessions::builder(Agent::graph()).start(&bus(&Default::default())).unwrap()
}

#[tokio::test]
async fn routes_without_probes_stand_beside_those_of_the_application() {
    let address = serve(own().merge(Routes::new().without_probes().into_router(sessions()))).await;
    assert_eq!(http::get(address, "/health").await.body, "all is well");
    assert_eq!(http::get(address, "/").await.body, "hello");
    for path in ["/ready", "/metrics"] {
        assert_eq!(http::get(address, path).await.status, 404, "{path}");
    }
    assert_eq!(Client::begin(address).await.hear("hello").await, "You said: hello");
}

#[tokio::test]
async fn all_routes_stand_under_a_prefix() {
    let address = serve(own().nest("/agent", Routes::new().into_router(sessions()))).await;
    assert_eq!(http::get(address, "/health").await.body, "all is well");
    assert!(http::get(address, "/agent/health").await.body.contains("active_sessions"));
    for path in ["/agent", "/agent/ready", "/agent/metrics"] {
        assert_eq!(http::get(address, path).await.status, 200, "{path}");
    }
    assert_eq!(http::get(address, "/agent/ws").await.status, 400);
    assert_eq!(http::get(address, "/ws").await.status, 404);
}
