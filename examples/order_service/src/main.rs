//! An order service: HTTP in front, and two crates of handlers behind it.
//!
//! ```sh
//! cargo run -p order-service                     # takes some orders, while the mail server is down, and ends
//! cargo run -p order-service -- --port 8080      # serves
//! curl -H "X-Tenant: tools" --json '{"item": "nails", "count": 200, "email": "ada@example.com"}' http://127.0.0.1:8080/orders
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use order_service::{Config, Mailer, Orders};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::ERROR).init();
    let config: Config = serde_json::from_str(include_str!("../config.json"))?;
    let (mailer, orders) = (Arc::new(Mailer::default()), Arc::new(Orders::default()));
    let bus = order_service::bus(&config, mailer.clone(), orders.clone()).start()?;
    let router = order_service::router(bus.clone(), orders);

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => play(&bus, &router, &mailer).await?,
        ["--port", port] => serve(router, port.parse()?).await?,
        _ => return Err("usage: order-service [--port PORT]".into()),
    }
    for later in bus.shutdown(Duration::from_secs(10)).await? {
        println!("not due before {}: {}", later.due(), later.event().event_type());
    }
    Ok(())
}

async fn serve(router: Router, port: u16) -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stopped = async { drop(tokio::signal::ctrl_c().await) };
    Ok(axum::serve(listener, router).with_graceful_shutdown(stopped).await?)
}

/// Takes orders, one of an item that the shop does not have, and some while the mail server is down.
async fn play(bus: &atoms::Bus, router: &Router, mailer: &Mailer) -> Result<(), Box<dyn Error>> {
    ask(router, "POST", "/orders", r#"{"item": "hammers", "count": 1, "email": "ada@example.com"}"#).await?;
    ask(router, "POST", "/orders", r#"{"item": "saws", "count": 1, "email": "ada@example.com"}"#).await?;
    bus.idle().await;

    mailer.set_down(true);
    ask(router, "POST", "/orders", r#"{"item": "nails", "count": 200, "email": "bob@example.com"}"#).await?;
    bus.idle().await;
    mailer.set_down(false);
    ask(router, "POST", "/letters/redeliver", "").await?;

    for mail in mailer.take() {
        println!("mail from {} to {}: {}", mail.from, mail.to, mail.text);
    }
    Ok(())
}

/// Asks the service as a client does, and prints the answer.
async fn ask(router: &Router, method: &str, path: &str, body: &'static str) -> Result<(), Box<dyn Error>> {
    let request = Request::builder().method(method).uri(path).header("x-tenant", "tools");
    let request = request.header("content-type", "application/json").body(Body::from(body))?;
    let answer = router.clone().oneshot(request).await?;
    let status = answer.status();
    let answer = to_bytes(answer.into_body(), 1024 * 1024).await?;
    println!("{method} {path} {body}\n  {status}: {}", String::from_utf8_lossy(&answer));
    Ok(())
}
