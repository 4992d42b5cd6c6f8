//! Graphs that are put together while the program runs, and what they look like.

use atoms_agent::events::{Init, Log, Object, TranscriptUpdate, UserJoined};
use atoms_agent::{Graph, GraphProblem, Sessions, graph, node};
use atoms_runtime::{AnyEvent, Bus, Emitter, State, event};

use crate::client::Client;

#[event(type = "test.graphs.noted", crate = atoms_runtime)]
struct Noted;

macro_rules! nodes {
    ($($name:ident: $takes:ty => $returns:ty;)*) => {
        $(
            #[derive(Default)]
            struct $name;

            #[node(crate = atoms_agent)]
            impl $name {
                #[handler]
                fn handle(&mut self, _: $takes) -> Option<$returns> {
                    None
                }
            }
        )*
    };
}

nodes! {
    A: &TranscriptUpdate => ();
    B: &UserJoined => Noted;
    C: &Noted => ();
    D: &TranscriptUpdate => ();
    Keeps: TranscriptUpdate => ();
}

fn problems(result: Result<Graph, atoms_agent::GraphError>) -> Vec<String> {
    result.unwrap_err().problems().iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_is_wrong_as_in_a_graph_that_rustc_checks() {
    let circle = problems(Graph::builder().edge::<A, B>().edge::<B, C>().edge::<C, A>().build());
    assert_eq!(circle.len(), 1);
    assert!(circle[0].starts_with("nodes are connected in a circle: `A -> B -> C -> A`"), "{circle:?}");
    let twice = problems(Graph::builder().edge::<B, C>().edge::<B, C>().node::<A>().build());
    assert!(twice[0].starts_with("the edge `B -> C` is there twice"), "{twice:?}");
    assert!(twice[1].starts_with("the node `A` is not connected to any other"), "{twice:?}");
    let lost = problems(Graph::builder().edge::<A, B>().build());
    assert!(
        lost[0].starts_with("`B` emits `test.graphs.noted`, but no node behind it handles that"),
        "{lost:?}"
    );
    let missing = problems(Graph::builder().edge::<Keeps, A>().edge::<A, C>().build());
    assert!(missing[0].contains("`A` handles `agent.transcript.update`, which neither"), "{missing:?}");
    assert!(missing[0].contains("\n`C` handles `test.graphs.noted`, which neither"), "{missing:?}");
    let empty = Graph::builder().build().unwrap_err();
    assert!(matches!(empty.problems(), [GraphProblem::Empty]));
}

#[test]
fn an_event_may_come_round_a_node_that_keeps_it() {
    Graph::builder().edge::<B, Keeps>().edge::<B, A>().edge::<Keeps, C>().edge::<A, C>().build().unwrap();
}

/// Takes one event by itself, and keeps all others.
#[derive(Default)]
struct Gate;

#[node(crate = atoms_agent)]
impl Gate {
    #[handler]
    fn joined(&mut self, _: &UserJoined) {}

    #[handler]
    fn rest(&mut self, _: AnyEvent) {}
}

#[derive(Default)]
struct Behind;

#[node(crate = atoms_agent)]
impl Behind {
    #[handler]
    fn joined(&mut self, _: &UserJoined) {}
}

/// Says something while it is made.
struct Early;

#[node(crate = atoms_agent)]
impl Early {
    #[factory]
    fn new(_: &Init, out: Emitter<Noted>) -> Self {
        drop(out.emit(Noted));
        Self
    }

    #[handler]
    fn joined(&mut self, _: &UserJoined) {}
}

#[test]
fn what_a_node_takes_by_itself_passes_though_it_keeps_the_rest() {
    Graph::builder().edge::<Gate, Behind>().build().unwrap();
    assert!(problems(Graph::builder().edge::<Gate, A>().build())[0].starts_with("`A` handles"));
    // Who keeps all others handles what comes from before.
    Graph::builder().edge::<B, Gate>().build().unwrap();
}

#[test]
fn what_a_factory_emits_counts() {
    Graph::builder().edge::<Early, C>().build().unwrap();
    let lost = problems(Graph::builder().edge::<Early, Behind>().build());
    assert!(lost[0].starts_with("`Early` emits `test.graphs.noted`"), "{lost:?}");
}

graph! {
    /// Two ways to the same end.
    #[graph(crate = atoms_agent)]
    struct Diamond {
        B -> A -> C,
        B -> D -> C,
    }
}

#[test]
fn a_graph_can_be_drawn() {
    let expected = "\
flowchart TD
    client((client))
    sink((client))
    n0[\"B\"]
    n1[\"A\"]
    n2[\"C\"]
    n3[\"D\"]
    client --> n0
    n0 --> n1
    n0 --> n3
    n1 --> n2
    n2 --> sink
    n3 --> n2
";
    assert_eq!(Diamond::mermaid(), expected);
    assert_eq!(Diamond::graph().edges(), [(0, 1), (1, 2), (0, 3), (3, 2)]);
    assert_eq!(Diamond::graph().nodes().map(|node| node.name()).collect::<Vec<_>>(), ["B", "A", "C", "D"]);
}

struct Model;

#[derive(Default)]
struct Thinks;

#[node(crate = atoms_agent)]
impl Thinks {
    #[handler]
    fn think(&mut self, _: &UserJoined, _: State<Model>) {}
}

#[test]
fn a_missing_state_of_a_node_is_shown_with_the_fix() {
    let graph = Graph::builder().node::<Thinks>().build().unwrap();
    let error = Sessions::builder(graph).start(&Bus::start().unwrap()).unwrap_err();
    // What `main` returns is printed by `Debug`.
    let shown = format!("{error:?}");
    assert_eq!(shown, error.to_string());
    for part in ["Thinks` cannot run: ", "Model`", "add `.state(...)`"] {
        assert!(shown.contains(part), "`{part}` is not in {shown}");
    }
}

/// Counts what it hears, and says its name and the number.
#[derive(Default)]
struct Counter<T> {
    heard: u32,
    name: std::marker::PhantomData<fn(T)>,
}

macro_rules! counters {
    ($($name:ty),*) => {
        $(
            #[node(crate = atoms_agent)]
            impl Counter<$name> {
                #[handler]
                fn hear(&mut self, _: &TranscriptUpdate) -> Log {
                    self.heard += 1;
                    Log { name: format!("{} {}", stringify!($name), self.heard), payload: Object::new() }
                }
            }
        )*
    };
}

counters!(u8, String);

/// A second node of one type.
type Second = Counter<u8>;

graph! {
    #[graph(crate = atoms_agent)]
    struct Counters {
        Counter<u8> -> Second -> Counter<String>,
    }
}

#[tokio::test]
async fn a_node_of_a_generic_type_and_two_nodes_of_one_type_work() {
    assert_eq!(Counters::graph().nodes().count(), 3);
    let mut client = Client::of(Counters::graph()).await;
    let said = r#"{"type":"agent.transcript.update","role":"user","content":"hello"}"#;
    client.send(said).await;
    client.send(said).await;
    let mut names = Vec::new();
    for _ in 0..6 {
        names.push(client.next().await["name"].as_str().unwrap().to_owned());
    }
    names.sort();
    // Each has a state of its own.
    assert_eq!(names, ["String 1", "String 2", "u8 1", "u8 1", "u8 2", "u8 2"]);
    client.leave_last().await;
}
