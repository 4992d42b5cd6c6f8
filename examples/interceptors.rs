//! Authorisation and auditing, as interceptors of a bus: who may do what is decided in one place, and each
//! decision is logged.
//!
//! `cargo run --example interceptors`

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{Delivery, FailureKind, Interceptor, Metadata, Veto};

#[event(type = "shop.refund.asked")]
struct RefundAsked {
    order_id: String,
}

#[event(type = "shop.refund.paid")]
struct RefundPaid {
    order_id: String,
}

#[handler]
fn refund(asked: &RefundAsked) -> RefundPaid {
    RefundPaid { order_id: asked.order_id.clone() }
}

/// Lets an event pass if its `source` may emit events of its type.
#[derive(Default)]
struct Authorization {
    allowed: HashSet<(&'static str, &'static str)>,
}

impl Authorization {
    fn allow(mut self, source: &'static str, event_type: &'static str) -> Self {
        self.allowed.insert((source, event_type));
        self
    }
}

impl Interceptor for Authorization {
    fn before_emit(
        &self,
        event: &AnyEvent,
        metadata: &mut Metadata,
        _: Option<&AnyEvent>,
    ) -> Result<(), Veto> {
        // What follows from an event that was let in is the program's own. A frame's metadata can say
        // anything; the hops are counted by the bus.
        let is_own = event.hops() > 0;
        let source = metadata.source().unwrap_or("nobody");
        let is_allowed = is_own || self.allowed.contains(&(source, event.event_type()));
        tracing::info!(source, event_type = event.event_type(), is_allowed, "authorization");
        if is_allowed { Ok(()) } else { Err(Veto::new(format!("{source} may not emit it"))) }
    }
}

/// Writes down what became of each event, and how long each handler took.
#[derive(Clone, Default)]
struct Audit(Arc<Mutex<Vec<String>>>);

impl Audit {
    fn add(&self, line: String) {
        self.0.lock().expect("nobody panics while he holds it").push(line);
    }
}

impl Interceptor for Audit {
    fn after_emit(&self, event: &AnyEvent, receipt: &Receipt, _: Duration) {
        let outcome = receipt.refusal().map_or_else(|| "delivered".into(), ToString::to_string);
        self.add(format!("{} {}: {outcome}", event.timestamp(), event.event_type()));
    }

    fn after_delivery(&self, delivery: &Delivery<'_>, outcome: Result<(), &FailureKind>, took: Duration) {
        let outcome = outcome.map_or_else(ToString::to_string, |()| "ok".into());
        self.add(format!("{} {}: {outcome} in {took:?}", delivery.timestamp(), delivery.handler().path()));
    }
}

/// A refund that `source` asks for.
fn asked_by(source: &str) -> Envelope<RefundAsked> {
    let mut asked = Envelope::new(RefundAsked { order_id: "o-1".into() });
    asked.metadata_mut().set_source(source);
    asked
}

/// A bus on which only the support may ask for refunds, and what it has audited.
fn guarded() -> Result<(Bus, Audit), atoms::StartError> {
    let audit = Audit::default();
    let authorization = Authorization::default().allow("support", "shop.refund.asked");
    // The audit stands outside, so that it sees what is refused, too.
    let bus = Bus::builder().interceptor(audit.clone()).interceptor(authorization).start()?;
    Ok((bus, audit))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let (bus, audit) = guarded()?;
    bus.emit(asked_by("support")).await.into_result()?;
    let refused = bus.emit(asked_by("visitor")).await;
    println!("{refused}");
    for line in audit.0.lock().expect("nobody panics while he holds it").iter() {
        println!("{line}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_who_may_is_let_in_and_all_is_audited() {
        let (bus, audit) = guarded().unwrap();
        let paid = bus.expect::<RefundPaid>(|paid| paid.order_id == "o-1");
        bus.emit(asked_by("support")).await.into_result().unwrap();
        paid.within(Duration::from_secs(1)).await.unwrap();
        let refused = bus.emit(asked_by("visitor")).await;
        assert!(refused.is_unhandled());
        assert!(refused.to_string().ends_with("visitor may not emit it"), "{refused}");
        let lines = audit.0.lock().unwrap();
        let ends = [": ok in ", "paid: delivered", "asked: delivered", "visitor may not emit it"];
        assert_eq!(lines.len(), ends.len());
        assert!(lines.iter().zip(ends).all(|(line, end)| line.contains(end)), "{lines:?}");
    }
}
