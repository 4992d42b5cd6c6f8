//! `type = "..."`

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::LitStr;

use super::super::Form;
use super::super::model::Event;
use super::super::parse::is_helper;
use super::super::type_string::{RULE, broken_rule, example, nearest, own_namespace, reserved_namespace};
use crate::common::{Mistakes, Told, mistake, values};

pub(super) fn check(event: &Event<'_>, mistakes: &mut Mistakes) -> Result<LitStr, Told> {
    let example = example(&event.item.ident.to_string());
    match &event.keys.type_string {
        None => mistakes.take(Err(missing(event, &example))),
        Some(Err(told)) => Err(*told),
        Some(Ok(given)) => mistakes.take(values::string(given, &example).and_then(|literal| {
            check_text(&literal, &example)?;
            check_namespace(event, &literal, &example)?;
            Ok(literal)
        })),
    }
}

fn check_text(literal: &LitStr, example: &str) -> syn::Result<()> {
    let text = literal.value();
    let Some(rule) = broken_rule(&text) else { return Ok(()) };
    let nearest = nearest(&text).unwrap_or_else(|| example.into());
    let problem = if text.is_empty() {
        "the type string is empty".into()
    } else {
        format!("`{text}` is not a valid type string: {rule}")
    };
    Err(mistake(literal, problem, format_args!("the nearest valid one is `{nearest}`\nnote: {RULE}")))
}

fn check_namespace(event: &Event<'_>, literal: &LitStr, example: &str) -> syn::Result<()> {
    let text = literal.value();
    let Some(namespace) = reserved_namespace(&text).filter(|_| !event.keys.framework) else { return Ok(()) };
    let rest = text.strip_prefix(namespace).unwrap_or_default();
    let own = if rest.is_empty() { example.into() } else { format!("{}{rest}", own_namespace()) };
    let problem = format_args!("the namespace `{namespace}` is for the framework's own events");
    Err(mistake(literal, problem, format_args!("take one of your own, such as `{own}`")))
}

fn missing(event: &Event<'_>, example: &str) -> syn::Error {
    let helper = event.item.attrs.iter().find(|attribute| is_helper(attribute));
    let place = helper.map_or_else(TokenStream::new, ToTokens::to_token_stream);
    let name = &event.item.ident;
    let (noun, more) =
        if event.form == Form::Request { ("request", ", reply = Reply") } else { ("event", "") };
    let attribute = event.form.attribute().trim_end_matches(']');
    let problem = format!("the {noun} `{name}` needs a `type`, its name on the wire");
    let help = format!("write `{attribute}(type = \"{example}\"{more})]`");
    if place.is_empty() {
        syn::Error::new(Span::call_site(), format_args!("{problem}\nhelp: {help}"))
    } else {
        mistake(place, problem, help)
    }
}
