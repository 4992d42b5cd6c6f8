//! The testing kit for nodes and sessions.

use std::panic::AssertUnwindSafe;

use atoms_agent::events::{
    AgentError, ConversationType, Init, LlmRequest, Log, Object, Ready, ResponseChunk, ResponseEnd, Role,
    Speak, SystemInterrupt, TranscriptUpdate, UserJoined,
};
use atoms_agent::testing::{TestClient, TestNode};
use atoms_agent::{Conversation, Graph, Identity, Session, SessionEnd, SessionState, Sessions, node};
use atoms_runtime::testing::Recording;
use atoms_runtime::{Bus, Emitter, State, event, handler, panic_message};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use tokio::time::sleep;

#[event(type = "kit.angry", to(bus), crate = atoms_runtime)]
struct Angry {
    because: String,
}

/// For a node behind.
#[event(type = "kit.calmed", crate = atoms_runtime)]
struct Calmed;

#[derive(Default)]
struct Calms;

#[node(crate = atoms_agent)]
impl Calms {
    #[handler]
    fn calm(&mut self, _: Angry) -> Calmed {
        Calmed
    }
}

#[derive(Default)]
struct Bot {
    joined: u32,
}

#[node(output, crate = atoms_agent)]
impl Bot {
    #[handler]
    fn joined(&mut self, _: &UserJoined, customer: Option<Identity<&'static str>>) -> Speak {
        self.joined += 1;
        let customer = customer.map_or("you", |customer| *customer);
        Speak { text: format!("Good day {}, {customer}!", self.joined) }
    }

    #[handler]
    async fn listen(&mut self, said: &TranscriptUpdate, out: Emitter<Angry>) {
        if said.content.contains("angry") {
            out.emit(Angry { because: said.content.clone() }).await;
        }
    }

    #[respond]
    fn answer(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
        let (last, count) = (said.last_user_text().unwrap_or_default().to_owned(), said.messages().len());
        let endless = last == "for ever";
        let texts = stream::iter([last, format!(" ({count})")]);
        texts.chain(stream::repeat(" on".to_owned()).take_while(move |_| std::future::ready(endless))).then(
            async |text| {
                sleep(std::time::Duration::from_millis(100)).await;
                text
            },
        )
    }
}

fn sessions(bus: &Bus) -> Sessions {
    Sessions::builder(Graph::builder().node::<Bot>().build().unwrap()).start(bus).unwrap()
}

fn bus() -> Bus {
    Bus::builder().without_handlers_of(module_path!()).start().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_sends_expects_and_interrupts() {
    let client = TestClient::connect(&sessions(&bus())).await;
    client.send(UserJoined).await;
    assert_eq!(client.expect::<Speak>().await.text, "Good day 1, you!");
    client.say("hello").await;
    assert_eq!(client.response().await, "hello (1)");
    client.say("for ever").await;
    client.expect_that::<ResponseChunk, _>(|chunk| chunk.text == " on").await;
    client.interrupt().await;
    assert!(client.response().await.starts_with("for ever (3)"));
    assert!(client.emitted::<ResponseEnd>().times(2)[1].interrupted);
    client.in_order::<(Ready, Speak, ResponseEnd)>();
    client.idle().await;
    client.nothing_else();
    assert_eq!(client.leave().await, SessionEnd::ByClient);
}

#[tokio::test(start_paused = true)]
async fn a_response_ends_where_the_next_one_begins() {
    let client = TestClient::connect(&sessions(&bus())).await;
    client.say("one").await;
    client.say("other").await;
    client.idle().await;
    assert_eq!(client.response().await, "one (1)");
    assert_eq!(client.response().await, "other (3)");
}

#[tokio::test]
async fn what_a_session_shows_to_its_bus_is_recorded_there() {
    let bus = bus();
    let seen = Recording::of(&bus);
    let (one, other) =
        (TestClient::connect(&sessions(&bus)).await, TestClient::connect(&sessions(&bus)).await);
    one.say("I am angry").await;
    one.idle().await;
    let angry = seen.emitted::<Angry>().once();
    assert_eq!(angry.metadata().session_id(), Some(one.session().id()));
    assert_ne!(one.session().id(), other.session().id());
    assert_eq!(one.emitted::<ResponseEnd>().count() + other.emitted::<ResponseEnd>().count(), 1);
    other.session().end();
    assert_eq!(other.ended().await, SessionEnd::ByAgent);
}

#[tokio::test]
async fn a_client_is_refused_as_one_that_is_connected() {
    let graph = Graph::builder().node::<Bot>().build().unwrap();
    let sessions = Sessions::builder(graph).init_bytes(1).start(&bus()).unwrap();
    let end = TestClient::of(&sessions).try_connect().await.unwrap_err();
    assert!(matches!(&end, SessionEnd::NotBegun(why) if why.contains("bytes of memory")), "{end}");
    let panic = AssertUnwindSafe(TestClient::connect(&sessions)).catch_unwind().await.unwrap_err();
    assert!(panic_message(panic).starts_with("the session did not begin: "));

    let refused = TestClient::of(&sessions)
        .init(Init::new(ConversationType::Webcall))
        .identity("Ada")
        .try_connect()
        .await;
    assert!(refused.is_err());

    let client = TestClient::connect(&self::sessions(&bus())).await;
    client.send(Speak { text: "I may not".into() }).await;
    let warned = client.expect::<AgentError>().await;
    assert_eq!(warned.message, "a client may not send `agent.speak`");
}

#[tokio::test]
async fn a_client_says_how_it_begins_and_the_server_who_it_is() {
    let sessions = sessions(&bus());
    let init = Init::new(ConversationType::Webcall);
    let client = TestClient::of(&sessions).init(init).identity("Ada").connect().await;
    client.send(UserJoined).await;
    assert_eq!(client.expect::<Speak>().await.text, "Good day 1, Ada!");
    assert_eq!(client.session().init().session_context.conversation_type, ConversationType::Webcall);
}

#[handler(crate = atoms_runtime)]
fn greet(_: &Angry, session: Session, greeting: State<String>) -> Log {
    Log { name: format!("{} {}", *greeting, session.id()), payload: Object::new() }
}

#[tokio::test]
async fn a_handler_on_the_bus_is_called_with_the_session() {
    let bus = Bus::builder().state("hello".to_owned()).start().unwrap();
    let client = TestClient::connect(&sessions(&bus)).await;
    let delivery = client.delivery(Angry { because: "of it".into() });
    let log = greet(delivery.event(), delivery.extract(), delivery.extract());
    assert_eq!(log.name, format!("hello {}", client.session().id()));
}

#[tokio::test(start_paused = true)]
async fn one_node_runs_alone_with_a_conversation_that_is_given() {
    let node = TestNode::<Bot>::start(&bus()).unwrap();
    node.given([(Role::User, "I am angry"), (Role::Assistant, "why?")]).await;
    node.emitted::<Angry>().never();
    node.handle(TranscriptUpdate { role: Role::User, content: "still angry".into() }).await;
    assert_eq!(node.emitted::<Angry>().once().because, "still angry");
    assert_eq!(node.respond().await, "still angry (3)");
    node.nothing_else();

    node.given([(Role::User, "for ever")]).await;
    node.send(LlmRequest { messages: None, extra_params: Object::new() }).await;
    node.expect::<ResponseChunk>().await;
    node.send(SystemInterrupt).await;
    assert!(node.expect::<ResponseEnd>().await.interrupted);
    node.handle(UserJoined).await;
    assert_eq!(node.emitted::<Speak>().payloads()[0].text, "Good day 1, you!");
    node.stop().await.unwrap();
}

#[tokio::test]
async fn a_node_alone_needs_none_behind_it() {
    assert!(Graph::builder().node::<Calms>().build().is_err());
    let node = TestNode::<Calms>::start(&bus()).unwrap();
    node.handle(Angry { because: "of it".into() }).await;
    node.emitted::<Calmed>().once();
    // What it consumes, and what it passes on, it does not emit.
    node.handle(UserJoined).await;
    node.nothing_else();
}

#[derive(Default)]
struct NeverStarts;

#[node(expose_errors, crate = atoms_agent)]
impl NeverStarts {
    #[started]
    fn started(&mut self) -> Result<(), String> {
        Err("no memory".into())
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined, _number: State<u8>) {}
}

#[tokio::test]
async fn a_node_that_cannot_run_is_told_of() {
    let error = TestNode::<NeverStarts>::start(&bus()).unwrap_err();
    assert!(error.to_string().contains("the bus has no state `u8`"), "{error}");
    let bus = Bus::builder().without_handlers_of(module_path!()).state(1_u8).start().unwrap();
    let node = TestNode::<NeverStarts>::start(&bus).unwrap();
    node.idle().await;
    let panic = AssertUnwindSafe(node.send(UserJoined)).catch_unwind().await.unwrap_err();
    assert!(panic_message(panic).contains("no memory"));
    assert!(node.stop().await.unwrap_err().to_string().contains("no memory"));
}

/// Calls a method of a node as it is written.
#[tokio::test(start_paused = true)]
async fn a_conversation_is_made_of_messages() {
    let request = LlmRequest { messages: None, extra_params: Object::new() };
    let said = Conversation::from_iter([("user", "hello"), ("assistant", "Good day!")]);
    let texts: Vec<_> = Bot::default().answer(&request, said).collect().await;
    assert_eq!(texts, ["hello", " (2)"]);
}

struct Visits(u32);

/// Takes what a session has.
struct Regular {
    made_for: &'static str,
}

#[node(crate = atoms_agent)]
impl Regular {
    #[factory]
    fn new(_: &Init, who: Option<Identity<&'static str>>) -> Self {
        Self { made_for: who.map_or("nobody", |who| *who) }
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined, who: Identity<&'static str>, visits: SessionState<Visits>) -> Speak {
        visits.lock().0 += 1;
        Speak { text: format!("{} was made for {}", *who, self.made_for) }
    }
}

#[tokio::test]
async fn a_node_is_given_who_the_client_is_and_what_its_session_shares() {
    let bus = bus();
    let node = TestNode::<Regular>::of(&bus).identity("ada").session_state(Visits(2)).start().unwrap();
    node.handle(UserJoined).await;
    assert_eq!(node.emitted::<Speak>().once().text, "ada was made for ada");
    assert_eq!(node.session_state::<Visits>().unwrap().lock().0, 3);
    assert!(node.session_state::<u8>().is_none());

    let error = TestNode::<Regular>::of(&bus).identity("ada").start().unwrap_err().to_string();
    assert!(error.contains("the session has no state `kit::Visits`"), "{error}");
    // As in a session of which it is not known who the client is.
    let node = TestNode::<Regular>::of(&bus).session_state(Visits(2)).start().unwrap();
    node.handle(UserJoined).await;
    node.emitted::<AgentError>().once();
    assert_eq!(node.session_state::<Visits>().unwrap().lock().0, 2);
}
