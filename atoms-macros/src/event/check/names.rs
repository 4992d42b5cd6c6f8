//! Checks the names of the fields on the wire: they differ from each other, and from those of the envelope.

use super::super::model::{Event, Field};
use super::super::serde::{By, Directions, WireName};
use super::super::type_string;
use crate::common::Mistakes;

/// The keys of the envelope, which every event has on the wire.
const ENVELOPE: [&str; 4] = ["type", "id", "timestamp", "metadata"];

pub(super) fn check(event: &Event<'_>, mistakes: &mut Mistakes) {
    let mut earlier: Vec<(&Field<'_>, Directions<Vec<WireName>>)> = Vec::new();
    for field in &event.fields {
        let own = field.name();
        let names = field.serde.names(&own, &event.serde);
        if let Some(name) = both(&names).find(|name| ENVELOPE.contains(&name.name.as_str())) {
            of_the_envelope(event, field, name, mistakes);
        } else if let Some((other, name)) = earlier.iter().find_map(|(other, others)| {
            let may_both_be = !(field.is_conditional && other.is_conditional);
            shared(&names, others).filter(|_| may_both_be).map(|name| (other, name))
        }) {
            if field.ident == other.ident {
                let problem = format_args!("the field `{own}` is declared twice");
                mistakes.at(field.ident, problem, "rename or remove one of the two");
            } else {
                let (other, name) = (other.name(), &name.name);
                let problem = format_args!("the fields `{other}` and `{own}` are both `{name}` on the wire");
                mistakes.at(field.ident, problem, "rename one of the two");
            }
        }
        earlier.push((field, names));
    }
}

fn both(names: &Directions<Vec<WireName>>) -> impl Iterator<Item = &WireName> {
    names.serialize.iter().chain(&names.deserialize)
}

/// A name that two fields share in one direction.
fn shared<'a>(one: &'a Directions<Vec<WireName>>, other: &Directions<Vec<WireName>>) -> Option<&'a WireName> {
    let find = |one: &'a [WireName], other: &[WireName]| {
        one.iter().find(|name| other.iter().any(|other| other.name == name.name))
    };
    find(&one.serialize, &other.serialize).or_else(|| find(&one.deserialize, &other.deserialize))
}

fn of_the_envelope(event: &Event<'_>, field: &Field<'_>, wire: &WireName, mistakes: &mut Mistakes) {
    let (own, name) = (field.name(), &wire.name);
    let (problem, help) = match wire.by {
        By::Itself => {
            let subject = subject(&event.item.ident.to_string());
            (
                "a field of an event cannot be called".into(),
                format!("rename the field, for example to `{subject}_{name}`"),
            )
        }
        By::Rename => (format!("the field `{own}` cannot be renamed to"), "choose another name".into()),
        By::RenameAll => (format!("`rename_all` makes the field `{own}` into"), "rename the field".into()),
        By::Alias => (format!("the field `{own}` cannot have the alias"), "choose another alias".into()),
    };
    let problem = format_args!("{problem} `{name}`: the envelope of every event has a field of that name");
    mistakes.at(field.ident, problem, help);
}

/// The subject of an event: `order` for `OrderCreated`.
fn subject(event: &str) -> String {
    let snake = type_string::nearest(event).unwrap_or_else(|| "own".into());
    snake.rsplit_once('_').map_or_else(|| snake.clone(), |(subject, _)| subject.into())
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_event_is_about_all_but_its_last_word() {
        assert_eq!(super::subject("OrderCreated"), "order");
        assert_eq!(super::subject("OrderLineAdded"), "order_line");
        assert_eq!(super::subject("Order"), "order");
    }
}
