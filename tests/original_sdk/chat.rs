//! The SDK's chat client and its chat loop talk to our examples, as they would to an agent of the SDK.

use serde::Deserialize;

use crate::served::Server;
use crate::venv;

/// Something that `chat_client.py` says.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    /// What the agent said first.
    Greeting(Option<String>),
    /// The answer to a turn.
    Reply(Option<String>),
    /// The code with which the socket was closed.
    Closed(u16),
}

fn reply(text: &str) -> Said {
    Said::Reply(Some(text.to_owned()))
}

/// What the chat client gets for a greeting, and then.
fn talk(server: &Server, texts: &[&str]) -> (String, Vec<Said>) {
    let socket = server.socket();
    let printed = venv::run("chat_client.py", &[&[socket.as_str()], texts].concat(), "");
    let mut said = printed.lines().map(|line| serde_json::from_str(line).unwrap());
    let Some(Said::Greeting(Some(greeting))) = said.next() else { panic!("no greeting: {printed}") };
    (greeting, said.collect())
}

/// What the terminal of the chat loop showed, as words in a row: their lines end where its width does.
fn type_in(server: &Server, texts: &[&str]) -> String {
    let socket = server.socket();
    words(&venv::run("chat_loop.py", &[&[socket.as_str()], texts].concat(), "").replace('│', " "))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_shown(terminal: &str, text: &str) {
    assert!(terminal.contains(&words(text)), "`{text}` is not in: {terminal}");
}

#[test]
fn the_support_desk_answers_the_chat_client() {
    let server = Server::start("support_desk", &[]);
    let texts = ["Hello", "My parcel has not arrived", "Thank you"];
    let (_, said) = talk(&server, &texts);
    let [Said::Reply(Some(first)), Said::Reply(Some(second)), Said::Reply(Some(third)), Said::Closed(1000)] =
        said.as_slice()
    else {
        panic!("{said:?}")
    };
    assert!([first, second, third].iter().all(|reply| !reply.is_empty()), "{said:?}");
}

#[test]
fn the_support_desk_answers_at_the_terminal() {
    let server = Server::start("support_desk", &[]);
    let (greeting, _) = talk(&server, &[]);
    let terminal = type_in(&server, &["Hello", "Thank you"]);
    for text in ["Connected and ready!", &greeting, "You: Hello", "You: Thank you", "You: quit", "Goodbye!"] {
        assert_shown(&terminal, text);
    }
    assert!(!terminal.contains("Error"), "{terminal}");
}

/// The client shows the calls of tools, which come in the middle of a response, and reads on.
#[test]
fn the_chat_client_reads_turns_with_calls_of_tools() {
    let server = Server::start("support_desk", &[]);
    let texts = ["Where is order 1001?", "And order 9999?", "When are you open?", "Thank you"];
    let (_, said) = talk(&server, &texts);
    assert_eq!(
        said,
        [
            reply("Your order 1001, the kettle, is on its way and arrives tomorrow."),
            reply("I cannot find an order 9999. Could you look at the number again?"),
            reply("We are open Monday to Friday from 9 to 18, and on Saturday from 10 to 14."),
            reply("You are welcome! Is there anything else?"),
            Said::Closed(1000),
        ]
    );
    let terminal = type_in(&server, &texts[..2]);
    for text in
        ["tool start: order_status", "tool end: order_status ✓", "tool error: order_status ✗", "kettle"]
    {
        assert_shown(&terminal, text);
    }
}

#[test]
fn the_chat_client_reads_each_kind_of_turn() {
    let server = Server::start("conformance", &[]);
    let (_, said) = talk(&server, &["hello there", "stream 3 1", "boom"]);
    assert_eq!(
        said,
        [reply("You said: hello there"), reply("0 1 2 "), Said::Reply(None), Said::Closed(1000)]
    );
}

#[test]
fn the_terminal_shows_greeting_and_replies() {
    let server = Server::start("conformance", &[]);
    let (greeting, _) = talk(&server, &[]);
    let terminal = type_in(&server, &["hello there", "stream 3 1"]);
    for text in [&greeting, "You said: hello there", "0 1 2", "Goodbye!"] {
        assert_shown(&terminal, text);
    }
}
