//! Reads an `e.json` strictly: everything that is wrong with it is found, each with its line and column.

use std::borrow::Cow;
use std::fmt;

use atoms_runtime::Shown;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::element::{Element, Given, Place};
use crate::call::EventStage;
use crate::pattern;

/// The keys, the required ones first.
const KEYS: [&str; 7] = ["title", "type", "sender", "stage", "func", "asyncType", "backendBundleEntry"];
const REQUIRED: usize = 5;

/// Reads the text of a file into the element.
pub(super) fn read(text: &str, element: &mut Element) {
    let members = match serde_json::from_str::<Members<'_>>(text) {
        Ok(Members(members)) => members,
        Err(error) => {
            let told = error.to_string();
            let told = told.rsplit_once(" at line ").map_or(&*told, |(told, _)| told);
            let place = Place { line: error.line().max(1), column: error.column().max(1) };
            element
                .problem(Some(place), format!("this is not the configuration of an event: {}", Shown(told)));
            return;
        }
    };
    let mut reading = Reading { text, element, seen: Vec::new() };
    for (key, raw) in &members {
        let place = match key {
            // The quote before it.
            Cow::Borrowed(key) => reading.place(key, 1),
            Cow::Owned(_) => reading.place(raw.get(), 0),
        };
        reading.member(key, place, raw);
    }
    reading.missing();
}

/// The keys of an object, and their values as they are written.
struct Members<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'t> Visitor<'t> for Object {
            type Value = Members<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Members<'t>, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A key, which is borrowed from the text if there is no escape in it.
struct Key<'t>(Cow<'t, str>);

impl<'t> Deserialize<'t> for Key<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'t> Visitor<'t> for Text {
            type Value = Key<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'t str) -> Result<Key<'t>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'t>, E> {
                Ok(Key(Cow::Owned(key.into())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

struct Reading<'r, 't> {
    text: &'t str,
    element: &'r mut Element,
    seen: Vec<&'static str>,
}

impl<'t> Reading<'_, 't> {
    fn member(&mut self, key: &str, at: Place, raw: &'t RawValue) {
        let Some(known) = KEYS.into_iter().find(|known| *known == key) else {
            let hint = match pattern::nearest(&key.to_lowercase(), KEYS) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("the keys are `{}`", KEYS.join("`, `")),
            };
            return self.element.problem(Some(at), format!("there is no key `{}`: {hint}", Shown(key)));
        };
        if self.seen.contains(&known) {
            return self
                .element
                .problem(Some(at), format!("`{known}` is given twice: remove one of the two"));
        }
        self.seen.push(known);
        self.known(known, raw);
    }

    fn known(&mut self, key: &'static str, raw: &'t RawValue) {
        if key == "asyncType" {
            if let Some(is_async) = self.value(key, "`true` or `false`", raw) {
                self.element.is_async = is_async;
            }
            return;
        }
        let Some(text) = self.value::<String>(key, "text in quotes", raw) else { return };
        let place = self.place(raw.get(), 0);
        let given = Given { text, place: Some(place) };
        match key {
            "title" => self.element.title = given.text,
            "type" => self.element.type_name = Some(given),
            "sender" => self.element.sender = Some(given),
            "func" => self.element.func = Some(given),
            "stage" => self.stage(given),
            _bundle => self.element.bundle = given.text,
        }
    }

    fn stage(&mut self, given: Given) {
        let words = EventStage::ALL.map(EventStage::as_str);
        self.element.stage = EventStage::ALL.into_iter().find(|stage| stage.as_str() == given.text);
        if self.element.stage.is_none() {
            let hint = match pattern::nearest(&given.text, words) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("write `{}`", words.join("` or `")),
            };
            let problem = format!("there is no stage `{}`: {hint}", Shown(&given.text));
            self.element.problem(given.place, problem);
        }
    }

    /// The value of a key, if it is of the right type.
    fn value<T: Deserialize<'t>>(&mut self, key: &str, right: &str, raw: &'t RawValue) -> Option<T> {
        let value = serde_json::from_str(raw.get());
        if value.is_err() {
            let place = self.place(raw.get(), 0);
            let problem = format!("`{key}` is {}: write {right}", what(raw.get()));
            self.element.problem(Some(place), problem);
        }
        value.ok()
    }

    fn missing(&mut self) {
        let open = self.text.find('{').unwrap_or_default();
        let place = self.place(&self.text[open..], 0);
        for key in KEYS.into_iter().take(REQUIRED).filter(|key| !self.seen.contains(key)) {
            let example = match key {
                "title" => "Agent Tool Event",
                "type" => super::kind::OURS,
                "sender" => "aiagents.Main",
                "stage" => "preEvent",
                _func => "services.audit.log",
            };
            let problem =
                format!("the key `{key}` is missing: write `\"{key}\": \"{example}\"`, or the like");
            self.element.problem(Some(place), problem);
        }
    }

    /// The place of a part of the text, and of what lies so many bytes before it.
    fn place(&self, part: &str, before: usize) -> Place {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize + before);
        let until = self.text.get(..offset).unwrap_or_default();
        let line = until.rsplit('\n').next().unwrap_or_default();
        Place { line: until.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }
}

/// What a value is that is not of the right type.
fn what(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'"') => "text",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "`true` or `false`",
        Some(b'n') => "`null`",
        _ => "a number",
    }
}
