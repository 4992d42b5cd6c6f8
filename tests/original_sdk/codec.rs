//! The frames that we write, read by the SDK: each is an event of the right class, with the fields that
//! the golden line has.

#[path = "../../examples/golden_events/mod.rs"]
mod golden_events;

use std::fs;

use atoms::Bus;
use serde::Deserialize;
use serde_json::value::{RawValue, Value};

use crate::json::Json;
use crate::venv;

/// One line of the golden file.
#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    class: String,
    tags: Vec<String>,
    input: String,
    fields: Box<RawValue>,
    volatile: Vec<String>,
    chat_client: Value,
}

/// What the SDK makes of a frame.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "type")]
    event_type: String,
    class: Option<String>,
    fields: Option<Box<RawValue>>,
    chat_client: Option<String>,
    error: Option<String>,
}

impl Case {
    fn is_lenient(&self) -> bool {
        self.tags.iter().any(|tag| tag == "lenient")
    }

    /// The frame as we write it, as a line of what `codec.py` reads.
    fn asked(&self, bus: &Bus) -> String {
        let event = bus.decode(self.input.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", self.id));
        assert!(event.as_raw().is_none(), "{}: unknown type `{}`", self.id, self.event_type);
        let frame = String::from_utf8(bus.encode(&event).unwrap()).unwrap();
        format!("{}\n", serde_json::json!({ "type": self.event_type, "frame": frame }))
    }

    /// The fields of the golden line: a naive time is one of UTC, and what was the clock's is `null`.
    fn expected(&self) -> Json {
        let mut members = Json::parse(self.fields.get()).into_members();
        if let Some(Json::Text(time)) = members.get_mut("timestamp") {
            let clock = time.split_once('T').unwrap().1;
            if !clock.contains(['Z', '+', '-']) {
                time.push('Z');
            }
        }
        Json::Object(members)
    }

    /// The fields that the SDK has read, where what was the clock's is `null`.
    fn read(&self, fields: &RawValue) -> Json {
        let mut members = Json::parse(fields.get()).into_members();
        for field in &self.volatile {
            let time = members.insert(field.clone(), Json::Word("null".to_owned()));
            assert!(matches!(time, Some(Json::Text(_))), "{}: no {field}", self.id);
        }
        Json::Object(members)
    }
}

#[test]
fn what_we_write_is_read_by_the_sdk() {
    let golden = format!("{}/tests/golden/public.jsonl", env!("CARGO_MANIFEST_DIR"));
    let golden = fs::read_to_string(golden).unwrap();
    let cases = golden.lines().map(|line| serde_json::from_str::<Case>(line).unwrap());
    let cases: Vec<Case> = cases.filter(|case| !case.is_lenient()).collect();
    let bus = Bus::start().unwrap();
    let asked: String = cases.iter().map(|case| case.asked(&bus)).collect();
    let said = venv::run("codec.py", &[], &asked);
    let answers: Vec<Answer> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((cases.len(), answers.len()), (220, 220));
    for (case, answer) in cases.iter().zip(&answers) {
        assert_eq!(answer.error, None, "{}", case.id);
        assert_eq!(
            (&answer.event_type, answer.class.as_ref()),
            (&case.event_type, Some(&case.class)),
            "{}",
            case.id
        );
        assert_eq!(case.read(answer.fields.as_ref().unwrap()), case.expected(), "{}", case.id);
        // What is an object is the chat client's error.
        let by_chat_client = (!case.chat_client.is_object()).then_some(&case.class);
        assert_eq!(answer.chat_client.as_ref(), by_chat_client, "{}", case.id);
    }
}
