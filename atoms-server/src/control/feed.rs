//! One stream of events, as [server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use atoms_control::{Followed, Following, HistoryPosition, Principal, Recorded};
use atoms_runtime::Shown;
use axum::http::request::Parts;
use futures_util::{FutureExt, Stream, stream};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::Desk;
use crate::door::{Caller, Place};
use crate::pace::Pace;

/// The largest event that is sent as a whole, in bytes.
const EVENT_BYTES: usize = 64 * 1024;

/// How many bytes of events are sent at once, before the last of them.
const SENT_BYTES: usize = 8 * 1024;

/// How long a client is to wait before it connects again.
const BEGIN: &str = "retry: 1000\n\n";

/// A comment, which clients ignore, and which keeps proxies from closing the connection.
const HEARTBEAT: &str = ":\n\n";

/// What one caller reads.
pub(super) struct Feed {
    desk: Arc<Desk>,
    principal: Principal,
    is_operator: bool,
    head: Parts,
    following: Following,
    has_begun: bool,
    beats: Interval,
    pace: Pace,
    /// Free for another caller when this is dropped.
    _place: Place,
}

impl Feed {
    pub(super) fn new(desk: Arc<Desk>, caller: Caller, following: Following, place: Place) -> Self {
        let is_operator = desk.is_operator(&caller);
        let Caller { principal, head, .. } = caller;
        // Whoever reads is sent something at each beat, so that who does not read is found out.
        let quiet = desk.heartbeat.saturating_add(desk.door.request_timeout());
        let pace = Pace::new(quiet.saturating_add(desk.write_timeout));
        let first = Instant::now().checked_add(desk.heartbeat);
        let first = first.unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400));
        let mut beats = interval_at(first, desk.heartbeat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { desk, principal, is_operator, head, following, has_begun: false, beats, pace, _place: place }
    }

    pub(super) fn pace(&self) -> Pace {
        self.pace.clone()
    }

    pub(super) fn into_stream(self) -> impl Stream<Item = Result<String, Infallible>> {
        stream::unfold(self, |mut feed| async move {
            let text = feed.next().await?;
            Some((Ok(text), feed))
        })
    }

    /// What is sent next; `None` if nothing more is.
    async fn next(&mut self) -> Option<String> {
        self.pace.read();
        if !std::mem::replace(&mut self.has_begun, true) {
            return Some(BEGIN.into());
        }
        tokio::select! {
            biased;
            _ = self.beats.tick() => {}
            followed = self.following.next() => return followed.map(|first| self.with_what_is_there(&first)),
        }
        self.is_still_let_in().await.then(|| HEARTBEAT.into())
    }

    /// What comes next, and what else is there already: one write of many events takes less than many writes.
    fn with_what_is_there(&mut self, first: &Followed) -> String {
        let mut sent = text(first);
        while sent.len() < SENT_BYTES
            && let Some(Some(next)) = self.following.next().now_or_never()
        {
            sent += &text(&next);
        }
        sent
    }

    /// Whether the caller is who they were: their token may have been revoked, or a role taken from them.
    async fn is_still_let_in(&self) -> bool {
        let Ok(now) = self.desk.door.authenticate(&self.head).await else { return false };
        now.name() == self.principal.name() && self.desk.has_operators_role(&now) == self.is_operator
    }
}

fn text(followed: &Followed) -> String {
    match followed {
        Followed::Event { position, event } => sent(*position, event),
        Followed::Missed(count) => format!("event: missed\ndata: {{\"count\":{count}}}\n\n"),
        // How many there were is not known.
        _ => "event: missed\ndata: {}\n\n".into(),
    }
}

fn sent(position: HistoryPosition, event: &Recorded) -> String {
    let run = event.run().map(|run| run.to_string());
    let whole = (event.size() <= EVENT_BYTES).then(|| event.to_json().ok()).flatten();
    let data =
        whole.map(|whole| json_of(run.as_deref(), whole, false)).filter(|data| data.len() <= EVENT_BYTES);
    let data = data.unwrap_or_else(|| {
        let envelope = json!({
            "type": Shown(event.event_type()).to_string(),
            "id": event.id().to_string(),
            "timestamp": event.timestamp(),
        });
        json_of(run.as_deref(), envelope, true)
    });
    format!("id: {position}\ndata: {data}\n\n")
}

/// JSON, which has no line ends.
fn json_of(run: Option<&str>, event: Value, is_cut: bool) -> String {
    let mut data = Map::new();
    data.extend(run.map(|run| ("run".into(), run.into())));
    data.insert("event".into(), event);
    data.extend(is_cut.then(|| ("is_cut".into(), true.into())));
    Value::Object(data).to_string()
}
