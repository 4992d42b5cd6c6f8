use std::str::FromStr;

use super::*;
use crate::common::Mistakes;

static GRAMMAR: Grammar = Grammar {
    attribute: "`#[event]`",
    keys: &[
        Key("type", Some("\"shop.order.created\"")),
        Key("must_handle", None),
        Key("crate", Some("path")),
    ],
    hidden: &[Key("framework", None)],
    elsewhere: (&[Key("sensitive", None)], "on a field"),
};

fn read(text: &str) -> (Vec<String>, Vec<String>) {
    let mut mistakes = Mistakes::default();
    let given = GRAMMAR.read(TokenStream::from_str(text).unwrap(), &mut mistakes);
    let given = given.given.iter().map(|entry| entry.key.to_string()).collect();
    let told = mistakes.and(Ok(())).err().into_iter().flatten();
    (given, told.map(|error| error.to_string()).collect())
}

fn told(text: &str) -> Vec<String> {
    read(text).1
}

#[test]
fn what_is_right_is_read() {
    for text in
        ["", "type = \"a.b\"", "type = \"a.b\",", "must_handle, type = T, crate = crate::a, framework"]
    {
        let (given, told) = read(text);
        assert_eq!(told, [""; 0], "{text}");
        assert_eq!(given.len(), text.split(',').filter(|entry| !entry.is_empty()).count(), "{text}");
    }
}

#[test]
fn one_mistake_gives_one_message_and_the_rest_is_read() {
    let wrong = [
        "typ = \"a.b\"",
        "must_handle = true",
        "must_handle(true)",
        "crate",
        "crate =",
        "crate(path)",
        "framework = 1",
        "\"a.b\"",
        "retry(attempts = 3, backoff = 5)",
        "timeout = \"2s\"",
        "sensitive",
        "= 5",
        "type = \"a.b\"",
    ];
    for text in wrong {
        let (given, told) = read(&format!("type = \"a.b\", {text}, must_handle"));
        assert_eq!(told.len(), 1, "{text}: {told:?}");
        assert_eq!(given, ["type", "must_handle"], "{text}");
    }
}

#[test]
fn an_unknown_key_is_told_the_nearest_and_all() {
    assert_eq!(
        told("typ = \"a.b\""),
        ["`#[event]` has no key `typ`\n\
          help: did you mean `type`? the keys are `type`, `must_handle` and `crate`"]
    );
    assert_eq!(
        told("timeout = \"2s\""),
        ["`#[event]` has no key `timeout`\nhelp: the keys are `type`, `must_handle` and `crate`"]
    );
    assert!(told("mustHandle")[0].contains("did you mean `must_handle`?"));
    assert!(told("framewor")[0].starts_with("`#[event]` has no key `framewor`\nhelp: the keys"));
}

#[test]
fn a_string_alone_is_told_its_key() {
    assert_eq!(
        told("\"a.b\""),
        ["`#[event]` takes keys, and this is not one\n\
          help: write `type = \"a.b\"`; the keys are `type`, `must_handle` and `crate`"]
    );
}

#[test]
fn a_key_of_another_place_is_told_the_place() {
    assert_eq!(
        told("sensitive"),
        ["`sensitive` does not belong here\nhelp: put `#[event(sensitive)]` on a field"]
    );
}

#[test]
fn two_mistakes_give_two_messages() {
    assert_eq!(told("typ = 1, must_handle = 2").len(), 2);
    assert_eq!(told("must_handle must_handle").len(), 1);
}

#[test]
fn a_wrong_entry_may_mean_a_key() {
    for (text, may) in [
        ("typ = 1", true),
        ("type", true),
        ("type(1)", true),
        ("\"a.b\"", true),
        ("must_handled", false),
        ("timeout = 1", false),
        ("type = \"a.b\"", false),
    ] {
        let list = GRAMMAR.read(TokenStream::from_str(text).unwrap(), &mut Mistakes::default());
        assert_eq!(list.may_mean("type").is_some(), may, "{text}");
    }
}

static WITH_LIST: Grammar = Grammar {
    attribute: "`#[handler]`",
    keys: &[Key("order", Some("-3")), Key("retry", Some("(attempts = 5)")), Key("timeout", Some("\"2s\""))],
    hidden: &[],
    elsewhere: (&[], ""),
};

#[test]
fn a_list_may_stand_behind_its_key_or_be_left_out() {
    for (text, list) in
        [("retry", ""), ("retry()", ""), ("retry(attempts = 5, jitter)", "attempts = 5 , jitter")]
    {
        let mut mistakes = Mistakes::default();
        let read = WITH_LIST.read(TokenStream::from_str(text).unwrap(), &mut mistakes);
        assert!(mistakes.and(Ok(())).is_ok(), "{text}");
        assert_eq!(read.given[0].list().to_string(), list, "{text}");
    }
}

#[test]
fn a_value_instead_of_a_list_is_told_how_it_is_written() {
    let told = |text| {
        let mut mistakes = Mistakes::default();
        let read = WITH_LIST.read(TokenStream::from_str(text).unwrap(), &mut mistakes);
        assert!(read.given.is_empty(), "{text}");
        mistakes.and(Ok(())).unwrap_err().to_string()
    };
    let message = "`retry` takes a list, not a value\nhelp: write `retry(attempts = 5)`";
    assert_eq!(told("retry = 5"), message);
    assert_eq!(told("retry = (attempts = 5)"), message);
    assert!(told("order(3)").starts_with("`order` needs a value\nhelp: write `order = -3`"));
    // A string alone does not suggest a key that takes none.
    assert!(told("\"5s\"").contains("help: write `timeout = \"5s\"`;"));
}
