//! The desk: an agent that talks to customers, and calls the tools of the shop.

use atoms::agent::events::{LlmRequest, Speak, UserJoined};
use atoms::prelude::*;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, future, stream};

use crate::shop::{LookupOrderArgs, Money, RefundArgs, lookup_order, refund};

/// In whose name the tools are called.
const NAME: &str = "aiagents.Desk";

/// Understands a number, and whether the money is wanted back. A model in its place would call the tools by their names.
#[derive(Default)]
pub(crate) struct Clerk;

#[node(output)]
impl Clerk {
    #[handler]
    fn greet(&mut self, _: &UserJoined) -> Speak {
        Speak { text: "Hello! What is the number of your order?".into() }
    }

    #[respond]
    async fn answer(
        &mut self,
        _: &LlmRequest,
        conversation: Conversation,
        context: Context,
    ) -> BoxStream<'static, String> {
        let said = conversation.last_user_text().unwrap_or_default();
        let Some(order_id) = order_number(said) else {
            return one("I need the number of the order, such as 1001.".into());
        };
        let wants_money = ["back", "refund"].iter().any(|word| said.to_lowercase().contains(word));
        let order = lookup_order::call(context.bus(), LookupOrderArgs { order_id }).sender(NAME).await;
        match order {
            Err(error) => one(error.to_string()),
            Ok(order) if wants_money && order.left() > 0 => {
                let asking = format!("I ask a manager whether {} go back. ", Money(order.left()));
                let args = RefundArgs { cents: order.left(), order_id: order.id };
                one(asking).chain(pay_back(context.bus().clone(), args).into_stream()).boxed()
            }
            Ok(order) => one(format!("That is {order}.")),
        }
    }
}

/// Waits for the manager, for as long as the customer does. The call goes on without either.
async fn pay_back(bus: Bus, args: RefundArgs) -> String {
    match refund::call(&bus, args).sender(NAME).await {
        Ok(order) => format!("Done: {order}."),
        Err(error) => format!("I am sorry: {error}."),
    }
}

fn one(text: String) -> BoxStream<'static, String> {
    stream::once(future::ready(text)).boxed()
}

/// The first number of four digits.
fn order_number(text: &str) -> Option<String> {
    let is_number = |word: &&str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    text.split(|character: char| !character.is_alphanumeric()).find(is_number).map(str::to_owned)
}

graph! {
    /// What each connection has.
    pub(crate) struct Desk {
        Clerk,
    }
}
