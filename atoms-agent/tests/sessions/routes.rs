//! Which node of several gets an event: by the event that a router emits, or by the edge.

use atoms_agent::events::{LlmRequest, Log, Object, Speak, SystemInterrupt, TranscriptUpdate, UserJoined};
use atoms_agent::{Conversation, Graph, graph, node};
use atoms_runtime::{AnyEvent, Emitter, event};
use futures_util::{Stream, stream};

use crate::client::{Client, text};

#[event(type = "test.routes.sales_turn", crate = atoms_runtime)]
struct SalesTurn;

#[event(type = "test.routes.support_turn", crate = atoms_runtime)]
struct SupportTurn;

/// Chooses who answers, by what the user has said last.
#[derive(Default)]
struct Router {
    heard: String,
}

#[node(crate = atoms_agent)]
impl Router {
    #[handler]
    fn listen(&mut self, said: &TranscriptUpdate) {
        self.heard = said.content.clone();
    }

    #[handler]
    async fn choose(&mut self, _: LlmRequest, out: Emitter<(SalesTurn, SupportTurn, Speak)>) {
        match self.heard.as_str() {
            "buy" => drop(out.emit(SalesTurn).await),
            "help" => drop(out.emit(SupportTurn).await),
            _ => drop(out.emit(Speak { text: "what?".into() }).await),
        }
    }
}

macro_rules! agents {
    ($($name:ident: $turn:ty;)*) => {
        $(
            #[derive(Default)]
            struct $name;

            #[node(output, crate = atoms_agent)]
            impl $name {
                #[respond]
                fn answer(&mut self, _: $turn, said: Conversation) -> impl Stream<Item = String> + use<> {
                    stream::iter([format!("{}, {}", stringify!($name), said.last_user_text().unwrap_or("?"))])
                }

                /// Says what else comes here.
                #[handler]
                fn see(&mut self, event: &AnyEvent) -> Log {
                    Log { name: format!("{} sees {}", stringify!($name), event.event_type()), payload: Object::new() }
                }
            }
        )*
    };
}

agents! {
    Sales: SalesTurn;
    Support: SupportTurn;
}

#[derive(Default)]
struct Last;

#[node(crate = atoms_agent)]
impl Last {
    #[handler]
    fn joined(&mut self, _: &UserJoined) {}
}

graph! {
    #[graph(crate = atoms_agent)]
    struct ByEvent {
        Router -> { Sales, Support } -> Last,
    }
}

graph! {
    #[graph(crate = atoms_agent)]
    struct ByEdge {
        Router -[SalesTurn]-> Sales,
        Router -[SupportTurn, SystemInterrupt]-> Support,
    }
}

const JOINED: &str = r#"{"type":"system.user.joined"}"#;

/// What each of them says of the conversation, and nobody else.
async fn assert_routed(client: &mut Client) {
    for (said, answer) in [("buy", "Sales, buy"), ("help", "Support, help"), ("buy", "Sales, buy")] {
        client.say(said).await;
        let mut events = client.response().await;
        events.retain(|event| event["type"] != "agent.log");
        assert_eq!((events.len(), text(&events).as_str()), (3, answer), "{events:?}");
    }
}

#[tokio::test]
async fn who_handles_what_the_router_emits_answers() {
    assert_eq!(ByEvent::graph().edges(), [(0, 1), (0, 2), (1, 3), (2, 3)]);
    let mut client = Client::of(ByEvent::graph()).await;
    assert_routed(&mut client).await;
    // All other events pass through both.
    client.send(JOINED).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let event = client.next().await;
        let name = event["name"].as_str().unwrap_or_default().to_owned();
        seen.extend(name.ends_with("joined").then_some(name));
    }
    seen.sort();
    assert_eq!(seen, ["Sales sees system.user.joined", "Support sees system.user.joined"]);
}

#[tokio::test]
async fn an_edge_with_events_carries_these_and_the_conversation_and_interrupts() {
    let mut client = Client::of(ByEdge::graph()).await;
    assert_routed(&mut client).await;
    client.send(JOINED).await;
    // No edge carries this one, and it comes to the client at once.
    client.say("hm").await;
    client.send(r#"{"type":"system.control.interrupt"}"#).await;
    let mut seen = Vec::new();
    while seen.iter().filter(|name: &&String| name.ends_with("interrupt")).count() < 2 {
        let event = client.next().await;
        seen.push(event["name"].as_str().or(event["text"].as_str()).unwrap_or_default().to_owned());
    }
    assert!(!seen.iter().any(|it| it.contains("joined")), "{seen:?}");
}

#[tokio::test]
async fn what_no_edge_carries_leaves_the_graph() {
    let mut client = Client::of(ByEdge::graph()).await;
    client.say("hm").await;
    let mut event = client.next().await;
    while event["type"] == "agent.log" {
        event = client.next().await;
    }
    assert_eq!((&event["type"], &event["text"]), (&"agent.speak".into(), &"what?".into()));
}

#[test]
fn the_events_of_an_edge_are_in_the_chart() {
    let chart = ByEdge::mermaid();
    for line in [
        "n0 -->|test.routes.sales_turn| n1",
        "n0 -->|test.routes.support_turn, system.control.interrupt| n2",
        "n0 --> sink",
    ] {
        assert!(chart.contains(&format!("    {line}\n")), "{chart}");
    }
    let graph = ByEdge::graph();
    assert_eq!(graph.carried(0).unwrap()[0].name(), "test.routes.sales_turn");
    assert!(ByEvent::graph().carried(0).is_none() && graph.carried(2).is_none());
}

fn problems(result: Result<Graph, atoms_agent::GraphError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_goes_nowhere_by_an_edge_with_events_is_a_problem() {
    let built = Graph::builder().route::<Router, SalesTurn, Sales>().route::<Router, SupportTurn, Support>();
    built.clone().build().unwrap();
    // Two edges between the same nodes carry what one of them does.
    built.clone().route::<Router, SalesTurn, Support>().build().unwrap();
    let twice = problems(built.clone().route::<Router, SalesTurn, Sales>().build());
    assert!(twice.contains("the edge `Router -> Sales` is there twice"), "{twice}");
    let lost = problems(Graph::builder().route::<Router, SalesTurn, Sales>().build());
    assert!(lost.contains("`Router` emits `test.routes.support_turn`, but no node behind it"), "{lost}");
    assert!(lost.contains("note: `-[...]->` carries only the events that it lists"), "{lost}");
    let missing = problems(built.clone().edge::<Sales, Last>().build());
    assert!(missing.contains("`Last` handles `system.user.joined`, which neither"), "{missing}");
    assert!(missing.contains("note: `-[...]->` carries only the events that it lists"), "{missing}");
    let idle = problems(Graph::builder().edge::<Router, Sales>().route::<Router, Log, Support>().build());
    assert!(
        idle.contains(
            "the edge `Router -> Support` is for `agent.log`, which `Router` neither emits nor passes"
        ),
        "{idle}"
    );
    let circle = problems(built.route::<Support, LlmRequest, Router>().build());
    assert!(circle.contains("nodes are connected in a circle"), "{circle}");
}
