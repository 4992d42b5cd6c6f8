//! Who may connect.

use std::net::SocketAddr;

use atoms_agent::Sessions;
use atoms_server::Routes;
use tokio_tungstenite::tungstenite::Error;

use crate::agent::Agent;
use crate::client::{Client, request};
use crate::http::get;
use crate::server::Running;

async fn with(routes: Routes) -> Running {
    Running::with(Sessions::builder(Agent::graph()), routes).await
}

/// The status with which a connection that has these headers is answered.
async fn status(address: SocketAddr, headers: &[(&'static str, &str)]) -> u16 {
    match Client::open(address, request(address, headers)).await {
        Ok(_) => 101,
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_token_lets_in() {
    let server = with(Routes::new().token("s3cret")).await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{scheme} s3cret");
        assert_eq!(status(server.address, &[("authorization", &header)]).await, 101, "{scheme}");
    }
    assert_eq!(status(server.address, &[]).await, 401);
    for wrong in ["Bearer secret", "Bearer s3cret3", "Bearer ", "Basic s3cret", "s3cret"] {
        assert_eq!(status(server.address, &[("authorization", wrong)]).await, 401, "{wrong}");
    }
}

#[tokio::test]
async fn probes_need_no_token() {
    let server = with(Routes::new().token("s3cret")).await;
    for path in ["/", "/health", "/ready", "/metrics"] {
        assert_eq!(get(server.address, path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn programs_have_no_origin_and_are_let_in() {
    let server = with(Routes::new().allow_origin("https://shop.example")).await;
    assert_eq!(status(server.address, &[]).await, 101);
}

#[tokio::test]
async fn pages_of_the_same_host_are_let_in() {
    let server = with(Routes::new()).await;
    let own = format!("http://{}", server.address);
    assert_eq!(status(server.address, &[("origin", &own)]).await, 101);
    for wrong in ["http://evil.example", "null", "", "http://", "://"] {
        assert_eq!(status(server.address, &[("origin", wrong)]).await, 403, "{wrong}");
    }
}

#[tokio::test]
async fn pages_of_allowed_origins_are_let_in() {
    let server = with(Routes::new().allow_origin("https://shop.example")).await;
    assert_eq!(status(server.address, &[("origin", "https://shop.example")]).await, 101);
    for wrong in ["http://shop.example", "https://shop.example.evil", "https://shop.example:444"] {
        assert_eq!(status(server.address, &[("origin", wrong)]).await, 403, "{wrong}");
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_be_let_in() {
    let server = with(Routes::new().allow_any_origin()).await;
    assert_eq!(status(server.address, &[("origin", "http://evil.example")]).await, 101);
}

#[tokio::test]
async fn what_is_no_upgrade_is_refused() {
    let server = with(Routes::new()).await;
    assert_eq!(get(server.address, "/ws").await.status, 400);
    assert_eq!(get(server.address, "/nowhere").await.status, 404);
}
