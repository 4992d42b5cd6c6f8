//! Turns: requests become responses, and events pass from node to node.

use atoms_agent::events::{LlmRequest, Log, Object, Role, TranscriptUpdate};
use atoms_agent::{Conversation, SessionEnd, graph, node};
use futures_util::{Stream, stream};

use crate::client::{Client, text, types};

#[derive(Default)]
struct Echo;

#[node(output, crate = atoms_agent)]
impl Echo {
    #[respond]
    fn echo(&mut self, _: &LlmRequest, conversation: Conversation) -> impl Stream<Item = String> + use<> {
        let said = conversation.last_user_text().unwrap_or("nothing").to_owned();
        stream::iter(["You said: ".to_owned(), said])
    }
}

#[derive(Default)]
struct Counter {
    user_turns: u32,
}

#[node(crate = atoms_agent)]
impl Counter {
    #[handler]
    fn count(&mut self, said: &TranscriptUpdate) -> Option<Log> {
        self.user_turns += u32::from(said.role == Role::User);
        Some(Log { name: "turns".into(), payload: Object::new().with("user_turns", self.user_turns) })
    }
}

graph! {
    #[graph(crate = atoms_agent)]
    struct Both {
        Counter -> Echo,
    }
}

#[tokio::test]
async fn a_request_becomes_a_response() {
    let mut client = Client::of(Both::graph()).await;
    for turn in 1..4 {
        client.say(&format!("turn {turn}")).await;
        let log = client.next().await;
        assert_eq!(log["payload"]["user_turns"], turn);
        let events = client.response().await;
        assert_eq!(text(&events), format!("You said: turn {turn}"));
        assert_eq!(
            types(&events),
            [
                "agent.llm.response.start",
                "agent.llm.response.chunk",
                "agent.llm.response.chunk",
                "agent.llm.response.end"
            ]
        );
    }
    assert_eq!(client.leave_last().await, SessionEnd::ByClient);
}
