//! ```text
//! #[hook(before, order = -3, timeout = "2s", tools = "shop_*", sender = "aiagents.Main*", crate = path)]
//! #[hook(after, detached)]
//! #[hook(func = "services.taskChain.nextStep")]
//! ```

use proc_macro2::TokenStream;
use syn::{Ident, LitStr};

use crate::common::keys::{Given, Grammar, Key};
use crate::common::{Mistakes, Root, Setting, Told, duration, mistake, values};

static GRAMMAR: Grammar = Grammar {
    attribute: "`#[hook]`",
    keys: &[
        Key("before", None),
        Key("after", None),
        Key("func", Some("\"services.audit.log\"")),
        Key("order", Some("-3")),
        Key("detached", None),
        Key("timeout", Some("\"2s\"")),
        Key("tools", Some("\"shop_*\"")),
        Key("sender", Some("\"aiagents.Main*\"")),
        Key("crate", Some("path")),
    ],
    hidden: &[],
    elsewhere: (&[], ""),
};

/// What `#[hook(...)]` says.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) before: Option<Ident>,
    pub(crate) after: Option<Ident>,
    /// The word `func`, and the name by which a configuration names the hook.
    pub(crate) func: Option<(Ident, LitStr)>,
    /// A mistake that may have been meant as one of these.
    pub(crate) stage_told: Option<Told>,
    pub(crate) order: Option<Setting<i32>>,
    pub(crate) detached: Option<Ident>,
    /// The word `timeout`, and its milliseconds.
    pub(crate) timeout: Option<(Ident, Setting<u64>)>,
    /// The word `tools`, and the pattern.
    pub(crate) tools: Option<(Ident, LitStr)>,
    /// The word `sender`, and the pattern.
    pub(crate) sender: Option<(Ident, LitStr)>,
    pub(crate) root: Root,
}

pub(crate) fn options(list: TokenStream, mistakes: &mut Mistakes) -> Options {
    let list = GRAMMAR.read(list, mistakes);
    let mut options = Options { stage_told: mistakes.told(), ..Options::default() };
    for given in list.given {
        match given.key.to_string().as_str() {
            "before" => options.before = Some(given.key),
            "after" => options.after = Some(given.key),
            "func" => match mistakes.take(func(&given)) {
                Ok(name) => options.func = Some((given.key, name)),
                Err(told) => options.stage_told = Some(told),
            },
            "order" => options.order = mistakes.take(Setting::read(&given, "", values::integer)).ok(),
            "detached" => options.detached = Some(given.key),
            "timeout" => {
                let millis = mistakes.take(duration::setting(&given, "2s"));
                options.timeout = millis.ok().map(|millis| (given.key, millis));
            }
            "tools" => {
                let pattern = mistakes.take(tools(&given));
                options.tools = pattern.ok().map(|pattern| (given.key, pattern));
            }
            "sender" => {
                let pattern = mistakes.take(sender(&given));
                options.sender = pattern.ok().map(|pattern| (given.key, pattern));
            }
            _crate => options.root = mistakes.take(values::root(&given)).unwrap_or_default(),
        }
    }
    options
}

/// Reads a pattern of tools' names.
fn tools(given: &Given) -> syn::Result<LitStr> {
    let literal = values::string(given, "shop_*")?;
    let text = literal.value();
    let is_valid = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '*');
    let problem = match text.chars().find(|letter| !is_valid(letter)) {
        _ if text.is_empty() => "the pattern is empty, and matches no tool".into(),
        Some(odd) => format!("`{text}` matches no tool: a tool's name has no {odd:?}"),
        None => return Ok(literal),
    };
    let nearest: String = text.chars().map(|letter| if is_valid(&letter) { letter } else { '_' }).collect();
    let nearest = if nearest.is_empty() { "*" } else { &nearest };
    let help = format_args!(
        "write `tools = {nearest:?}`\nnote: tools' names have the characters `A-Z`, `a-z`, `0-9`, `_` and `-`; \
         `*` in a pattern stands for any of them, or none"
    );
    Err(mistake(&literal, problem, help))
}

/// Reads the name by which a configuration names a hook: that of an element, and that of a function in it.
fn func(given: &Given) -> syn::Result<LitStr> {
    let literal = values::string(given, "services.audit.log")?;
    let text = literal.value();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let is_segment = |segment: &str| !segment.is_empty() && segment.chars().all(is_letter);
    match text.contains('.') && text.split('.').all(is_segment) {
        true => Ok(literal),
        false => Err(given
            .not("is the name of an element, a dot, and the name of a function", "\"services.audit.log\"")),
    }
}

/// Reads a pattern of callers.
fn sender(given: &Given) -> syn::Result<LitStr> {
    let literal = values::string(given, "aiagents.Main*")?;
    match literal.value().is_empty() {
        true => Err(given.not("is empty, and matches no caller", "\"aiagents.Main*\"")),
        false => Ok(literal),
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

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
            before, order = -3, timeout = "2s", tools = "shop_*", sender = "aiagents.Main*", crate = renamed
        });
        assert_eq!(told, [""; 0]);
        assert!(options.before.is_some() && options.after.is_none() && options.detached.is_none());
        assert_eq!(options.order.unwrap().literal(), Some(&-3));
        assert_eq!(options.timeout.unwrap().1.literal(), Some(&2_000));
        assert_eq!(options.tools.unwrap().1.value(), "shop_*");
        assert_eq!(options.sender.unwrap().1.value(), "aiagents.Main*");
    }

    #[test]
    fn one_mistake_gives_one_message() {
        for (list, message) in [
            (quote!(before, order = 1, order = 2), "`order` is given twice"),
            (quote!(befor), "did you mean `before`?"),
            (quote!(before = true), "`before` takes no value"),
            (quote!(before, tools = ""), "help: write `tools = \"*\"`"),
            (quote!(before, tools = "shop.*"), "help: write `tools = \"shop_*\"`"),
            (quote!(before, tools = shop), "`tools` takes a string literal"),
            (quote!(before, sender = ""), "`sender` is empty, and matches no caller"),
            (quote!(func = "nextStep"), "help: write `func = \"services.audit.log\"`"),
            (quote!(func = services.audit.log), "`func` takes a string literal"),
            (quote!(before, timeout = 5), "help: write `timeout = \"5s\"`"),
        ] {
            let told = read(list).1;
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains(message), "{told:?}");
        }
    }
}
