//! What output nodes know of the conversation.

use atoms_agent::events::LlmRequest;
use atoms_agent::{Conversation, Graph, node};
use futures_util::{Stream, stream};

use crate::client::{Client, text};

/// Says what it knows.
fn recited(said: &Conversation) -> impl Stream<Item = String> + use<> {
    let known = said.messages().iter().map(|it| format!("{}:{} ", &it.role[..1], it.content.trim()));
    stream::iter(known.collect::<Vec<_>>())
}

#[derive(Default)]
struct Reciter;

#[node(output, crate = atoms_agent)]
impl Reciter {
    #[respond]
    fn recite(&mut self, _: &LlmRequest, said: Conversation) -> impl Stream<Item = String> + use<> {
        recited(&said)
    }
}

fn reciter() -> Graph {
    Graph::builder().node::<Reciter>().build().unwrap()
}

async fn answer(client: &mut Client, said: &str) -> String {
    client.say(said).await;
    text(&client.response().await)
}

#[tokio::test]
async fn an_output_node_knows_its_own_answers_without_the_client() {
    let mut client = Client::of(reciter()).await;
    assert_eq!(answer(&mut client, "1").await, "u:1 ");
    assert_eq!(answer(&mut client, "2").await, "u:1 a:u:1 u:2 ");
}

#[tokio::test]
async fn what_the_client_says_of_an_answer_takes_its_place() {
    let mut client = Client::of(reciter()).await;
    answer(&mut client, "1").await;
    client.send(r#"{"type":"agent.transcript.update","role":"assistant","content":"u:"}"#).await;
    assert_eq!(answer(&mut client, "2").await, "u:1 a:u: u:2 ");
}
