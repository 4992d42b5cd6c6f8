//! Orders that come in over HTTP, and what follows from them.

use std::sync::Arc;
use std::time::Duration;

use atoms::prelude::*;
use atoms::testing::Recording;
use atoms::{DeliveryFailed, StartProblem};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use order_service::{Config, Mail, Mailer, Orders};
use serde_json::{Value, json};
use shop::{GetQuote, OrderConfirmed, OrderPlaced, PaymentDue, PaymentReceived, TIME_TO_PAY, Tenant};
use tower::ServiceExt;

/// The service, and what is emitted in it.
struct Service {
    bus: Bus,
    router: Router,
    mailer: Arc<Mailer>,
    recorded: Recording,
}

impl Service {
    fn start() -> Self {
        let config: Config = serde_json::from_str(include_str!("../config.json")).unwrap();
        let (mailer, orders) = (Arc::new(Mailer::default()), Arc::new(Orders::default()));
        let bus = order_service::bus(&config, mailer.clone(), orders.clone()).start().unwrap();
        let recorded = Recording::of(&bus).patience(2 * TIME_TO_PAY);
        Self { router: order_service::router(bus.clone(), orders), bus, mailer, recorded }
    }

    /// Asks as a client of this shop does, and waits until what follows is done.
    async fn ask(&self, tenant: &str, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("x-tenant", tenant);
        let request =
            request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1024 * 1024).await.unwrap();
        self.bus.idle().await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn order(&self, tenant: &str, item: &str, email: &str) -> (StatusCode, Value) {
        self.ask(tenant, "POST", "/orders", json!({"item": item, "count": 200, "email": email})).await
    }
}

#[tokio::test]
async fn an_order_is_taken_confirmed_and_mailed_for_its_shop() {
    let service = Service::start();
    let (status, answer) = service.order("tools", "nails", "ada@example.com").await;
    assert_eq!((status, &answer["total_cents"]), (StatusCode::ACCEPTED, &json!(400)));
    let id = answer["order_id"].as_str().unwrap();

    service.recorded.in_order::<(GetQuote, OrderPlaced, GetQuote, OrderConfirmed)>();
    service.recorded.nothing_else();
    let confirmed = service.recorded.emitted::<OrderConfirmed>().that(|order| order.order_id == id).once();
    assert_eq!(confirmed.metadata().get(Tenant::KEY), Some(&json!("tools")));
    let text = format!("{id} is confirmed: 400 cents");
    assert_eq!(service.mailer.take(), [Mail { from: "tools".into(), to: "ada@example.com".into(), text }]);

    let path = format!("/orders/{id}");
    let (_, order) = service.ask("tools", "GET", &path, Value::Null).await;
    assert_eq!(order, json!({"tenant": "tools", "status": "confirmed", "total_cents": 400}));
    assert_eq!(service.ask("toys", "GET", &path, Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_the_shop_does_not_have_is_refused_at_once() {
    let service = Service::start();
    let (status, answer) = service.order("tools", "saws", "ada@example.com").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer, json!({"error": "there are no saws in this shop"}));
    service.recorded.emitted::<OrderPlaced>().never();
}

#[tokio::test(start_paused = true)]
async fn who_does_not_pay_is_reminded() {
    let service = Service::start();
    service.order("tools", "nails", "ada@example.com").await;
    service.mailer.take();
    service.recorded.expect::<PaymentDue>().await;
    service.bus.idle().await;
    assert!(service.mailer.take()[0].text.ends_with("is to be paid: 400 cents"));
}

#[tokio::test(start_paused = true)]
async fn who_has_paid_is_not_reminded() {
    let service = Service::start();
    let (_, answer) = service.order("tools", "nails", "ada@example.com").await;
    let id = answer["order_id"].as_str().unwrap();
    let (status, _) =
        service.ask("tools", "POST", &format!("/orders/{id}/payments"), json!({"cents": 400})).await;
    assert_eq!(status, StatusCode::OK); // it is booked
    service.recorded.emitted::<PaymentReceived>().once();
    service.mailer.take();
    tokio::time::sleep(2 * TIME_TO_PAY).await;
    service.bus.idle().await;
    assert_eq!(service.mailer.take(), []);
}

#[tokio::test(start_paused = true)]
async fn mails_are_tried_again_and_then_kept_until_the_server_is_back() {
    let service = Service::start();
    service.mailer.set_down(true);
    service.order("tools", "nails", "ada@example.com").await;
    let failed = service.recorded.emitted::<DeliveryFailed>().once();
    assert_eq!((&*failed.event_type, failed.attempts), ("shop.order.confirmed", 3));

    let (_, letters) = service.ask("tools", "GET", "/letters", Value::Null).await;
    assert_eq!(letters[0]["type"], "shop.order.confirmed", "{letters}");
    assert!(!letters.to_string().contains("ada@example.com"), "{letters}");
    service.mailer.set_down(false);
    let (_, done) = service.ask("tools", "POST", "/letters/redeliver", Value::Null).await;
    assert_eq!(done, json!({"done": 1, "of": 1}));
    assert_eq!(service.mailer.take()[0].from, "tools");
}

#[tokio::test(start_paused = true)]
async fn a_mail_without_an_address_is_not_tried_again() {
    let service = Service::start();
    service.order("tools", "nails", "nobody").await;
    let failed = service.recorded.emitted::<DeliveryFailed>().once();
    assert_eq!(failed.attempts, 1);
}

#[tokio::test]
async fn a_request_names_its_shop() {
    let service = Service::start();
    let request = Request::post("/orders").body(Body::empty()).unwrap();
    let answer = service.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_service_that_shuts_down_says_so() {
    let service = Service::start();
    assert_eq!(service.ask("tools", "GET", "/health", Value::Null).await.0, StatusCode::OK);
    service.bus.shutdown(Duration::from_secs(1)).await.unwrap();
    assert_eq!(service.ask("tools", "GET", "/health", Value::Null).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (status, answer) = service.order("tools", "nails", "ada@example.com").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
}

#[test]
fn the_program_takes_orders_and_ends() {
    let played = std::process::Command::new(env!("CARGO_BIN_EXE_order-service")).output().unwrap();
    let told = String::from_utf8(played.stdout).unwrap();
    assert!(played.status.success(), "{told}\n{}", String::from_utf8_lossy(&played.stderr));
    let counts = ["202 Accepted", "422 Unprocessable Entity", "mail from tools", "not due before"];
    assert_eq!(counts.map(|line| told.matches(line).count()), [2, 1, 2, 2], "{told}");
}

#[test]
fn a_service_without_attempts_does_not_start() {
    let mut config: Config = serde_json::from_str(include_str!("../config.json")).unwrap();
    config.mail.attempts = 0;
    let error = order_service::bus(&config, Arc::default(), Arc::default()).start().unwrap_err();
    assert!(
        error.problems().iter().all(|problem| matches!(problem, StartProblem::Options { .. })),
        "{error}"
    );
}
