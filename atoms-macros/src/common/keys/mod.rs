//! The list of an attribute, such as `type = "shop.order.created", must_handle`, and lists in it, such as
//! `retry(attempts = 5)`.

mod read;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, Ident, Lit};

use super::{Told, list, mistake};

/// The keys that an attribute knows.
pub(crate) struct Grammar {
    /// The attribute as messages name it: "`#[event]`".
    pub(crate) attribute: &'static str,
    pub(crate) keys: &'static [Key],
    /// Keys that messages do not mention.
    pub(crate) hidden: &'static [Key],
    /// Keys that belong elsewhere, and where: `on a field`.
    pub(crate) elsewhere: (&'static [Key], &'static str),
}

/// A key, and an example of its value if it takes one. An example in parentheses, `"(attempts = 5)"`, stands for an
/// optional list with a grammar of its own. An example with a capital letter stands for any type.
pub(crate) struct Key(pub(crate) &'static str, pub(crate) Option<&'static str>);

/// Names that other frameworks use for some of the keys.
const SYNONYMS: [(&str, &str); 16] = [
    ("name", "type"),
    ("topic", "type"),
    ("topic", "pattern"),
    ("subject", "type"),
    ("subject", "pattern"),
    ("channel", "type"),
    ("kind", "type"),
    ("priority", "order"),
    ("filter", "when"),
    ("condition", "when"),
    ("retries", "retry"),
    ("parallel", "concurrency"),
    ("response", "reply"),
    ("returns", "reply"),
    ("required", "must_handle"),
    ("max_attempts", "attempts"),
];

/// The content of a list.
#[derive(Default)]
pub(crate) struct List {
    /// The entries that are right.
    pub(crate) given: Vec<Given>,
    /// The keys that wrong entries may have meant.
    meant: Vec<(&'static str, Told)>,
}

/// A known key that is given once, with a value if it takes one.
pub(crate) struct Given {
    pub(crate) key: Ident,
    pub(crate) value: Option<Expr>,
}

/// An entry that is wrong, and the key that it may have meant.
struct Wrong {
    error: syn::Error,
    meant: Option<&'static str>,
}

impl Key {
    /// How the key is written, with its value.
    fn example(&self) -> String {
        match self.1 {
            None => self.0.into(),
            Some(list) if self.takes_list() => format!("{}{list}", self.0),
            Some(value) => format!("{} = {value}", self.0),
        }
    }

    fn takes_list(&self) -> bool {
        self.1.is_some_and(|example| example.starts_with('('))
    }

    /// Whether this text may be its value. If its value is a word, such as `"fatal"`, only that word may.
    fn takes_text(&self, text: &str) -> bool {
        let Some(example) = self.1.and_then(|example| example.strip_prefix('"')) else { return false };
        let example = example.trim_end_matches('"');
        text == example || !example.bytes().all(|byte| byte.is_ascii_lowercase())
    }

    fn takes_type(&self) -> bool {
        self.1.is_some_and(|example| example.starts_with(|c: char| c.is_ascii_uppercase()))
    }

    fn wrong(&self, error: syn::Error) -> Wrong {
        Wrong { error, meant: Some(self.0) }
    }
}

impl List {
    /// Whether a wrong entry may have meant the key.
    pub(crate) fn may_mean(&self, key: &str) -> Option<Told> {
        self.meant.iter().find(|(meant, _)| *meant == key).map(|(_, told)| *told)
    }
}

impl Given {
    /// The list in the parentheses after the key.
    pub(crate) fn list(&self) -> TokenStream {
        match &self.value {
            Some(Expr::Verbatim(list)) => list.clone(),
            _ => TokenStream::new(),
        }
    }

    /// The error that the value is not one that the key takes.
    pub(crate) fn not(&self, problem: &str, example: &str) -> syn::Error {
        let key = &self.key;
        mistake(&self.value, format_args!("`{key}` {problem}"), format_args!("write `{key} = {example}`"))
    }
}

impl From<syn::Error> for Wrong {
    fn from(error: syn::Error) -> Self {
        Self { error, meant: None }
    }
}

impl Grammar {
    fn find(&self, key: &Ident) -> Option<&'static Key> {
        self.keys.iter().chain(self.hidden).find(|known| key == known.0)
    }

    /// The key that is most similar to `text`, or that other frameworks call `text`.
    fn nearest(&self, text: &str) -> Option<&'static Key> {
        let text = text.to_lowercase();
        let elsewhere = SYNONYMS.iter().filter(|(word, _)| *word == text);
        let mut meant = elsewhere.filter_map(|(_, meant)| self.keys.iter().find(|key| key.0 == *meant));
        if let Some(meant) = meant.next() {
            return Some(meant);
        }
        let likeness = |key: &Key| strsim::jaro_winkler(&text, key.0);
        let near = self.keys.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        near.filter(|key| likeness(key) > 0.8)
    }

    /// `"shop.order.created"`, without `type =`.
    fn no_key(&self, found: TokenStream) -> Wrong {
        let text = match syn::parse2(found.clone()) {
            Ok(Lit::Str(text)) => Some(text),
            _ => None,
        };
        let by_text = text.and_then(|text| {
            let key = self.keys.iter().find(|key| key.takes_text(&text.value()))?;
            Some((key, format!("{} = {}", key.0, text.to_token_stream())))
        });
        let (meant, example) = by_text.unwrap_or_else(|| (&self.keys[0], self.keys[0].example()));
        let problem = format_args!("{} takes keys, and this is not one", self.attribute);
        let write = meant.1.map(|_| format!("write `{example}`; ")).unwrap_or_default();
        meant.wrong(mistake(found, problem, format_args!("{write}{}", self.all())))
    }

    fn unknown(&self, key: &Ident) -> Wrong {
        let (elsewhere, place) = self.elsewhere;
        if let Some(misplaced) = elsewhere.iter().find(|known| key == known.0) {
            let problem = format_args!("`{key}` does not belong here");
            let attribute = self.attribute.trim_start_matches("`#[").split(']').next().unwrap_or_default();
            let help = format_args!("put `#[{attribute}({})]` {place}", misplaced.example());
            return mistake(key, problem, help).into();
        }
        let problem = format_args!("{} has no key `{key}`", self.attribute);
        match self.nearest(&key.to_string()) {
            Some(near) => {
                let help = format_args!("did you mean `{}`? {}", near.0, self.all());
                near.wrong(mistake(key, problem, help))
            }
            None => mistake(key, problem, self.all()).into(),
        }
    }

    fn repeated(&self, key: &Ident) -> Wrong {
        let problem = format_args!("`{key}` is given twice");
        mistake(key, problem, format_args!("remove one of the two; {}", self.all())).into()
    }

    fn all(&self) -> String {
        let are = if self.keys.len() == 1 { "only key is" } else { "keys are" };
        format!("the {are} {}", list(self.keys.iter().map(|key| key.0)))
    }
}
