//! Who begins a session, and where their token is.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::agent::events::{Init, LlmRequest, Log, Object, Speak, UserJoined};
use atoms::agent::{Identity, Session, graph, node};
use atoms::control::Principal;
use atoms::server::{Parts, StatusCode, TokenFrom, Tokens};
use atoms_agent::Sessions;
use atoms_server::Routes;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tracing_subscriber::fmt::MakeWriter;

use crate::client::{Client, INIT, request};
use crate::server::{Running, bus};

#[derive(Debug, Clone)]
struct Customer {
    name: String,
}

/// Knows whom it talks to since it was made.
struct Host {
    made_for: String,
}

#[node]
impl Host {
    #[factory]
    fn new(_: &Init, customer: Option<Identity<Customer>>, principal: Option<Principal>) -> Self {
        let customer = customer.map(|customer| customer.name.clone());
        Self { made_for: customer.or(principal.map(|it| it.name().to_owned())).unwrap_or_default() }
    }

    #[handler]
    fn greet(&mut self, _: &UserJoined, session: Session) -> Speak {
        let actors = session.actor_ids().join(", ");
        Speak { text: format!("{} is {actors}", self.made_for) }
    }

    #[handler]
    fn ask(&mut self, _: &LlmRequest, customer: Identity<Customer>) -> Log {
        Log { name: customer.name.clone(), payload: Object::new() }
    }
}

graph! {
    struct Desk {
        Host,
    }
}

async fn with(routes: Routes) -> Running {
    let sessions = Sessions::builder(Desk::graph()).actor_ids(|opening| {
        assert_eq!(opening.init().version, opening.version);
        opening.identity::<Customer>().map(|customer| customer.name.to_uppercase())
    });
    Running::with(sessions, routes).await
}

/// Lets in whoever has a token that names them.
async fn by_token(head: Parts) -> Result<Customer, StatusCode> {
    let token = head.headers.get("authorization").ok_or(StatusCode::UNAUTHORIZED)?;
    let others = (head.uri.query(), head.headers.get("sec-websocket-protocol"));
    assert!(!format!("{others:?}").contains("t-"), "the token is in one place only: {others:?}");
    match token.to_str().unwrap() {
        "Bearer t-ada" => Ok(Customer { name: "ada".into() }),
        "Bearer t-eve" => Err(StatusCode::FORBIDDEN),
        "Bearer t-paid" => Err(StatusCode::PAYMENT_REQUIRED),
        "Bearer t-odd" => Err(StatusCode::OK),
        "Bearer t-panics" => panic!("an authenticator panics, which the test expects"),
        "Bearer t-slow" => pending().await,
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

async fn status(address: SocketAddr, request: Request) -> u16 {
    match Client::open(address, request).await {
        Ok(_) => 101,
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

async fn status_of(address: SocketAddr, token: &str) -> u16 {
    status(address, request(address, &[("authorization", &format!("Bearer {token}"))])).await
}

/// What the agent says of whom it talks to.
async fn greeted(address: SocketAddr, request: Request) -> String {
    let mut client = Client::open(address, request).await.unwrap();
    client.send(INIT).await;
    assert_eq!(client.next().await["type"], "agent.ready");
    client.send(r#"{"type":"system.user.joined"}"#).await;
    client.next().await["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nodes_factories_and_actor_ids_know_who_it_is() {
    let server = with(Routes::new().authenticate(by_token)).await;
    let ada = || request(server.address, &[("authorization", "Bearer t-ada")]);
    assert_eq!(greeted(server.address, ada()).await, "ada is ADA");
    let mut client = Client::open(server.address, ada()).await.unwrap();
    client.send(INIT).await;
    client.ask("hello").await;
    assert_eq!(client.next().await["type"], "agent.ready");
    assert_eq!(client.next().await["name"], "ada");
}

#[tokio::test]
async fn who_is_not_let_in_gets_the_status() {
    let server =
        with(Routes::new().authenticate(by_token).authenticate_timeout(Duration::from_millis(50))).await;
    for (token, expected) in [
        ("t-ada", 101),
        ("t-bob", 401),
        ("t-eve", 403),
        ("t-paid", 402),
        ("t-odd", 500),
        ("t-panics", 503),
        ("t-slow", 503),
    ] {
        assert_eq!(status_of(server.address, token).await, expected, "{token}");
    }
    assert_eq!(status(server.address, request(server.address, &[])).await, 401);
    server.is_empty().await;
    assert_eq!(server.sessions.counts().started, 0);
}

#[tokio::test]
async fn nobody_is_asked_who_is_no_client_or_has_not_the_fixed_token() {
    let asked = Arc::<AtomicUsize>::default();
    let counts = Arc::clone(&asked);
    let routes = Routes::new().token("s3cret").authenticate(move |_: Parts| {
        counts.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, StatusCode>(Customer { name: "ada".into() }) }
    });
    let server = with(routes).await;
    assert_eq!(status_of(server.address, "wrong").await, 401);
    let evil = [("authorization", "Bearer s3cret"), ("origin", "http://evil.example")];
    assert_eq!(status(server.address, request(server.address, &evil)).await, 403);
    assert_eq!(crate::http::get(server.address, "/ws").await.status, 401);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(status_of(server.address, "s3cret").await, 101);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn as_many_are_asked_at_once_as_the_limit_says() {
    let (now, most) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (at_once, seen) = (Arc::clone(&now), Arc::clone(&most));
    let routes = Routes::new().authenticate_limit(2).authenticate(move |_: Parts| {
        let (now, most) = (Arc::clone(&at_once), Arc::clone(&seen));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, StatusCode>(Customer { name: "ada".into() })
        }
    });
    let server = with(routes).await;
    let clients = (0..8).map(|_| status(server.address, request(server.address, &[])));
    assert_eq!(futures_util::future::join_all(clients).await, [101; 8]);
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_waits_too_long_for_their_turn_is_turned_away() {
    let routes = Routes::new().authenticate_limit(1).authenticate_timeout(Duration::from_millis(50));
    let server = with(routes.authenticate(by_token)).await;
    let slow = status_of(server.address, "t-slow");
    let waits = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        // Its turn comes when the slow one has run out of time.
        status_of(server.address, "t-slow").await
    };
    assert_eq!(futures_util::join!(slow, waits), (503, 503));
    assert_eq!(status_of(server.address, "t-ada").await, 101);
}

#[tokio::test]
async fn a_principal_is_an_identity_too() {
    let tokens = Tokens::new().token("t-ops", Principal::new("ops"));
    let server = with(Routes::new().authenticate(tokens)).await;
    let ops = request(server.address, &[("authorization", "Bearer t-ops")]);
    assert_eq!(greeted(server.address, ops).await, "ops is ");
    assert_eq!(status_of(server.address, "t-ada").await, 401);
}

#[tokio::test]
async fn the_log_warns_of_identities_that_nobody_says() {
    let log = Lines::default();
    let _logs = tracing::subscriber::set_default(
        tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish(),
    );
    let warnings = |routes: Routes| {
        let sessions = Sessions::builder(Desk::graph()).start(&bus(&Default::default())).unwrap();
        log.0.lock().unwrap().clear();
        drop(routes.into_router(sessions));
        let lines = log.text();
        lines.lines().filter(|line| line.contains("WARN")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(warnings(Routes::new().authenticate(by_token)).is_empty());
    let [nobody] = &warnings(Routes::new())[..] else { panic!("{}", log.text()) };
    assert!(nobody.contains(
        "nodes take an `Identity<protocol::identity::Customer>`, and nothing says who clients are: add"
    ));
    let [another] = &warnings(Routes::new().authenticate(Tokens::<Principal>::new()))[..] else {
        panic!("{}", log.text())
    };
    assert!(
        another
            .contains("`Routes::authenticate` says that clients are a `atoms_control::principal::Principal`"),
        "{another}"
    );
}

#[tokio::test]
async fn a_handler_says_what_identity_it_misses() {
    let log = Lines::default();
    let _logs = tracing::subscriber::set_default(
        tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish(),
    );
    for (routes, expected) in [
        (Routes::new(), "it is not known who the client is: authenticate it with `Routes::authenticate`"),
        (
            Routes::new().authenticate(async |_: Parts| Ok::<_, StatusCode>(7_u8)),
            "the identity of the client is a `u8`, and not a `",
        ),
    ] {
        let server = with(routes).await;
        let mut client = Client::begin(server.address).await;
        client.ask("hello").await;
        assert_eq!(client.next().await["type"], "agent.error");
        assert!(log.text().contains(expected), "{}", log.text());
    }
}

fn browser(address: SocketAddr, protocols: &str, query: &str) -> Request {
    let mut request = request(address, &[("sec-websocket-protocol", protocols)]);
    *request.uri_mut() = format!("ws://{address}/ws{query}").parse().unwrap();
    if protocols.is_empty() {
        request.headers_mut().remove("sec-websocket-protocol");
    }
    request
}

#[tokio::test]
async fn a_browser_sends_its_token_as_a_subprotocol() {
    let server = with(Routes::new().authenticate(by_token).token_from(TokenFrom::Subprotocol)).await;
    let address = server.address;
    let text = greeted(address, browser(address, "atoms, atoms.bearer.t-ada", ""));
    assert_eq!(text.await, "ada is ADA");
    assert_eq!(status(address, browser(address, "atoms, atoms.bearer.t-bob", "")).await, 401);
    assert_eq!(status(address, browser(address, "", "?access_token=t-ada")).await, 401);
    // The header wins.
    let mut both = browser(address, "atoms, atoms.bearer.t-ada", "");
    both.headers_mut().insert("authorization", "Bearer t-eve".parse().unwrap());
    assert_eq!(status(address, both).await, 403);
}

#[tokio::test]
async fn a_browser_sends_its_token_in_the_query() {
    let routes = Routes::new().authenticate(by_token).token_from(TokenFrom::Query);
    let server = with(routes).await;
    for query in
        ["?access_token=t-ada", "?access_token=t%2Dada", "?a=b&access_token=t-ada&access_token=t-eve&c"]
    {
        assert_eq!(
            greeted(server.address, browser(server.address, "", query)).await,
            "ada is ADA",
            "{query}"
        );
    }
    assert_eq!(status(server.address, browser(server.address, "", "?access_token=t-bob")).await, 401);
    // Without an answer to its protocols, this client ends the connection, as browsers do.
    let unasked = Client::open(server.address, browser(server.address, "atoms", "?access_token=t-ada"));
    assert!(matches!(unasked.await, Err(Error::Protocol(_))));
}

#[tokio::test]
async fn a_fixed_token_may_be_a_browsers_and_is_not_by_default() {
    let server = with(Routes::new().token("s3cret").token_from(TokenFrom::Query)).await;
    assert_eq!(status(server.address, browser(server.address, "", "?access_token=s3cret")).await, 101);
    assert_eq!(status(server.address, browser(server.address, "", "?access_token=secret")).await, 401);
    let server = with(Routes::new().token("s3cret")).await;
    assert_eq!(status(server.address, browser(server.address, "", "?access_token=s3cret")).await, 401);
    assert_eq!(status(server.address, browser(server.address, "atoms, atoms.bearer.s3cret", "")).await, 401);
}

/// A log in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_token_is_in_the_log() {
    let log = Lines::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _logs = tracing::subscriber::set_default(subscriber);
    let routes = Routes::new().token_from(TokenFrom::Query).token_from(TokenFrom::Subprotocol);
    let routes = routes.authenticate_timeout(Duration::from_millis(50)).authenticate(by_token);
    assert!(!format!("{routes:?}").contains("t-ada"));
    let server = with(routes).await;
    for token in ["t-ada", "t-bob", "t-panics", "t-slow"] {
        let query = format!("?access_token={token}");
        status(server.address, browser(server.address, "", &query)).await;
        status(server.address, browser(server.address, &format!("atoms, atoms.bearer.{token}"), "")).await;
    }
    greeted(server.address, browser(server.address, "", "?access_token=t-ada")).await;
    let text = log.text();
    assert!(text.contains("who sends a request could not be checked"), "{text}");
    assert!(!text.contains("t-ada") && !text.contains("t-bob"), "{text}");
    assert!(!text.contains("t-panics") && !text.contains("t-slow"), "{text}");
}

#[tokio::test]
async fn tokens_say_who_it_is_in_a_type_of_the_application() {
    let customer = |name: &str| Customer { name: name.into() };
    let tokens = Tokens::new().token("t-ada", customer("ada")).token("t-bob", customer("bob"));
    let server = with(Routes::new().authenticate(tokens)).await;
    for (token, greeting) in [("Bearer t-ada", "ada is ADA"), ("Bearer t-bob", "bob is BOB")] {
        let request = request(server.address, &[("authorization", token)]);
        assert_eq!(greeted(server.address, request).await, greeting);
    }
    assert_eq!(status_of(server.address, "t-eve").await, 401);
}

#[tokio::test]
async fn a_test_client_comes_through_the_routes_without_a_socket() {
    let routes = Routes::new().token_from(TokenFrom::Query).authenticate(by_token);
    let sessions = Sessions::builder(Desk::graph()).start(&bus(&Default::default())).unwrap();
    let begun = async |routes: &Routes, uri: &str, headers: &[(&'static str, &str)]| {
        let mut request = atoms::server::Request::new(());
        *request.uri_mut() = uri.parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let client = routes.test_client(&sessions, request).await?.connect().await;
        client.send(UserJoined).await;
        Ok::<_, StatusCode>(client.expect::<Speak>().await.text.clone())
    };
    let ada = ("authorization", "Bearer t-ada");
    assert_eq!(begun(&routes, "/ws", &[ada]).await.unwrap(), "ada is ");
    assert_eq!(begun(&routes, "/ws?access_token=t-ada", &[]).await.unwrap(), "ada is ");
    assert_eq!(begun(&routes, "/ws", &[]).await, Err(StatusCode::UNAUTHORIZED));
    let evil = ("origin", "http://evil.example");
    assert_eq!(begun(&routes, "/ws", &[ada, evil]).await, Err(StatusCode::FORBIDDEN));
    let routes = Routes::new().token("s3cret");
    assert_eq!(begun(&routes, "/ws", &[ada]).await, Err(StatusCode::UNAUTHORIZED));
    assert_eq!(begun(&routes, "/ws", &[("authorization", "Bearer s3cret")]).await.unwrap(), " is ");
}
