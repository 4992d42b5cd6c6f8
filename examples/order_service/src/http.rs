//! The service over HTTP.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use atoms::{Bus, Envelope, EventId};
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use shop::{GetQuote, NoSuchItem, OrderPlaced, PaymentReceived, Tenant};
use tokio::time::timeout;

use crate::orders::{Order, Orders};

/// How long an answer waits until a payment is booked.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns the routes of the service.
pub fn router(bus: Bus, orders: Arc<Orders>) -> Router {
    Router::new()
        .route("/orders", post(place))
        .route("/orders/{id}", get(show))
        .route("/orders/{id}/payments", post(pay))
        .route("/letters", get(letters))
        .route("/letters/redeliver", post(redeliver))
        .route("/health", get(health))
        .with_state(App { bus, orders })
}

#[derive(Clone)]
struct App {
    bus: Bus,
    orders: Arc<Orders>,
}

#[derive(Deserialize)]
struct NewOrder {
    item: String,
    count: u64,
    email: String,
}

/// Takes an order, if the shop has the item. It is handled after the answer.
async fn place(
    State(app): State<App>,
    Shop(tenant): Shop,
    Json(NewOrder { item, count, email }): Json<NewOrder>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let total_cents = app.bus.request(GetQuote { item: item.clone(), count }).await?;
    let order_id = EventId::generate().to_string();
    let order = OrderPlaced { order_id: order_id.clone(), item, count, email };
    app.bus.post(Envelope::new(order).with_metadata(tenant.metadata())).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"order_id": order_id, "total_cents": total_cents}))))
}

async fn show(
    State(app): State<App>,
    Shop(tenant): Shop,
    Path(id): Path<String>,
) -> Result<Json<Order>, Problem> {
    let order = app.orders.get(&id).filter(|order| order.tenant == tenant.0);
    order.map(Json).ok_or_else(|| Problem(StatusCode::NOT_FOUND, format!("there is no order {id}")))
}

#[derive(Deserialize)]
struct Payment {
    cents: u64,
}

/// Takes a payment, and waits for a while until it is booked.
async fn pay(
    State(app): State<App>,
    Shop(tenant): Shop,
    Path(order_id): Path<String>,
    Json(Payment { cents }): Json<Payment>,
) -> Result<StatusCode, Problem> {
    let payment = Envelope::new(PaymentReceived { order_id, cents }).with_metadata(tenant.metadata());
    let booked = app.bus.post(payment).with_receipt().await?;
    let Ok(receipt) = timeout(PATIENCE, booked).await else { return Ok(StatusCode::ACCEPTED) };
    receipt?.into_result()?;
    Ok(StatusCode::OK)
}

/// What could not be handled.
async fn letters(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let letters = app.bus.dead_letters().list().await?;
    Ok(Json(letters.iter().map(|letter| json!(**letter)).collect()))
}

async fn redeliver(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let redelivered = app.bus.dead_letters().redeliver_all(|_| true).await?;
    let done =
        redelivered.iter().filter(|(_, receipt)| receipt.as_ref().is_ok_and(|receipt| receipt.is_ok()));
    Ok(Json(json!({"done": done.count(), "of": redelivered.len()})))
}

async fn health(State(app): State<App>) -> StatusCode {
    if app.bus.is_closed() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

/// The shop that a request is for, as the proxy in front of the service says.
struct Shop(Tenant);

impl<S: Sync> FromRequestParts<S> for Shop {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let tenant = parts.headers.get("x-tenant").and_then(|tenant| tenant.to_str().ok());
        let tenant = tenant.ok_or_else(|| Problem(StatusCode::UNAUTHORIZED, "no `X-Tenant`".into()))?;
        Ok(Self(Tenant(tenant.to_owned())))
    }
}

/// An answer that says what went wrong.
struct Problem(StatusCode, String);

impl<E: Error + 'static> From<E> for Problem {
    fn from(error: E) -> Self {
        // The error of the handler of a request.
        match error.source().and_then(|cause| cause.downcast_ref::<NoSuchItem>()) {
            Some(no_such_item) => Self(StatusCode::UNPROCESSABLE_ENTITY, no_such_item.to_string()),
            None => Self(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}
