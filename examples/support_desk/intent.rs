//! What a user wants, found by a few words.

/// What a user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Greeting,
    OrderStatus,
    Refund,
    OpeningHours,
    Human,
    Complaint,
    Thanks,
    Goodbye,
    Unknown,
}

/// The words of each intent; the first that has a word of the text is the one.
const WORDS: [(Intent, &[&str]); 8] = [
    (Intent::Human, &["human", "person", "agent", "manager", "supervisor", "somebody", "someone"]),
    (Intent::Complaint, &["angry", "furious", "ridiculous", "unacceptable", "terrible", "useless", "worst"]),
    (Intent::Refund, &["refund", "return", "money", "cancel"]),
    (Intent::OpeningHours, &["open", "opening", "hours", "closed"]),
    (
        Intent::OrderStatus,
        &["order", "orders", "parcel", "package", "delivery", "shipped", "arrive", "arrived"],
    ),
    (Intent::Goodbye, &["bye", "goodbye", "ciao"]),
    (Intent::Thanks, &["thanks", "thank"]),
    (Intent::Greeting, &["hello", "hi", "hey"]),
];

impl Intent {
    pub(crate) fn of(text: &str) -> Self {
        let words: Vec<String> = words(text).map(str::to_lowercase).collect();
        let found = WORDS.iter().find(|(_, known)| words.iter().any(|word| known.contains(&word.as_str())));
        match found {
            Some((intent, _)) => *intent,
            None if order_number(text).is_some() => Self::OrderStatus,
            None => Self::Unknown,
        }
    }
}

/// The first number in the text that an order may have.
pub(crate) fn order_number(text: &str) -> Option<u32> {
    words(text).filter(|word| word.len() == 4).find_map(|word| word.parse().ok())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_intent_has_its_words() {
        for (text, intent) in [
            ("Hello!", Intent::Greeting),
            ("My parcel has not arrived", Intent::OrderStatus),
            ("1002?", Intent::OrderStatus),
            ("I want my money back", Intent::Refund),
            ("When do you OPEN?", Intent::OpeningHours),
            ("Let me talk to a human", Intent::Human),
            ("This makes me angry!", Intent::Complaint),
            ("Thank you", Intent::Thanks),
            ("Thanks, bye", Intent::Goodbye),
            ("Do you sell submarines?", Intent::Unknown),
            ("", Intent::Unknown),
        ] {
            assert_eq!(Intent::of(text), intent, "{text}");
        }
    }

    #[test]
    fn an_order_has_four_digits() {
        assert_eq!(order_number("Where is order #1001, please?"), Some(1001));
        assert_eq!(order_number("for 20 euros and 12345 days"), None);
    }
}
