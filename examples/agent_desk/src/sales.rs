//! Who sells.

use std::collections::BTreeMap;

use atoms::prelude::*;
use futures_util::Stream;

use crate::speech::words;
use crate::{Case, SalesTurn};

/// What things cost, in cents.
#[derive(Debug)]
pub struct Prices(BTreeMap<&'static str, u32>);

impl Default for Prices {
    fn default() -> Self {
        Self(BTreeMap::from([("hammer", 1_500), ("nails", 200), ("saw", 2_000)]))
    }
}

impl Prices {
    /// Returns what the customer has named last, also some messages ago.
    fn item(&self, said: &Conversation) -> Option<(&'static str, u32)> {
        let mut said = said.messages().iter().rev().filter(|message| message.role == "user");
        said.find_map(|message| {
            let text = message.content.to_lowercase();
            self.0.iter().find(|(item, _)| text.contains(*item)).map(|(item, cents)| (*item, *cents))
        })
    }
}

/// Knows prices, and sells.
#[derive(Debug, Default)]
pub struct Sales;

#[node(output)]
impl Sales {
    #[respond]
    fn answer(
        &mut self,
        turn: SalesTurn,
        said: Conversation,
        prices: State<Prices>,
        case: SessionState<Case>,
    ) -> Option<impl Stream<Item = String> + use<>> {
        let mut case = case.lock();
        if case.with_colleague {
            return None; // says nothing, also no start and no end
        }
        let text = match prices.item(&said) {
            Some((item, _)) if turn.buys => {
                case.bought.push(item.to_owned());
                format!("You get the {item}. That makes {}.", case.bought.len())
            }
            Some((item, cents)) => format!("The {item} cost {}.{:02}.", cents / 100, cents % 100),
            None => "We have hammers, nails and saws.".to_owned(),
        };
        Some(words(&text))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    async fn price(case: &SessionState<Case>) -> Option<String> {
        let said =
            Conversation::from_iter([("user", "a saw"), ("assistant", "It cuts."), ("user", "How much?")]);
        let answer =
            Sales.answer(SalesTurn { buys: false }, said, State::from(Prices::default()), case.clone());
        Some(answer?.collect().await)
    }

    #[tokio::test(start_paused = true)]
    async fn it_remembers_what_was_spoken_of_and_is_silent_beside_a_colleague() {
        let case = SessionState::from(Case::default());
        assert_eq!(price(&case).await.as_deref(), Some("The saw cost 20.00."));
        case.lock().with_colleague = true;
        assert_eq!(price(&case).await, None);
    }
}
