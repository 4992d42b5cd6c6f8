//! ```text
//! #[handler(order = -3, allow_cycle, when = path, pattern = "shop.order.*", crate = path)]
//! #[handler(retry, timeout = "2s", concurrency = 4, post, detached)]
//! #[handler(id = "billing.mail", was = "old::path")]
//! ```
//!
//! `retry.rs` reads the list of `retry`, and `identity.rs` reads `id` and `was`.

use proc_macro2::TokenStream;
use syn::{ExprPath, Ident, LitStr, Meta};

use super::identity;
use super::retry::{self, Retry};
use crate::common::keys::{Given, Grammar, Key};
use crate::common::{Mistakes, Root, Setting, duration, mistake, pattern, values};

static GRAMMAR: Grammar = Grammar {
    attribute: "`#[handler]`",
    keys: &[
        Key("order", Some("-3")),
        Key("allow_cycle", None),
        Key("when", Some("path")),
        Key("pattern", Some(PATTERN)),
        Key("retry", Some("(attempts = 5)")),
        Key("timeout", Some("\"2s\"")),
        Key("concurrency", Some("4")),
        Key("post", None),
        Key("detached", None),
        Key("id", Some(identity::ID)),
        Key("was", Some(identity::WAS)),
        Key("crate", Some("path")),
    ],
    hidden: &[],
    elsewhere: (&[], ""),
};

const PATTERN: &str = "\"shop.order.*\"";

/// The rule for constants.
const NO_PATTERN: &str = "is not a valid pattern: a pattern is a type string in which `*` stands for one segment, and `**` at the end for one or more";

/// What `#[handler(...)]` says.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) order: Option<Setting<i32>>,
    pub(crate) allow_cycle: bool,
    pub(crate) when: Option<ExprPath>,
    /// The word `pattern`, and the pattern.
    pub(crate) pattern: Option<(Ident, Setting<LitStr>)>,
    pub(crate) retry: Option<Retry>,
    /// The word `timeout`, and its milliseconds.
    pub(crate) timeout: Option<(Ident, Setting<u64>)>,
    pub(crate) concurrency: Option<Setting<u32>>,
    pub(crate) post: bool,
    pub(crate) detached: bool,
    pub(crate) id: Option<Setting<LitStr>>,
    /// The identities that the handler had before.
    pub(crate) was: Vec<Setting<LitStr>>,
    pub(crate) root: Root,
}

pub(crate) fn options(list: TokenStream, mistakes: &mut Mistakes) -> Options {
    let mut options = Options::default();
    if names_event(&list) {
        let help = "write `#[handler]` on `fn name(event: &OrderCreated)`, with the type of your event";
        mistakes.at(list, "the event of a handler is the type of its first parameter, not a key", help);
        return options;
    }
    for given in GRAMMAR.read(list, mistakes).given {
        match given.key.to_string().as_str() {
            "order" => options.order = mistakes.take(Setting::read(&given, "", values::integer)).ok(),
            "allow_cycle" => options.allow_cycle = true,
            "when" => {
                let condition = values::function(&given, "fn condition(event: &OrderCreated) -> bool");
                options.when = mistakes.take(condition).ok();
            }
            "pattern" => {
                let literal =
                    |given: &Given| values::string(given, PATTERN.trim_matches('"')).and_then(check_pattern);
                let text = mistakes.take(Setting::read(&given, NO_PATTERN, literal));
                options.pattern = text.ok().map(|text| (given.key, text));
            }
            "retry" => options.retry = retry::retry(given, mistakes).ok(),
            "timeout" => {
                let millis = mistakes.take(duration::setting(&given, "2s"));
                options.timeout = millis.ok().map(|millis| (given.key, millis));
            }
            "concurrency" => {
                options.concurrency = mistakes.take(Setting::read_concurrency(&given)).ok();
            }
            "post" => options.post = true,
            "detached" => options.detached = true,
            "id" => options.id = mistakes.take(identity::id(&given)).ok(),
            "was" => options.was = identity::was(&given, mistakes),
            _crate => options.root = mistakes.take(values::root(&given)).unwrap_or_default(),
        }
    }
    identity::check_all(&options, mistakes);
    options
}

/// Whether the list is `OrderCreated`, or `event = OrderCreated`.
fn names_event(list: &TokenStream) -> bool {
    match syn::parse2::<Meta>(list.clone()) {
        Ok(Meta::Path(path)) => path
            .segments
            .last()
            .is_some_and(|last| last.ident.to_string().starts_with(|c: char| c.is_ascii_uppercase())),
        Ok(Meta::NameValue(value)) => value.path.is_ident("event"),
        _ => false,
    }
}

fn check_pattern(literal: LitStr) -> syn::Result<LitStr> {
    let text = literal.value();
    let Some(rule) = pattern::broken_rule(&text) else { return Ok(literal) };
    let problem = match text.as_str() {
        "" => "the pattern is empty".into(),
        text => format!("`{text}` is not a valid pattern: {rule}"),
    };
    let help = match pattern::nearest(&text) {
        Some(nearest) => format!("the nearest valid one is `{nearest}`"),
        None => format!("write `pattern = {PATTERN}`"),
    };
    Err(mistake(&literal, problem, format_args!("{help}\nnote: {}", pattern::RULE)))
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens, quote};

    use super::*;

    fn read(list: TokenStream) -> (Options, Vec<String>) {
        let mut mistakes = Mistakes::default();
        let options = options(list, &mut mistakes);
        let told = mistakes.and(Ok(())).err().into_iter().flatten();
        (options, told.map(|error| error.to_string()).collect())
    }

    #[test]
    fn what_is_given_is_read() {
        let (options, told) = read(quote! {
            order = -3, allow_cycle, when = Order::is_large, pattern = "shop.*", retry(attempts = 5, jitter),
            timeout = "2s", concurrency = 4, post, detached, crate = renamed
        });
        assert_eq!(told, [""; 0]);
        assert_eq!(options.order.unwrap().literal(), Some(&-3));
        assert!(options.allow_cycle && options.post && options.detached);
        assert_eq!(options.when.to_token_stream().to_string(), "Order :: is_large");
        assert_eq!(options.pattern.unwrap().1.literal().unwrap().value(), "shop.*");
        assert!(options.retry.is_some_and(|retry| retry.attempts.literal() == Some(&5) && retry.jitter));
        assert_eq!(options.timeout.unwrap().1.literal(), Some(&2_000));
        assert_eq!(options.concurrency.unwrap().literal(), Some(&4));
        assert_eq!(options.root.to_token_stream().to_string(), "renamed");
    }

    #[test]
    fn retry_needs_no_list() {
        for list in [quote!(retry), quote!(retry()), quote!(retry,)] {
            let (options, told) = read(list);
            assert_eq!(told, [""; 0]);
            assert_eq!(options.retry.unwrap().attempts.literal(), Some(&3));
        }
        let message = "`retry` takes a list, not a value\nhelp: write `retry(attempts = 5)`";
        assert_eq!(read(quote!(retry = 5)).1, [message]);
    }

    #[test]
    fn one_mistake_gives_one_message() {
        for (list, message) in [
            (quote!(timeout = 5), "takes a duration as text, with its unit\nhelp: write `timeout = \"5s\"`"),
            (
                quote!(concurrency = 0),
                "is at least 1: with 0 no call would ever start\nhelp: write `concurrency = 4`",
            ),
            (quote!(when), "needs a value\nhelp: write `when = path`"),
            (quote!(when = |_| true), "takes the path of a function\nhelp: write a function"),
            (quote!(detached = false), "takes no value\nhelp: write `detached` alone"),
            (
                quote!(pattern = "Shop.*"),
                "it has a capital letter, `S`\nhelp: the nearest valid one is `shop.*`",
            ),
            (quote!(pattern = ""), "the pattern is empty\nhelp: write `pattern = \"shop.order.*\"`"),
            (quote!(retry(attempts = 5, attempts = 6)), "`attempts` is given twice"),
        ] {
            let told = read(list).1;
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains(message), "{told:?}");
        }
        assert_eq!(read(quote!(timeout = "5x", retry(attempts = 0, dealy = "1s"))).1.len(), 3);
    }
}
