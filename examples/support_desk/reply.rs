//! Answers by rules, for those who have no model.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};

use crate::intent::Intent;
use crate::shop::{OPENING_HOURS, Progress, Shop};

/// The pause between two words, which makes an answer look as if a model wrote it.
const PAUSE: Duration = Duration::from_millis(30);

/// What to say to somebody who wants this, and has spoken of this order.
pub(crate) fn reply(intent: Intent, order: Option<u32>, shop: &Shop) -> String {
    let fixed = match intent {
        Intent::OrderStatus => return order_status(order, shop),
        Intent::Refund => return refund(order, shop),
        Intent::OpeningHours => return format!("We are open {OPENING_HOURS}."),
        Intent::Greeting => "Hello! You can ask me about an order, a refund, or our opening hours.",
        Intent::Human => "Of course. I have told my supervisor, who will get in touch with you.",
        Intent::Complaint => "I am sorry to hear that. I have told my supervisor, who will look at it now.",
        Intent::Thanks => "You are welcome! Is there anything else?",
        Intent::Goodbye => "Goodbye, and have a nice day!",
        Intent::Unknown => {
            "I can tell you about an order, a refund, or our opening hours. You can also ask for a human."
        }
    };
    fixed.to_owned()
}

fn order_status(order: Option<u32>, shop: &Shop) -> String {
    let Some(number) = order else {
        return "Let me look. What is the number of your order? It has four digits, such as 1001.".to_owned();
    };
    match shop.order(number) {
        Some(order) => format!("Your order {number}, the {}, {}.", order.item, order.progress),
        None => no_such_order(number),
    }
}

fn refund(order: Option<u32>, shop: &Shop) -> String {
    let Some(number) = order else {
        return "I can help with that. What is the number of the order that you want to return?".to_owned();
    };
    match shop.order(number) {
        Some(order) if matches!(order.progress, Progress::Packed) => {
            format!("Order {number} has not left yet: I have cancelled it, and you will get your money back.")
        }
        Some(order) => {
            format!("Send the {} back within 30 days, and you will get your money back.", order.item)
        }
        None => no_such_order(number),
    }
}

fn no_such_order(number: u32) -> String {
    format!("I cannot find an order {number}. Could you look at the number again?")
}

/// The text word by word, each with the space behind it.
pub(crate) fn word_by_word(text: String) -> impl Stream<Item = String> + Send {
    let words: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
    stream::iter(words).then(|word| async move {
        tokio::time::sleep(PAUSE).await;
        word
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_depends_on_where_the_order_is() {
        let shop = Shop::open();
        let answers =
            [Some(1002), Some(1003), Some(9999), None].map(|order| reply(Intent::Refund, order, &shop));
        for (answer, part) in answers.iter().zip(["cancelled", "Send the bookshelf back", "9999", "number"]) {
            assert!(answer.contains(part), "{answer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_word_and_no_space_is_lost() {
        let text = "What is  the number? ";
        let words: Vec<String> = word_by_word(text.to_owned()).collect().await;
        assert_eq!(words.concat(), text);
        assert!(words.len() > 3);
    }
}
