//! The contender `atoms`: a graph of one output node that always says the same.

use atoms::agent::Sessions;
use atoms::agent::events::{LlmRequest, Speak, UserJoined};
use atoms::prelude::*;
use atoms::server::Server;
use futures_util::stream::{self, Stream};
use sessions::server::{LISTENING, port};

#[derive(Default)]
struct Parrot;

#[node(output)]
impl Parrot {
    #[handler]
    fn greet(&mut self, _: &UserJoined) -> Speak {
        Speak { text: "Hello, how can I help you today?".into() }
    }

    #[respond]
    fn repeat(&mut self, _: &LlmRequest) -> impl Stream<Item = &'static str> + use<> {
        stream::iter(["Your order left the warehouse this morning and will be there tomorrow."])
    }
}

graph! {
    struct Parrots {
        Parrot,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Sessions::builder(Parrots::graph()).frames_per_second(u32::MAX);
    let server = Server::new(sessions).bind(("127.0.0.1", port()?)).await?;
    println!("{LISTENING}{}", server.local_addr()?);
    server.serve(Bus::start()?).await?;
    Ok(())
}
