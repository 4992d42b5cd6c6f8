//! Who chooses who answers.

use atoms::agent::events::{LlmRequest, Role, Speak, TranscriptUpdate, UserJoined};
use atoms::prelude::*;

use crate::{Case, ColleagueLeft, ColleagueWanted, Customer, SalesTurn, SupportTurn};

/// Greets the customer, and chooses who answers by what the customer has said last. A program asks a model.
#[derive(Debug, Default)]
pub struct Router {
    heard: String,
}

#[node]
impl Router {
    #[handler]
    fn greet(&mut self, _: &UserJoined, customer: Identity<Customer>, case: SessionState<Case>) -> Speak {
        let again = if case.lock().visits == 0 { "" } else { " again" };
        Speak { text: format!("Welcome{again}, {}!", customer.name) }
    }

    #[handler]
    fn listen(&mut self, said: &TranscriptUpdate) {
        if said.role == Role::User {
            self.heard = said.content.to_lowercase();
        }
    }

    /// By value: the request goes no further, and what is emitted goes to the agent that handles it.
    #[handler]
    async fn choose(&mut self, _: LlmRequest, out: Emitter<(SalesTurn, SupportTurn, ColleagueWanted)>) {
        let says = |word: &str| self.heard.contains(word);
        if says("human") {
            out.emit(ColleagueWanted).await;
            return;
        }
        let (buys, order) = (says("buy"), order_number(&self.heard));
        if let Some(order) = order {
            out.emit(SupportTurn { order }).await;
        }
        if buys || says("cost") || order.is_none() {
            out.emit(SalesTurn { buys }).await;
        }
    }

    #[handler]
    fn go_on(&mut self, _: ColleagueLeft, case: SessionState<Case>) -> Speak {
        case.lock().with_colleague = false;
        Speak { text: "I am here again.".into() }
    }
}

/// The first number in the text that an order may have.
fn order_number(text: &str) -> Option<u32> {
    let mut words = text.split(|character: char| !character.is_ascii_digit());
    words.find(|word| word.len() == 4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use atoms::agent::events::Object;
    use atoms::testing::{Recording, emitter};

    use super::*;

    /// What the router emits when this is said, as a function that is called.
    async fn chosen(text: &str) -> Recording {
        let mut router = Router::default();
        router.listen(&TranscriptUpdate { role: Role::User, content: text.into() });
        let (out, emitted) = emitter();
        router.choose(LlmRequest { messages: None, extra_params: Object::new() }, out).await;
        emitted
    }

    #[tokio::test]
    async fn it_emits_for_whom_the_turn_is() {
        let both = chosen("I buy nails, and where is order 1001?").await;
        assert_eq!(both.emitted::<SupportTurn>().once().order, 1001);
        assert!(both.emitted::<SalesTurn>().once().buys);
        both.nothing_else();

        let human = chosen("I buy from a human, not from 1001 machines").await;
        human.emitted::<ColleagueWanted>().once();
        human.nothing_else();
    }
}
