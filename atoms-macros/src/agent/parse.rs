//! ```text
//! #[agent(name = "aiagents.Main", tools = [refund, shop::lookup_order], crate = path)]
//! ```

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, LitStr, Path};

use crate::common::keys::{Given, Grammar, Key};
use crate::common::{Mistakes, Root, Told, mistake, values};

static GRAMMAR: Grammar = Grammar {
    attribute: "`#[agent]`",
    keys: &[
        Key("name", Some("\"aiagents.Main\"")),
        Key("tools", Some("[refund]")),
        Key("crate", Some("path")),
    ],
    hidden: &[],
    elsewhere: (&[], ""),
};

/// The rule of names, as messages state it. The linker sees them, so there is nothing else in them.
const RULE: &str =
    "an agent's name is segments of letters, digits and `_`, joined by dots, of at most 128 bytes";

const MAX_BYTES: usize = 128;

/// What `#[agent(...)]` says.
#[derive(Default)]
pub(super) struct Options {
    pub(super) name: Option<LitStr>,
    /// A mistake that may have been meant as the name.
    pub(super) name_told: Option<Told>,
    pub(super) tools: Vec<Path>,
    pub(super) root: Root,
}

pub(super) fn options(list: TokenStream, mistakes: &mut Mistakes) -> Options {
    let list = GRAMMAR.read(list, mistakes);
    let mut options = Options { name_told: mistakes.told(), ..Options::default() };
    for given in list.given {
        match given.key.to_string().as_str() {
            "name" => match mistakes.take(name(&given)) {
                Ok(name) => options.name = Some(name),
                Err(told) => options.name_told = Some(told),
            },
            "tools" => options.tools = tools(&given, mistakes),
            _crate => options.root = mistakes.take(values::root(&given)).unwrap_or_default(),
        }
    }
    options
}

fn name(given: &Given) -> syn::Result<LitStr> {
    let literal = values::string(given, "aiagents.Main")?;
    let text = literal.value();
    let Some(rule) = broken_rule(&text) else { return Ok(literal) };
    let problem = match text.as_str() {
        "" => "the agent's name is empty".into(),
        text => format!("`{text}` is not a valid name of an agent: {rule}"),
    };
    let nearest = nearest(&text).unwrap_or_else(|| "aiagents.Main".into());
    Err(mistake(&literal, problem, format_args!("write `name = {nearest:?}`\nnote: {RULE}")))
}

/// The rule that `text` breaks, if it is not a name.
fn broken_rule(text: &str) -> Option<String> {
    match text.chars().find(|letter| !is_valid(*letter) && *letter != '.') {
        Some(odd) => Some(format!("it has a {odd:?}")),
        None if text.split('.').any(str::is_empty) => Some("it has an empty segment".into()),
        None => (text.len() > MAX_BYTES).then(|| format!("it has {} bytes", text.len())),
    }
}

fn is_valid(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The valid name that is nearest to `text`, or `None` if no part of it can be kept.
fn nearest(text: &str) -> Option<String> {
    let segments = text.split(['.', ':', '/']).map(|segment| {
        let valid = segment.trim().chars().map(|letter| if is_valid(letter) { letter } else { '_' });
        valid.collect::<String>()
    });
    let segments: Vec<String> =
        segments.filter(|segment| segment.contains(|letter: char| letter != '_')).collect();
    let nearest: String = segments.join(".").chars().take(MAX_BYTES).collect();
    let nearest = nearest.trim_end_matches('.');
    (!nearest.is_empty()).then(|| nearest.into())
}

/// Reads the list of tools.
fn tools(given: &Given, mistakes: &mut Mistakes) -> Vec<Path> {
    let Some(Expr::Array(list)) = given.value.as_ref().map(values::peel) else {
        let near = match given.value.as_ref().map(values::peel) {
            Some(Expr::Path(path)) => format!("[{}]", path.to_token_stream()),
            _ => "[refund]".into(),
        };
        mistakes.add(given.not("takes a list of tools", &near));
        return Vec::new();
    };
    let mut tools = Vec::new();
    for tool in &list.elems {
        match values::peel(tool) {
            Expr::Path(path) if path.qself.is_none() => tools.push(path.path.clone()),
            other => {
                let help = "write the path of the tool's function: `tools = [refund, shop::lookup_order]`";
                mistakes.at(other, "this is not the path of a tool", help);
            }
        }
    }
    tools
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broken_rule_is_named_and_the_nearest_name_is_valid() {
        for (text, rule, near) in [
            ("aiagents.Main", None, Some("aiagents.Main")),
            ("dataCollector_2", None, Some("dataCollector_2")),
            ("", Some("it has an empty segment"), None),
            ("aiagents.", Some("it has an empty segment"), Some("aiagents")),
            ("aiagents..Main", Some("it has an empty segment"), Some("aiagents.Main")),
            ("aiagents::Main", Some("it has a ':'"), Some("aiagents.Main")),
            ("aiagents.data-collector", Some("it has a '-'"), Some("aiagents.data_collector")),
            ("the main agent", Some("it has a ' '"), Some("the_main_agent")),
            ("ü", Some("it has a 'ü'"), None),
        ] {
            assert_eq!(broken_rule(text).as_deref(), rule, "{text}");
            assert_eq!(nearest(text).as_deref(), near, "{text}");
            assert!(near.is_none_or(|near| broken_rule(near).is_none()), "{text}");
        }
        let long = "a.".repeat(64) + "b";
        assert_eq!(broken_rule(&long).as_deref(), Some("it has 129 bytes"));
        assert!(broken_rule(&nearest(&long).unwrap()).is_none());
    }
}
