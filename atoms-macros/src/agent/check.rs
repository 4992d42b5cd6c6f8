//! Finds what is wrong with an agent's signature by its syntax alone. Whether its tools are tools, and its task and result go
//! through JSON, is checked where the types are known.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::quote;
use syn::{LitStr, Type};

use super::Agent;
use crate::common::{Mistakes, Told, function, types};

const NOUN: &str = "an agent";

/// What the check has found.
pub(super) struct Checked<'a> {
    pub(super) name: LitStr,
    /// The type of what it works on.
    pub(super) input: &'a Type,
    pub(super) output: &'a Type,
}

pub(super) fn check<'a>(agent: &Agent<'a>, mut mistakes: Mistakes) -> syn::Result<Checked<'a>> {
    let signature = &agent.function.sig;
    function::signature(NOUN, signature, &mut mistakes);
    if signature.asyncness.is_none() {
        let problem = "an agent must be `async`, so that others go on while it works";
        let help = format_args!("write `async fn {}`", signature.ident);
        mistakes.at(signature.fn_token, problem, help);
    }
    function::extracted(NOUN, agent.extracted(), false, &mut mistakes);
    let name = name(agent, &mut mistakes);
    let input = input(agent, &mut mistakes);
    let output = output(agent, &mut mistakes);
    function::one_kind("agent", agent.function, &mut mistakes);
    let checked = name.and_then(|name| Ok(Checked { name, input: input?, output: output? }));
    mistakes.and(checked)
}

fn name(agent: &Agent<'_>, mistakes: &mut Mistakes) -> Result<LitStr, Told> {
    match (&agent.options.name, agent.options.name_told) {
        (Some(name), _) => Ok(name.clone()),
        (None, Some(told)) => Err(told),
        (None, None) => {
            let problem =
                "an agent needs a `name`, by which it is started, and which is the sender of its calls";
            let help = "write `#[agent(name = \"aiagents.Main\")]`";
            Err(mistakes.add(syn::Error::new(Span::call_site(), format!("{problem}\nhelp: {help}"))))
        }
    }
}

fn input<'a>(agent: &Agent<'a>, mistakes: &mut Mistakes) -> Result<&'a Type, Told> {
    let Some(first) = agent.parameters.first() else {
        let signature = &agent.function.sig;
        let mut parentheses = Group::new(Delimiter::Parenthesis, TokenStream::new());
        parentheses.set_span(signature.paren_token.span.join());
        let (keyword, name) = (&signature.fn_token, &signature.ident);
        let help =
            format_args!("write `async fn {name}(task: String)`, or `task: serde_json::Value` for any task");
        let problem = "an agent needs a parameter: the task that it works on";
        return Err(mistakes.at(quote!(#keyword #name #parentheses), problem, help));
    };
    let ty = &*first.ty;
    if function::is_extracted(ty) {
        let problem = "the first parameter of an agent is its task, and this one is extracted";
        return Err(mistakes.at(
            ty,
            problem,
            "write `task: serde_json::Value`, or a type of your own, before it",
        ));
    }
    if let Some(hidden) = types::find(ty, &function::is_impl_trait) {
        function::generic(NOUN, hidden, mistakes);
    } else if let Some(borrowed) = types::find(ty, &types::elides_lifetime) {
        let inner = types::reference(ty).map(|reference| types::text(&reference.elem));
        let help = match inner.as_deref() {
            Some("str") => "write `String`".into(),
            Some(inner) => format!("write `{inner}`"),
            None => "name an owned type".into(),
        };
        mistakes.at(borrowed, "an agent owns its task, and this type borrows", help);
    }
    Ok(ty)
}

fn output<'a>(agent: &Agent<'a>, mistakes: &mut Mistakes) -> Result<&'a Type, Told> {
    let signature = &agent.function.sig;
    match types::returned(&signature.output) {
        Some(ty) => {
            function::output(NOUN, "a `Result`", ty, mistakes);
            Ok(ty)
        }
        None => {
            let problem = "an agent must return a `Result`: it completes with a value, or fails";
            let help = "write `-> Result<(), String>`, or a `Result` of types of your own";
            Err(mistakes.at(&signature.ident, problem, help))
        }
    }
}
