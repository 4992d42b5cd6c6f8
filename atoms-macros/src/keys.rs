//! The keys of an attribute.
//!
//! ```text
//! keys = [key {"," key} [","]]
//! key  = name ["=" expr]
//! ```

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path, Token, parse_quote};

use crate::errors::Errors;

/// One key of an attribute.
pub(crate) struct Key {
    pub(crate) name: Ident,
    value: Option<Expr>,
}

/// The sound keys of an attribute, each once.
pub(crate) struct Keys {
    keys: Vec<Key>,
    /// What unknown keys were probably meant to be.
    meant: Vec<&'static str>,
}

impl Keys {
    pub(crate) fn find(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    pub(crate) fn flag(&self, name: &str, errors: &mut Errors) -> bool {
        self.find(name).is_some_and(|key| key.flag(errors))
    }

    /// Whether the key is there, sound or misspelled.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.find(name).is_some() || self.meant.contains(&name)
    }

    /// Where the expansion finds `atoms`, as `crate = path` says it.
    pub(crate) fn root(&self, errors: &mut Errors) -> Path {
        let path = self.find("crate").and_then(|key| key.path("`crate = some::path`", errors));
        path.unwrap_or_else(|| parse_quote!(::atoms))
    }
}

/// Parses keys. Unknown and repeated ones are mistakes; `hidden` ones are known but never named.
pub(crate) fn parse(keys: TokenStream, known: &[&'static str], hidden: &[&str], errors: &mut Errors) -> Keys {
    let parsed = list.parse2(keys).unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let (mut kept, mut meant): (Vec<Key>, _) = (Vec::new(), Vec::new());
    for key in parsed {
        let name = key.name.unraw().to_string();
        if !known.contains(&name.as_str()) && !hidden.contains(&name.as_str()) {
            let nearest = nearest(&name, known);
            errors.at(&key.name, unknown(&name, nearest, known));
            meant.extend(nearest);
        } else if kept.iter().any(|other| other.name == key.name) {
            errors.at(&key.name, format!("`{name}` is there twice"));
        } else {
            kept.push(key);
        }
    }
    Keys { keys: kept, meant }
}

fn list(input: ParseStream<'_>) -> syn::Result<Vec<Key>> {
    let mut keys = Vec::new();
    while !input.is_empty() {
        let name = Ident::parse_any(input)?;
        if input.peek(syn::token::Paren) {
            // Such a key is unknown, which is said of its name.
            let in_parentheses;
            syn::parenthesized!(in_parentheses in input);
            in_parentheses.parse::<TokenStream>()?;
        }
        let value = input.parse::<Option<Token![=]>>()?.map(|_| input.parse()).transpose()?;
        keys.push(Key { name, value });
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(keys)
}

fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let similar = known.iter().map(|key| (strsim::jaro_winkler(name, key), *key));
    let similar = similar.filter(|(similarity, _)| *similarity > 0.7);
    similar.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, key)| key)
}

fn unknown(name: &str, nearest: Option<&str>, known: &[&str]) -> String {
    let all = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    match nearest {
        Some(nearest) => format!("unknown key `{name}`: did you mean `{nearest}`? The keys are {all}"),
        None => format!("unknown key `{name}`: the keys are {all}"),
    }
}

impl Key {
    /// A key without a value.
    fn flag(&self, errors: &mut Errors) -> bool {
        if let Some(value) = &self.value {
            errors.at(value, format!("`{}` has no value: write just `{}`", self.name, self.name));
        }
        true
    }

    /// The value as it is, where a `macro_rules!` has put it into invisible brackets.
    fn ungrouped(&self) -> Option<&Expr> {
        let mut value = self.value.as_ref();
        while let Some(Expr::Group(group)) = value {
            value = Some(&group.expr);
        }
        value
    }

    pub(crate) fn text(&self, form: &str, errors: &mut Errors) -> Option<LitStr> {
        match self.ungrouped() {
            Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Some(text.clone()),
            _ => self.wrong_value(form, errors),
        }
    }

    fn path(&self, form: &str, errors: &mut Errors) -> Option<Path> {
        match self.ungrouped() {
            Some(Expr::Path(path)) if path.qself.is_none() => Some(path.path.clone()),
            _ => self.wrong_value(form, errors),
        }
    }

    pub(crate) fn integer(&self, form: &str, errors: &mut Errors) -> Option<i32> {
        let value = self.value.as_ref();
        let parsed = value.and_then(|value| quote::quote!(#value).to_string().replace(' ', "").parse().ok());
        parsed.or_else(|| self.wrong_value(form, errors))
    }

    pub(crate) fn expr(&self, form: &str, errors: &mut Errors) -> Option<Expr> {
        self.value.clone().or_else(|| self.wrong_value(form, errors))
    }

    fn wrong_value<T>(&self, form: &str, errors: &mut Errors) -> Option<T> {
        let message = format!("`{}` is written {form}", self.name);
        match &self.value {
            Some(value) => errors.at(value, message),
            None => errors.at(&self.name, message),
        }
        None
    }
}
