//! Looks at the store of a program, while that runs or not: `cargo run --example store -- FILE list`.

use std::error::Error;

use atoms::Shown;
use atoms::store::Outside;

/// How much is listed.
const LIMIT: usize = 1_000;

const USAGE: &str = "usage: store FILE list | letters | questions | redeliver NUMBER | discard NUMBER";

fn list(store: &Outside) -> Result<(), Box<dyn Error>> {
    for post in store.posts(LIMIT)? {
        let due = post.due.map_or_else(String::new, |due| format!(", due {due}"));
        println!(
            "{}: `{}` {}{due}, taken {} times, for {}",
            post.number,
            Shown(&post.event_type),
            Shown(&post.event),
            post.times,
            Shown(post.handlers.join(", "))
        );
    }
    Ok(())
}

fn letters(store: &Outside) -> Result<(), Box<dyn Error>> {
    for letter in store.letters(LIMIT)? {
        let (event_type, event, cause) =
            (Shown(&letter.event_type), Shown(&letter.event), Shown(&letter.cause));
        println!("{}: `{event_type}` {event}, {}: {cause}", letter.number, letter.at);
    }
    Ok(())
}

fn questions(store: &Outside) -> Result<(), Box<dyn Error>> {
    for question in store.questions(LIMIT)? {
        let roles = if question.roles.is_empty() { "everybody".into() } else { question.roles.join(", ") };
        println!("{}: {} `{}`, for {}", question.id, question.kind, Shown(&question.title), Shown(roles));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, what, rest @ ..] = &arguments[..] else { return Err(USAGE.into()) };
    let mut store = Outside::open(file)?;
    match (&**what, rest) {
        ("list", []) => list(&store),
        ("letters", []) => letters(&store),
        ("questions", []) => questions(&store),
        ("redeliver", [number]) => Ok(store.redeliver(number.parse()?)?),
        ("discard", [number]) if store.discard(number.parse()?)? => Ok(()),
        ("discard", [number]) => Err(format!("there is no dead letter {number}").into()),
        _ => Err(USAGE.into()),
    }
}
