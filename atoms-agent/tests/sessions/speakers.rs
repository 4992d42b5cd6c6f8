//! Several output nodes speak one after the other, and one event stops them.

use std::time::Duration;

use atoms_agent::events::{
    AgentInterrupt, ConversationType, Init, LlmRequest, ResponseChunk, ResponseEnd, UserJoined,
    UserStartedSpeaking, UserStoppedSpeaking,
};
use atoms_agent::{Conversation, Graph, ToSessions, node};
use atoms_runtime::Bus;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::Value;

use crate::client::{Client, text, types};

/// Says its name so many times, with so many milliseconds before each.
fn talk(name: &'static str, times: usize, pause: u64) -> BoxStream<'static, &'static str> {
    let texts = stream::iter(std::iter::repeat_n(name, times));
    texts
        .then(move |text| async move {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            text
        })
        .boxed()
}

macro_rules! speakers {
    ($($name:ident($($key:tt)*): $times:expr, $pause:expr;)*) => {
        $(
            #[derive(Default)]
            struct $name;

            #[node(output, $($key)* crate = atoms_agent)]
            impl $name {
                #[respond(pass_on)]
                fn answer(&mut self, _: &LlmRequest, said: Conversation) -> Option<BoxStream<'static, &'static str>> {
                    let is_muted = said.last_user_text() == Some(concat!("not ", stringify!($name)));
                    (!is_muted).then(|| talk(concat!(stringify!($name), " "), $times, $pause))
                }
            }
        )*
    };
}

speakers! {
    One(): 3, 100;
    Two(): 3, 100;
    Long(): 300, 1;
    Coach(group = "coach",): 3, 100;
}

/// Is behind one of them, and slow with what that one says.
#[derive(Default)]
struct Relay;

#[node(crate = atoms_agent)]
impl Relay {
    #[handler]
    async fn chunk(&mut self, _: &ResponseChunk) {
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Lets the agent interrupt itself in every way.
#[derive(Default)]
struct Stops;

#[node(crate = atoms_agent)]
impl Stops {
    #[handler]
    fn speaking(&mut self, _: &UserStartedSpeaking) -> AgentInterrupt {
        AgentInterrupt
    }
}

/// Waits for the floor, and then has something to do that has no end.
#[derive(Default)]
struct Busy;

#[node(output, crate = atoms_agent)]
impl Busy {
    #[respond]
    fn answer(&mut self, _: &UserStoppedSpeaking) -> BoxStream<'static, &'static str> {
        talk("Busy ", 3, 100)
    }

    #[handler]
    async fn joined(&mut self, _: &UserJoined) {
        std::future::pending().await
    }
}

/// As `Busy`, but the one behind it has no end.
#[derive(Default)]
struct Blocked;

#[node(output, crate = atoms_agent)]
impl Blocked {
    #[respond]
    fn answer(&mut self, _: &UserStoppedSpeaking) -> BoxStream<'static, &'static str> {
        talk("Blocked ", 3, 100)
    }
}

#[derive(Default)]
struct Endless;

#[node(crate = atoms_agent)]
impl Endless {
    #[handler]
    async fn joined(&mut self, _: &UserJoined) {
        std::future::pending().await
    }
}

/// Waits behind them.
#[derive(Default)]
struct Late;

#[node(output, crate = atoms_agent)]
impl Late {
    #[respond]
    fn answer(&mut self, _: &UserStartedSpeaking) -> BoxStream<'static, &'static str> {
        talk("Late ", 3, 100)
    }
}

/// The nodes that speak, in the order of what comes to the client, each once for what comes together.
fn speakers(events: &[Value]) -> Vec<&str> {
    let said = events.iter().filter(|event| event["type"].as_str().unwrap().contains(".response."));
    let mut names: Vec<_> = said.map(|event| event["metadata"]["node"].as_str().unwrap()).collect();
    names.dedup();
    names
}

/// What comes until so many responses have ended.
async fn responses(client: &mut Client, count: usize) -> Vec<Value> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.extend(client.response().await);
    }
    events
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_waits_until_the_others_have_spoken() {
    let side_by_side = || Graph::builder().edge::<One, Relay>().edge::<Two, ByItself>();
    for graph in [side_by_side().build(), Graph::builder().edge::<One, Two>().build()] {
        let mut client = Client::of(graph.unwrap()).await;
        client.say("hi").await;
        let events = responses(&mut client, 2).await;
        assert_eq!((speakers(&events).len(), types(&events).len()), (2, 10), "{events:?}");
        let said = text(&events);
        assert!(["One One One Two Two Two ", "Two Two Two One One One "].contains(&&*said), "{said}");
    }
}

/// Passes on.
#[derive(Default)]
struct ByItself;

#[node(crate = atoms_agent)]
impl ByItself {
    #[handler]
    fn joined(&mut self, _: &UserJoined) {}
}

#[tokio::test(start_paused = true)]
async fn a_node_that_waits_lets_pass_what_the_speaker_says() {
    // More than fits into a mailbox.
    let mut client = Client::of(Graph::builder().edge::<Long, One>().build().unwrap()).await;
    client.say("hi").await;
    let events = responses(&mut client, 2).await;
    assert_eq!(speakers(&events).len(), 2, "{events:?}");
    assert_eq!(types(&events).len(), 2 + 300 + 2 + 3);
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_keeps_nobody_waiting() {
    let mut client = Client::of(Graph::builder().edge::<One, Two>().build().unwrap()).await;
    for (muted, speaks) in [("not One", "Two"), ("not Two", "One")] {
        client.say(muted).await;
        assert_eq!(speakers(&responses(&mut client, 1).await), [speaks]);
    }
}

#[tokio::test(start_paused = true)]
async fn another_group_speaks_at_the_same_time() {
    let mut client =
        Client::of(Graph::builder().edge::<ByItself, One>().edge::<ByItself, Coach>().build().unwrap()).await;
    client.say("hi").await;
    let events = responses(&mut client, 2).await;
    assert!(speakers(&events).len() > 2, "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_drops_what_waits_to_be_said() {
    let mut client = Client::of(Graph::builder().edge::<One, Two>().build().unwrap()).await;
    client.say("hi").await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    client.send(r#"{"type":"system.control.interrupt"}"#).await;
    let events = client.response().await;
    assert_eq!((speakers(&events).len(), &events.last().unwrap()["interrupted"]), (1, &true.into()));
    client.say("again").await;
    assert_eq!(types(&responses(&mut client, 2).await).len(), 10);
}

#[tokio::test(start_paused = true)]
async fn one_speaker_alone_has_the_wire_of_the_sdk() {
    let mut client = Client::of(Graph::builder().node::<One>().build().unwrap()).await;
    client.say("hi").await;
    assert!(client.response().await.iter().all(|event| event.get("metadata").is_none()));
}

#[tokio::test(start_paused = true)]
async fn what_waits_to_be_said_is_under_way() {
    let graph = Graph::builder().edge::<One, Two>().build().unwrap();
    let (running, mut output) =
        graph.run_alone(&Bus::start().unwrap(), Init::new(ConversationType::Chat)).unwrap();
    running.send(LlmRequest { messages: None, extra_params: Default::default() }).await.unwrap();
    running.idle().await;
    running.stop().await.unwrap();
    let mut ends = Vec::new();
    while let Some(event) = output.next().await {
        ends.extend(event.downcast_ref::<ResponseEnd>().map(|end| end.event().interrupted));
    }
    assert_eq!(ends, [false, false]);
}

#[tokio::test(start_paused = true)]
async fn there_is_one_interrupt_whoever_gives_it() {
    let mut client = Client::of(Graph::builder().edge::<Stops, Long>().build().unwrap()).await;
    let session = client.sessions.list()[0].clone();
    for way in 0..4 {
        client.say("hi").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        match way {
            0 => session.interrupt(),
            1 => session.emit(AgentInterrupt).unwrap(),
            2 => client.send(r#"{"type":"system.user.started_speaking"}"#).await,
            _ => drop(session.bus().emit(AgentInterrupt).to(&session).await),
        }
        let mut events = client.response().await;
        assert_eq!(events.last().unwrap()["interrupted"], true, "{way}");
        if !types(&events).contains(&"agent.control.interrupt") {
            events.push(client.next().await);
        }
        let told = types(&events).iter().filter(|it| **it == "agent.control.interrupt").count();
        assert_eq!(told, 1, "{way}: {events:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_waits_and_cannot_speak_keeps_nobody_waiting() {
    let others = || Graph::builder().edge::<ByItself, One>().edge::<ByItself, Late>();
    let busy = others().edge::<ByItself, Busy>().build().unwrap();
    let blocked = others().edge::<ByItself, Blocked>().edge::<Blocked, Endless>().build().unwrap();
    // So many events fill the mailbox of the endless node together, but none of the others alone.
    for (graph, before, after) in [(busy, 0, 1), (blocked, 40, 40)] {
        let mut client = Client::of(graph).await;
        let joined = r#"{"type":"system.user.joined"}"#;
        for _ in 0..before {
            client.send(joined).await;
        }
        client.send(r#"{"type":"system.llm.request","messages":null}"#).await;
        for waits in ["stopped", "started"] {
            tokio::time::sleep(Duration::from_millis(50)).await;
            client.send(&format!(r#"{{"type":"system.user.{waits}_speaking"}}"#)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        for _ in 0..after {
            client.send(joined).await;
        }
        assert_eq!(speakers(&responses(&mut client, 2).await), ["One", "Late"]);
    }
}
