//! The layers of a bus stand around the deliveries to nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atoms_agent::events::{
    AgentError, ConversationType, Init, LlmRequest, ResponseEnd, ResponseStart, Speak, SystemInterrupt,
    TranscriptUpdate, UserJoined,
};
use atoms_agent::{Graph, GraphOutput, RunningGraph, graph, node};
use atoms_runtime::{
    Bus, Delivery, ExtractError, FromDelivery, HandlerInfo, Layer, Next, Outcome, PrepareError, StartContext,
    Veto,
};
use futures_util::{Stream, stream};
use tokio::sync::Semaphore;

use crate::{next_as, request, said};

fn run(graph: &Graph, layer: impl Layer) -> (RunningGraph, GraphOutput) {
    let bus = Bus::builder().layer(layer).start().unwrap();
    graph.run_alone(&bus, Init::new(ConversationType::Chat)).unwrap()
}

/// The number of a run.
struct RunNumber(u32);

impl FromDelivery for RunNumber {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let run = delivery.extension::<u32>().ok_or_else(|| ExtractError::missing("there is no run"))?;
        Ok(Self(*run))
    }
}

/// Counts what it hears.
#[derive(Default)]
struct Counter {
    heard: u32,
}

#[node(output, crate = atoms_agent)]
impl Counter {
    #[started]
    fn start(&mut self, run: Option<RunNumber>) {
        assert!(run.is_none(), "a start is no delivery");
    }

    #[handler]
    async fn hear(&mut self, said: &TranscriptUpdate, run: Option<RunNumber>) -> Result<Speak, String> {
        self.heard += 1;
        assert_ne!(said.content, "panic");
        if said.content == "fail" {
            return Err("broken".into());
        }
        Ok(Speak { text: format!("{} {} {:?}", said.content, self.heard, run.map(|run| run.0)) })
    }

    #[handler]
    fn greet(&mut self, _: &UserJoined) -> Speak {
        Speak { text: "hello".into() }
    }

    #[respond]
    fn answer(&mut self, _: &LlmRequest) -> impl Stream<Item = String> + use<> {
        stream::iter(["yes".to_owned()])
    }
}

graph! {
    struct Counting {
        Counter,
    }
}

/// Keeps events from the methods of this name, and lays a run around the others.
struct Runs(&'static str);

impl Layer for Runs {
    async fn deliver(&self, delivery: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        tokio::task::yield_now().await;
        if delivery.handler().path().ends_with(self.0) {
            return Err(Veto::new("not allowed").into());
        }
        next.run_with(&7_u32).await
    }
}

#[tokio::test]
async fn a_node_finds_what_a_layer_lays_around_it_and_the_client_is_told_of_a_veto() {
    let (running, mut output) = run(&Counting::graph(), Runs("::greet"));
    running.send(UserJoined).await.unwrap();
    running.send(said("one")).await.unwrap();
    let error = next_as::<AgentError>(&mut output).await;
    assert!(error.message.starts_with("a node failed (error "), "{}", error.message);
    assert_eq!(next_as::<Speak>(&mut output).await.text, "one 1 Some(7)");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_response_that_is_refused_does_not_begin() {
    let (running, mut output) = run(&Counting::graph(), Runs("::answer"));
    running.send(request()).await.unwrap();
    next_as::<AgentError>(&mut output).await;
    running.send(said("one")).await.unwrap();
    next_as::<Speak>(&mut output).await;
    running.stop().await.unwrap();
}

/// Has no answer.
#[derive(Default)]
struct Broken;

#[node(output, crate = atoms_agent)]
impl Broken {
    #[respond]
    fn answer(&mut self, _: &LlmRequest) -> impl Stream<Item = Result<String, String>> + use<> {
        stream::iter([Err("there is no model".into())])
    }

    #[handler]
    fn greet(&mut self, _: &UserJoined) -> Speak {
        Speak { text: "hello".into() }
    }
}

#[tokio::test]
async fn a_response_that_fails_in_a_layer_is_told_of_once() {
    let (running, mut output) = run(&Graph::builder().node::<Broken>().build().unwrap(), Runs("::greeting"));
    running.send(request()).await.unwrap();
    running.send(UserJoined).await.unwrap();
    next_as::<ResponseStart>(&mut output).await;
    let error = next_as::<AgentError>(&mut output).await;
    assert!(error.message.starts_with("a response failed (error "), "{}", error.message);
    next_as::<ResponseEnd>(&mut output).await;
    next_as::<Speak>(&mut output).await;
    running.stop().await.unwrap();
}

/// Stands around `hear` only, holds what comes, and says that all went well.
#[derive(Clone)]
struct Holds(Arc<Semaphore>, Arc<AtomicUsize>);

impl Layer for Holds {
    async fn deliver(&self, _: &Delivery<'_>, next: &mut Next<'_>) -> Outcome {
        self.1.fetch_add(1, Ordering::SeqCst);
        drop(self.0.acquire().await);
        drop(next.run().await);
        Ok(())
    }

    fn covers(&self, handler: &HandlerInfo) -> bool {
        handler.path().ends_with("::hear")
    }
}

impl Holds {
    fn shut() -> Self {
        Self(Arc::new(Semaphore::new(0)), Arc::default())
    }

    async fn held(&self, deliveries: usize) {
        while self.1.load(Ordering::SeqCst) < deliveries {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn what_is_held_goes_on_in_order() {
    let holds = Holds::shut();
    let (running, mut output) = run(&Counting::graph(), holds.clone());
    running.send(said("one")).await.unwrap();
    running.send(request()).await.unwrap();
    holds.held(1).await;
    holds.0.add_permits(1);
    assert_eq!(next_as::<Speak>(&mut output).await.text, "one 1 None");
    next_as::<ResponseStart>(&mut output).await;
    loop {
        if output.next().await.unwrap().is::<ResponseEnd>() {
            break;
        }
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_layer_forgives_an_error_and_a_node_that_panicked_is_made_anew_all_the_same() {
    let holds = Holds::shut();
    holds.0.add_permits(1);
    let (running, mut output) = run(&Counting::graph(), holds);
    for (text, told) in [("fail", None), ("one", Some("one 2 None"))] {
        running.send(said(text)).await.unwrap();
        if let Some(told) = told {
            assert_eq!(next_as::<Speak>(&mut output).await.text, told);
        }
    }
    running.send(said("panic")).await.unwrap();
    next_as::<AgentError>(&mut output).await;
    running.send(said("two")).await.unwrap();
    assert_eq!(next_as::<Speak>(&mut output).await.text, "two 1 None");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_graph_stops_while_a_delivery_is_held() {
    let holds = Holds::shut();
    let (running, _output) = run(&Counting::graph(), holds.clone());
    running.send(said("one")).await.unwrap();
    holds.held(1).await;
    running.send(SystemInterrupt).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), running.stop()).await.expect("it does not stop").unwrap();
}
