//! Finds what is wrong with a hook's signature by its syntax alone. Whether its tool is one, and its answer fits, is checked
//! where the types are known.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{PatType, Type};

use super::model::{Hook, Stage};
use crate::common::{Mistakes, Told, function, mistake, types};

const NOUN: &str = "a hook";

/// What the check has found.
pub(crate) struct Checked<'a> {
    pub(crate) stage: Stage,
    /// The type of the first parameter, without its `&` or `&mut`.
    pub(crate) input: &'a Type,
}

pub(crate) fn check<'a>(hook: &Hook<'a>, mut mistakes: Mistakes) -> syn::Result<Checked<'a>> {
    let signature = &hook.function.sig;
    function::signature(NOUN, signature, &mut mistakes);
    function::extracted(NOUN, hook.extracted(), !hook.is_async(), &mut mistakes);
    let checked = stage(hook, &mut mistakes).and_then(|stage| {
        output(hook, stage, &mut mistakes);
        let input = mistakes.take(input(hook, stage))?;
        Ok(Checked { stage, input })
    });
    if let Some((key, _)) = &hook.options.timeout {
        function::timeout(key, signature, &mut mistakes);
    }
    function::one_kind("hook", hook.function, &mut mistakes);
    mistakes.and(checked)
}

fn stage(hook: &Hook<'_>, mistakes: &mut Mistakes) -> Result<Stage, Told> {
    if hook.options.func.is_some() {
        configured(hook, mistakes);
        return Ok(Stage::Configured);
    }
    match (&hook.options.before, &hook.options.after) {
        (Some(_), None) => Ok(Stage::Before),
        (None, Some(_)) => Ok(Stage::After),
        (Some(_), Some(after)) => {
            let problem = "a hook runs before the tool or after it, not both";
            Err(mistakes.at(after, problem, "remove one of the two, and write a hook for each"))
        }
        (None, None) => Err(match hook.options.stage_told {
            Some(told) => told,
            None => mistakes.add(syn::Error::new(
                Span::call_site(),
                "a hook runs before the tool or after it\nhelp: write `#[hook(before)]` or `#[hook(after)]`",
            )),
        }),
    }
}

/// Reports keys that say what the configuration says that names the hook.
fn configured(hook: &Hook<'_>, mistakes: &mut Mistakes) {
    let options = &hook.options;
    let sender = options.sender.as_ref().map(|(key, _)| key);
    let said = [(&options.before, "stage"), (&options.after, "stage"), (&options.detached, "asyncType")];
    let said = said.into_iter().filter_map(|(key, of_file)| Some((key.as_ref()?, of_file)));
    for (key, of_file) in said.chain(sender.map(|key| (key, "sender"))) {
        let problem = format_args!("a hook with `func` takes its `{of_file}` from the configuration");
        mistakes.at(
            key,
            problem,
            format_args!("remove `{key}`; or remove `func`, if the hook runs by itself"),
        );
    }
}

/// Returns the type of the first parameter.
fn input<'a>(hook: &Hook<'a>, stage: Stage) -> syn::Result<&'a Type> {
    let Some(first) = hook.parameters.first() else { return Err(no_parameter(hook, stage)) };
    let lent = if hook.options.detached.is_some() { "&" } else { "&mut " };
    if stage == Stage::Configured {
        return event_data(first);
    }
    let reference = types::reference(&first.ty);
    let ty = reference.map_or(&*first.ty, |reference| types::peel(&reference.elem));
    if !is_subject(ty) {
        let [of_one, of_any] = [Some("tool"), None].map(|tool| format!("`{lent}{}`", stage.subject(tool)));
        let help = format_args!(
            "take {of_one}, with the name of the tool, or {of_any} for any tool, and put it first; \
             for an event, write `#[handler]`"
        );
        return Err(mistake(ty, "the first parameter of a hook is the call", help));
    }
    let Some(reference) = reference else {
        let help = format_args!("write `{lent}{}`", types::text(ty));
        return Err(mistake(ty, "a hook takes the call by reference", help));
    };
    other_stage(ty, lent, stage)?;
    if let (Some(mutability), Some(_)) = (&reference.mutability, &hook.options.detached) {
        let problem = "a detached hook runs beside the call, and cannot change it";
        let help = format_args!("write `&{}`, or remove `detached`", types::text(ty));
        return Err(mistake(mutability, problem, help));
    }
    if let (Some((key, _)), Some(tool)) = (&hook.options.tools, tool_of(ty).map(types::text)) {
        let problem = format_args!("`tools` selects among all tools, and this hook is for `{tool}` only");
        let help = format_args!("remove `tools`, or take `{lent}{}`", stage.subject(None));
        return Err(mistake(key, problem, help));
    }
    Ok(&reference.elem)
}

/// The type of the first parameter of a hook that a configuration names.
fn event_data(first: &PatType) -> syn::Result<&Type> {
    let ty = types::peel(&first.ty);
    match types::is_named(ty, "EventData") {
        true => Ok(ty),
        false => {
            let problem = "a hook with `func` takes the data of an event, for calls of any tool";
            Err(mistake(ty, problem, "take `EventData`, and return it with what you have changed"))
        }
    }
}

fn no_parameter(hook: &Hook<'_>, stage: Stage) -> syn::Error {
    let signature = &hook.function.sig;
    let mut parentheses = Group::new(Delimiter::Parenthesis, TokenStream::new());
    parentheses.set_span(signature.paren_token.span.join());
    let (keyword, name) = (&signature.fn_token, &signature.ident);
    if stage == Stage::Configured {
        let help = format_args!("write `fn {name}(data: EventData)`");
        return mistake(quote!(#keyword #name #parentheses), "a hook needs a parameter: the call", help);
    }
    let help = format_args!(
        "write `fn {name}(call: &mut {})`, with the name of the tool, or `&mut {}` for any tool",
        stage.subject(Some("tool")),
        stage.subject(None)
    );
    mistake(quote!(#keyword #name #parentheses), "a hook needs a parameter: the call", help)
}

/// Reports a type that does not exist at the stage of the hook.
fn other_stage(ty: &Type, lent: &str, stage: Stage) -> syn::Result<()> {
    let (other, problem, help) = match stage {
        Stage::Before => (
            Stage::After,
            "before the tool runs, there is no result",
            "write `#[hook(after)]`, if the hook needs the result",
        ),
        Stage::After => (
            Stage::Before,
            "after the tool has run, its arguments cannot be changed",
            "write `#[hook(before)]`: before-hooks may change the arguments",
        ),
        Stage::Configured => return Ok(()),
    };
    if !other.names().iter().any(|name| types::is_named(ty, name)) {
        return Ok(());
    }
    let right = stage.subject(tool_of(ty).map(types::text).as_deref());
    Err(mistake(ty, problem, format_args!("take `{lent}{right}`; or {help}")))
}

fn is_subject(ty: &Type) -> bool {
    [Stage::Before, Stage::After].iter().flat_map(|stage| stage.names()).any(|name| types::is_named(ty, name))
}

/// The `refund` of a `Call<refund>` or a `Done<refund>`.
pub(super) fn tool_of(ty: &Type) -> Option<&Type> {
    types::first_of(ty, "Call").or_else(|| types::first_of(ty, "Done"))
}

fn output(hook: &Hook<'_>, stage: Stage, mistakes: &mut Mistakes) {
    let verdict = hook.output.and_then(|ty| types::find(ty, &|ty| types::is_named(ty, "Verdict")));
    match (stage, &hook.options.detached, hook.output) {
        (_, Some(_), _) if verdict.is_some() => {
            let problem = "a hook that is not waited for cannot veto";
            mistakes.at(verdict, problem, "remove `detached`, or return nothing");
        }
        (Stage::Configured, None, _) if verdict.is_some() => {
            let problem = "a hook with `func` cannot return a verdict";
            mistakes.at(verdict, problem, "return `Result<EventData, String>`: an error denies the call");
        }
        (Stage::After, None, _) if verdict.is_some() => {
            let problem = "after the tool has run, a hook cannot veto";
            mistakes.at(verdict, problem, "write `#[hook(before)]`, or return nothing");
        }
        (Stage::Before, None, None) => no_verdict(hook, &hook.function.sig.ident, mistakes),
        (Stage::Before, None, Some(ty)) if is_unit(ty) => no_verdict(hook, ty, mistakes),
        (.., Some(ty)) => function::output(NOUN, "its answer", ty, mistakes),
        (.., None) => {}
    }
}

fn no_verdict(hook: &Hook<'_>, at: impl ToTokens, mistakes: &mut Mistakes) {
    let tool = hook.parameters.first().and_then(|first| {
        let ty = types::reference(&first.ty).map_or(&*first.ty, |reference| &reference.elem);
        tool_of(ty).map(types::text)
    });
    let verdict = tool.map_or("Verdict".into(), |tool| format!("Verdict<{tool}>"));
    let problem = "a before-hook must return a verdict, which says whether the call goes on";
    let help = format_args!(
        "return `{verdict}`, such as `Verdict::Allow`; or write `detached`, if the hook only observes"
    );
    mistakes.at(at, problem, help);
}

fn is_unit(ty: &Type) -> bool {
    matches!(types::peel(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}
