//! The rules of the standard events in a conversation.

use atoms_runtime::{Event, EventType};

use super::events::{AgentInterrupt, EndCall, Init, Ready, SystemInterrupt, TransferCall};

/// What a conversation does with an event, beside what the event's own declaration says ([`Flow`]).
///
/// `table.md` shows both for all standard events.
///
/// [`Flow`]: atoms_runtime::Flow
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Whether it begins a session, as its first event, and may not come again.
    pub(crate) opens: bool,
    /// Whether it is handled before the events that wait already.
    pub(crate) overtakes: bool,
    /// The side that begins a new turn with it.
    pub(crate) interrupts: Option<Side>,
    /// Whether the agent answers no request after it.
    pub(crate) hands_off: bool,
    /// Whether the session ends when it was sent to the client.
    pub(crate) ends: bool,
}

/// The two sides of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Agent,
}

/// The rules of all other events.
const NONE: Rules = Rules { opens: false, overtakes: false, interrupts: None, hands_off: false, ends: false };

impl Rules {
    /// Returns the rules of events of this type.
    pub(crate) fn of(event_type: Option<&'static EventType>) -> Self {
        let table = [
            (Init::event_type(), Self { opens: true, ..NONE }),
            // `agent.ready` comes first, also before interrupts of the agent.
            (Ready::event_type(), Self { overtakes: true, ..NONE }),
            (SystemInterrupt::event_type(), Self { overtakes: true, interrupts: Some(Side::Client), ..NONE }),
            (AgentInterrupt::event_type(), Self { overtakes: true, interrupts: Some(Side::Agent), ..NONE }),
            (TransferCall::event_type(), Self { hands_off: true, ..NONE }),
            (EndCall::event_type(), Self { hands_off: true, ends: true, ..NONE }),
        ];
        let rules = table.into_iter().find(|(known, _)| Some(*known) == event_type);
        rules.map_or(NONE, |(_, rules)| rules)
    }
}

#[cfg(test)]
mod tests {
    use atoms_runtime::{Bus, Flow};

    use super::*;

    fn row(event: &EventType, rules: Rules) -> String {
        let Flow { from_client, to_client, from_bus, to_bus, interruptible } = event.flow();
        assert!(!from_bus && !to_bus, "{} needs a column", event.name());
        let columns = [from_client, to_client, interruptible, rules.overtakes];
        let columns = columns.map(|is_so| if is_so { "yes" } else { "" }).join(" | ");
        let effects = [
            (rules.opens, "begins the session, as its first event"),
            (rules.interrupts == Some(Side::Client), "begins a new turn, if the user may break in"),
            (rules.interrupts == Some(Side::Agent), "begins a new turn"),
            (rules.hands_off, "no request is answered after it"),
            (rules.ends, "the session ends"),
        ];
        let effects: Vec<_> = effects.iter().filter(|(is_so, _)| *is_so).map(|(_, effect)| *effect).collect();
        format!("| `{}` | {columns} | {} |\n", event.name(), effects.join(", "))
    }

    #[test]
    fn the_table_in_the_docs_says_what_is_so() {
        let bus = Bus::start().unwrap();
        let is_standard =
            |event: &&&EventType| ["agent.", "system."].iter().any(|it| event.name().starts_with(it));
        let events = bus.registry().events().iter().filter(is_standard);
        let rows: String = events.map(|event| row(event, Rules::of(Some(*event)))).collect();
        let expected = format!(
            "| event | from the client | to the client | dropped by an interrupt | overtakes | effect |\n\
             | --- | --- | --- | --- | --- | --- |\n{rows}"
        );
        assert_eq!(include_str!("table.md"), expected, "`table.md` should be:\n{expected}");
    }
}
