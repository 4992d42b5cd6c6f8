//! ```text
//! retry(attempts = 5, backoff = "exponential", delay = "100ms", max_delay = "30s", jitter)
//! ```

use proc_macro2::Ident;

use crate::common::keys::{Given, Grammar, Key};
use crate::common::{Mistakes, Setting, Told, duration, mistake, values};

static GRAMMAR: Grammar = Grammar {
    attribute: "`retry`",
    keys: &[
        Key("attempts", Some("5")),
        Key("backoff", Some("\"exponential\"")),
        Key("delay", Some("\"100ms\"")),
        Key("max_delay", Some("\"30s\"")),
        Key("deadline", Some("\"1m\"")),
        Key("jitter", None),
    ],
    hidden: &[],
    elsewhere: (&[], ""),
};

const BACKOFFS: [(&str, Backoff); 2] = [("exponential", Backoff::Exponential), ("fixed", Backoff::Fixed)];

const ATTEMPTS: u32 = 3;
const DELAY: Wait = Wait { text: "100ms", millis: 100 };
const MAX_DELAY: Wait = Wait { text: "30s", millis: 30_000 };

/// What `retry(...)` says.
pub(crate) struct Retry {
    /// The word `retry`.
    pub(crate) key: Ident,
    pub(crate) attempts: Setting<u32>,
    pub(crate) backoff: Backoff,
    /// In milliseconds, like `max_delay`.
    pub(crate) delay: Setting<u64>,
    pub(crate) max_delay: Setting<u64>,
    /// In milliseconds.
    pub(crate) deadline: Option<Setting<u64>>,
    pub(crate) jitter: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Backoff {
    Exponential,
    Fixed,
}

/// A wait that is not given.
struct Wait {
    text: &'static str,
    millis: u64,
}

/// A wait that is given, in milliseconds.
type GivenWait = Option<(Given, Result<Setting<u64>, Told>)>;

const TOO_FEW: &str = "is at least 2: the first call counts as an attempt";

pub(crate) fn retry(given: Given, mistakes: &mut Mistakes) -> Result<Retry, Told> {
    let (mut attempts, mut backoff, mut jitter) =
        (Ok(Setting::Literal(ATTEMPTS)), Ok(Backoff::Exponential), false);
    let (mut delay, mut max_delay): (GivenWait, GivenWait) = (None, None);
    let mut deadline = Ok(None);
    for entry in GRAMMAR.read(given.list(), mistakes).given {
        match entry.key.to_string().as_str() {
            "attempts" => {
                let literal = |given: &Given| values::count(given, (2, TOO_FEW), "3");
                attempts = mistakes.take(Setting::read(&entry, TOO_FEW, literal));
            }
            "backoff" => {
                let word = values::word(&entry, BACKOFFS.map(|(word, _)| word));
                backoff = mistakes.take(word).map(|index| BACKOFFS[index].1);
            }
            "delay" => delay = Some(wait(entry, DELAY.text, mistakes)),
            "max_delay" => max_delay = Some(wait(entry, MAX_DELAY.text, mistakes)),
            "deadline" => deadline = mistakes.take(duration::setting(&entry, "1m")).map(Some),
            _jitter => jitter = true,
        }
    }
    let backoff = backoff?;
    let [delay, max_delay] = mistakes.take(waits(backoff, delay, max_delay))??;
    Ok(Retry { key: given.key, attempts: attempts?, backoff, delay, max_delay, deadline: deadline?, jitter })
}

fn wait(given: Given, example: &str, mistakes: &mut Mistakes) -> (Given, Result<Setting<u64>, Told>) {
    let millis = mistakes.take(duration::setting(&given, example));
    (given, millis)
}

/// Reads the first wait and the longest one, and checks that they fit together.
///
/// Of constants, rustc checks it.
fn waits(
    backoff: Backoff,
    delay: GivenWait,
    max_delay: GivenWait,
) -> syn::Result<Result<[Setting<u64>; 2], Told>> {
    if let (Backoff::Fixed, Some((max_delay, _))) = (backoff, &max_delay) {
        let problem = "`max_delay` has no effect with `backoff = \"fixed\"`";
        return Err(mistake(&max_delay.key, problem, "remove it, or write `backoff = \"exponential\"`"));
    }
    let default = |wait: Wait| Ok(Setting::Literal(wait.millis));
    let first = delay.as_ref().map_or_else(|| default(DELAY), |(_, millis)| millis.clone());
    let longest = match (&max_delay, backoff) {
        (Some((_, millis)), _) => millis.clone(),
        (None, Backoff::Exponential) => default(MAX_DELAY),
        (None, Backoff::Fixed) => first.clone(),
    };
    match (first, longest) {
        (Ok(Setting::Literal(first)), Ok(Setting::Literal(longest))) if first > longest => {
            Err(crossed(delay, max_delay))
        }
        (Ok(first), Ok(longest)) => Ok(Ok([first, longest])),
        (Err(told), _) | (_, Err(told)) => Ok(Err(told)),
    }
}

/// The error that the first wait is longer than the longest one.
fn crossed(delay: GivenWait, max_delay: GivenWait) -> syn::Error {
    match (delay, max_delay) {
        (Some((delay, _)), Some(_)) => {
            let help = "raise `max_delay`, or lower `delay`, which is the first wait";
            mistake(&delay.value, "`delay` is above `max_delay`", help)
        }
        (Some((delay, _)), None) => {
            let problem =
                format_args!("`delay` is above `max_delay`, which is {} if not given", MAX_DELAY.text);
            mistake(&delay.value, problem, "give a `max_delay` too, or write `backoff = \"fixed\"`")
        }
        (None, max_delay) => {
            let value = max_delay.map(|(max_delay, _)| max_delay.value);
            let problem = format_args!("`max_delay` is below `delay`, which is {} if not given", DELAY.text);
            mistake(value.flatten(), problem, "give a `delay` too, or raise `max_delay`")
        }
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;
    use syn::{Expr, parse_quote};

    use super::*;

    /// `attempts backoff delay max_delay jitter`, and the first lines of the messages.
    fn read(list: TokenStream) -> (Option<String>, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let given = Given { key: parse_quote!(retry), value: Some(Expr::Verbatim(list)) };
        let retry = retry(given, &mut mistakes).ok();
        let told = mistakes.and(Ok(())).err().into_iter().flatten();
        let said = retry.map(|said| {
            let Retry { attempts, backoff, delay, max_delay, jitter, .. } = said;
            let attempts = attempts.literal().unwrap();
            let [delay, max_delay] = [delay, max_delay].map(|wait| *wait.literal().unwrap());
            format!("{attempts} {backoff:?} {delay} {max_delay} {jitter}")
        });
        (said, told.map(|error| error.to_string().lines().next().unwrap_or_default().into()).collect())
    }

    #[test]
    fn what_is_not_given_has_a_default() {
        for (list, expected) in [
            (quote!(), "3 Exponential 100 30000 false"),
            (quote!(attempts = 5, jitter), "5 Exponential 100 30000 true"),
            (quote!(delay = "1s", max_delay = "1s"), "3 Exponential 1000 1000 false"),
            (quote!(backoff = "fixed"), "3 Fixed 100 100 false"),
            (quote!(delay = "1m", backoff = "fixed",), "3 Fixed 60000 60000 false"),
        ] {
            assert_eq!(read(list), (Some(expected.into()), vec![]));
        }
    }

    #[test]
    fn one_mistake_gives_one_message() {
        for (list, problem) in [
            (quote!(attempts = 0), "`attempts` is at least 2: the first call counts as an attempt"),
            (quote!(attempts = 1), "`attempts` is at least 2: the first call counts as an attempt"),
            (quote!(backoff = "linear"), "`backoff` is `\"exponential\"` or `\"fixed\"`"),
            (quote!(delay = "5x", max_delay = "1s"), "`delay` takes a duration, and `5x` is not one"),
            (quote!(delay = "2s", max_delay = "1s"), "`delay` is above `max_delay`"),
            (quote!(delay = "1m"), "`delay` is above `max_delay`, which is 30s if not given"),
            (quote!(max_delay = "50ms"), "`max_delay` is below `delay`, which is 100ms if not given"),
            (
                quote!(backoff = "fixed", max_delay = "1s"),
                "`max_delay` has no effect with `backoff = \"fixed\"`",
            ),
            (quote!(jitter = true), "`jitter` takes no value"),
            (quote!(jitter, jitter), "`jitter` is given twice"),
        ] {
            assert_eq!(read(list).1, [problem]);
        }
    }

    #[test]
    fn two_mistakes_give_two_messages() {
        let (said, told) = read(quote!(atempts = 5, delay = "0s", backoff = 7));
        assert_eq!(said, None);
        assert_eq!(
            told,
            ["`retry` has no key `atempts`", "`delay` cannot be zero", "`backoff` takes a string literal"]
        );
    }
}
