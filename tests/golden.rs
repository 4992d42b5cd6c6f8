//! The golden frames: what the Python SDK reads we read, and write as it does; what it refuses, we
//! refuse, and say why and where. Both in this process and through the example `probe`.

#[path = "../examples/golden_events/mod.rs"]
mod golden_events;
mod json;

use std::fs::{self, File};
use std::process::{Command, Stdio};

use atoms::{Bus, Timestamp};
use json::Json;
use serde::Deserialize;

/// One line of a golden file.
#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    quirk: bool,
    #[serde(default)]
    group: String,
    input: Option<String>,
    hex: Option<String>,
    #[serde(default)]
    wire: String,
    #[serde(default)]
    volatile: Vec<String>,
    verdict: Option<Verdict>,
}

/// Why the SDK refuses a frame.
#[derive(Debug, Deserialize)]
struct Verdict {
    #[serde(default)]
    message: String,
    #[serde(default)]
    at: Vec<At>,
}

/// A field that the SDK refuses.
#[derive(Debug, Deserialize)]
struct At {
    loc: Vec<String>,
    why: String,
}

/// What became of a case: the frame that was written, or the error.
#[derive(Debug, Deserialize)]
struct Answer {
    id: Option<String>,
    ok: bool,
    wire: Option<String>,
    error: Option<String>,
}

fn path(file: &str) -> String {
    format!("{}/tests/golden/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn cases(file: &str) -> Vec<Case> {
    let text = fs::read_to_string(path(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Case {
    fn frame(&self) -> Vec<u8> {
        match (&self.input, &self.hex) {
            (Some(input), _) => input.clone().into_bytes(),
            (None, Some(hex)) => (0..hex.len() / 2)
                .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
                .collect(),
            (None, None) => panic!("{} has no frame", self.id),
        }
    }

    fn is_lenient(&self) -> bool {
        self.tags.iter().any(|tag| tag == "lenient")
    }
}

/// What a bus of this process makes of the cases.
fn answers_here(cases: &[Case]) -> Vec<Answer> {
    let bus = Bus::start().unwrap();
    let answer = |case: &Case| {
        let event = bus.decode(&case.frame()).map_err(|error| error.to_string())?;
        match event.as_raw() {
            Some(raw) => Err(format!("unknown type `{}`", raw.event_type())),
            None => Ok(String::from_utf8(bus.encode(&event).unwrap()).unwrap()),
        }
    };
    let answers = cases.iter().map(|case| {
        let (wire, error) = answer(case).map_or_else(|error| (None, Some(error)), |wire| (Some(wire), None));
        Answer { id: Some(case.id.clone()), ok: wire.is_some(), wire, error }
    });
    answers.collect()
}

/// What the example `probe` makes of a golden file.
fn answers_of_probe(file: &str) -> Vec<Answer> {
    let mut probe = Command::new(env!("CARGO"));
    probe.args(["run", "--quiet", "--example", "probe"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = probe.stdin(File::open(path(file)).unwrap()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "probe: {}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Each case with both of its answers.
fn answered(file: &str, expected: usize) -> Vec<(Case, Answer)> {
    let mut answered = Vec::new();
    for of_probe in [false, true] {
        let cases = cases(file);
        let answers = if of_probe { answers_of_probe(file) } else { answers_here(&cases) };
        assert_eq!((cases.len(), answers.len()), (expected, expected), "{file}");
        answered.extend(cases.into_iter().zip(answers));
    }
    for (case, answer) in &answered {
        assert_eq!(answer.id.as_ref(), Some(&case.id));
        assert_eq!((answer.ok, !answer.ok), (answer.wire.is_some(), answer.error.is_some()), "{}", case.id);
    }
    answered
}

/// What we are to write where the SDK writes `wire`: a naive time is one of UTC.
fn expected(case: &Case) -> Json {
    let mut members = Json::parse(&case.wire).into_members();
    if let Some(Json::Text(time)) = members.get_mut("timestamp") {
        let clock = time.split_once('T').unwrap().1;
        if !clock.contains(['Z', '+', '-']) {
            time.push('Z');
        }
    }
    Json::Object(members)
}

/// What we have written, without what the SDK does not know; what was the clock's is `null`.
fn written(case: &Case, wire: &str) -> Json {
    let mut members = Json::parse(wire).into_members();
    assert!(matches!(members.remove("id"), Some(Json::Text(_))), "{}: no id", case.id);
    members.remove("metadata");
    for field in &case.volatile {
        let time = members.insert(field.clone(), Json::Word("null".to_owned()));
        let Some(Json::Text(time)) = time else { panic!("{}: no {field}", case.id) };
        let age = Timestamp::now().unix_micros() - time.parse::<Timestamp>().unwrap().unix_micros();
        assert!((0..600_000_000).contains(&age) && time.ends_with('Z'), "{}: {time}", case.id);
    }
    Json::Object(members)
}

#[test]
fn what_the_sdk_reads_is_written_as_the_sdk_writes_it() {
    let mut compared = 0;
    for (case, answer) in answered("public.jsonl", 235) {
        if case.is_lenient() {
            continue;
        }
        let wire = answer.wire.unwrap_or_else(|| panic!("{}: {:?}", case.id, answer.error));
        assert!(wire.starts_with("{\"type\":"), "{wire}");
        assert_eq!(written(&case, &wire), expected(&case), "{}", case.id);
        compared += 1;
    }
    assert_eq!(compared, 2 * 220);
}

/// What the message of a refusal has to say.
fn fragments(case: &Case) -> Vec<String> {
    let verdict = case.verdict.as_ref().unwrap();
    let mut fragments: Vec<String> = Vec::new();
    for At { loc, why } in &verdict.at {
        let (field, parent) = loc.split_last().unwrap();
        match (why.as_str(), parent) {
            ("missing", []) => fragments.push(format!("missing field `{field}`")),
            ("missing", _) => {
                fragments.extend([format!("at `{}`", parent.join(".")), format!("missing field `{field}`")])
            }
            _ => fragments.push(format!("at `{}`", loc.join("."))),
        }
    }
    match case.group.as_str() {
        "json" => match verdict.message.split_once("in position ") {
            Some((_, place)) => fragments.push(format!("from index {}", place.split(':').next().unwrap())),
            None => fragments.push("line 1 column ".to_owned()),
        },
        "shape" => fragments.push("expected ".to_owned()),
        "type" => match verdict.message.strip_prefix("Unknown type ") {
            Some(name) if !name.starts_with(['[', '{']) => fragments.push(format!("`{name}`")),
            _ => fragments.push("`type`".to_owned()),
        },
        _ => {
            let Some(Json::Text(event_type)) =
                Json::parse(case.input.as_ref().unwrap()).into_members().remove("type")
            else {
                panic!("{} has no type", case.id)
            };
            fragments.extend([format!("cannot decode `{event_type}`"), "line 1 column ".to_owned()]);
        }
    }
    fragments
}

#[test]
fn what_the_sdk_refuses_is_refused_with_the_reason_and_the_place() {
    let mut refused = 0;
    for (case, answer) in answered("bad_public.jsonl", 87) {
        if case.quirk {
            continue;
        }
        let error = answer.error.unwrap_or_else(|| panic!("{} is read", case.id));
        for fragment in fragments(&case) {
            assert!(error.contains(&fragment), "{}: `{fragment}` is not in `{error}`", case.id);
        }
        refused += 1;
    }
    assert_eq!(refused, 2 * 87);
}

#[test]
fn what_only_the_sdk_converts_is_read_or_refused() {
    let lenient: Vec<Case> = cases("public.jsonl").into_iter().filter(Case::is_lenient).collect();
    assert_eq!(lenient.len(), 15);
    for (case, answer) in lenient.iter().zip(answers_here(&lenient)) {
        assert!(answer.wire.is_some() || answer.error.is_some_and(|error| !error.is_empty()), "{}", case.id);
    }
}
