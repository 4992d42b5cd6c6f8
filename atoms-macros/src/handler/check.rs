//! Finds what is wrong with a handler's signature by its syntax alone. Whether its types are events, or can be extracted,
//! is checked where the types are known.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::quote;
use syn::{PatType, Receiver, Signature, Type};

use super::meant;
use super::model::{Handler, Input};
use crate::common::{Mistakes, function, mistake, types};

const NOUN: &str = "a handler";

/// How many parameters a handler may have after the event.
const MAX_EXTRACTED: usize = 8;

/// Returns the handler's input if nothing is wrong.
pub(crate) fn check<'a>(handler: &Handler<'a>, mut mistakes: Mistakes) -> syn::Result<Input<'a>> {
    let input = mistakes.take(match (handler.receiver, handler.parameters.first()) {
        (Some(receiver), _) => Err(method(receiver)),
        (None, Some(first)) => input(handler, &first.ty),
        (None, None) => Err(no_parameter(&handler.function.sig)),
    });
    let given = if is_behind_extracted(handler) { handler.parameters.len() } else { 1 };
    parameters(&handler.function.sig, given, !handler.is_async(), &mut mistakes);
    if let Some(ty) = handler.output {
        output(ty, &mut mistakes);
    }
    if let Some((key, _)) = &handler.options.timeout {
        function::timeout(key, &handler.function.sig, &mut mistakes);
    }
    function::one_kind("handler", handler.function, &mut mistakes);
    mistakes.and(input)
}

/// Reports what is wrong with a signature. The first `given` parameters are not extracted. The others may borrow from the
/// delivery if `may_borrow` is set.
pub(crate) fn parameters(signature: &Signature, given: usize, may_borrow: bool, mistakes: &mut Mistakes) {
    function::qualifiers(NOUN, signature, mistakes);
    generics(signature, mistakes);
    for (index, parameter) in function::typed(signature).enumerate() {
        function::conditions(NOUN, parameter, mistakes);
        if index >= given {
            extracted(parameter, may_borrow, mistakes);
        }
        if index == given + MAX_EXTRACTED {
            let after = if given == 0 { "" } else { " after the event" };
            let problem = format_args!("a handler has at most {MAX_EXTRACTED} parameters{after}");
            mistakes.at(parameter, problem, "put some into one type, and implement `FromDelivery` for it");
        }
    }
}

fn method(receiver: &Receiver) -> syn::Error {
    let help = "put `#[node]` on the `impl` block, to make the type a node of a graph; or write a free function \
        without `self`, and take a value that handlers share as `State<T>`";
    mistake(receiver, "outside of a node, a handler is a free function", help)
}

fn no_parameter(signature: &Signature) -> syn::Error {
    let mut parentheses = Group::new(Delimiter::Parenthesis, TokenStream::new());
    parentheses.set_span(signature.paren_token.span.join());
    let (keyword, name) = (&signature.fn_token, &signature.ident);
    let problem = "a handler needs a parameter: the event that it handles";
    let help = format_args!("write `fn {name}(event: &OrderCreated)`, with the type of your event");
    mistake(quote!(#keyword #name #parentheses), problem, help)
}

fn generics(signature: &Signature, mistakes: &mut Mistakes) {
    let parameters = &signature.generics.params;
    if !parameters.is_empty() {
        let only_lifetimes = signature.generics.lifetimes().count() == parameters.len();
        let (problem, help) = if only_lifetimes {
            ("a handler cannot have lifetime parameters", "leave the lifetimes out: `event: &OrderCreated`")
        } else {
            ("a handler cannot be generic: it handles one type of event", "write a handler for each type")
        };
        let generics = &signature.generics;
        mistakes.at(quote!(#generics), problem, help);
    }
}

/// Returns the input, which is the first parameter.
fn input<'a>(handler: &Handler<'a>, ty: &'a Type) -> syn::Result<Input<'a>> {
    if is_behind_extracted(handler) {
        let problem =
            format_args!("the first parameter of a handler is the event, and not `{}`", types::text(ty));
        return Err(mistake(ty, problem, "put the event first"));
    }
    let Some(reference) = types::reference(ty) else {
        return owned(ty, handler).map(|ty| Input { ty, by_value: true });
    };
    if let Some(mutability) = &reference.mutability {
        let event = types::text(&reference.elem);
        let problem = "a handler cannot change the event in place: other handlers see the same one";
        let help = format_args!("take `&{event}`, or by value, `{event}`, to have a copy");
        return Err(mistake(mutability, problem, help));
    }
    if let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident == "static") {
        let problem = "a handler cannot keep a reference to its event";
        return Err(mistake(
            lifetime,
            problem,
            "remove `'static`; to keep the event, take it by value, which gives you a copy",
        ));
    }
    owned(&reference.elem, handler).map(|ty| Input { ty, by_value: false })
}

/// Whether the event seems to come after an extracted parameter. Only an event is taken by reference.
fn is_behind_extracted(handler: &Handler<'_>) -> bool {
    let mut types = handler.parameters.iter().map(|parameter| &*parameter.ty);
    types.next().is_some_and(function::is_extracted) && types.any(|ty| types::reference(ty).is_some())
}

fn owned<'a>(ty: &'a Type, handler: &Handler<'_>) -> syn::Result<&'a Type> {
    if let Some(meant) = meant::event(ty, &handler.options.root) {
        return Err(meant.mistake(ty));
    }
    if let Some(generic) = types::find(ty, &function::is_impl_trait) {
        let problem = "a handler cannot be generic: it handles one type of event";
        return Err(mistake(generic, problem, "name the type, or take `&AnyEvent` to see every event"));
    }
    match types::find(ty, &types::elides_lifetime) {
        Some(borrowed) => {
            Err(mistake(borrowed, "an event owns its data, and this type borrows", "name an owned type"))
        }
        None => Ok(ty),
    }
}

/// Reports what is wrong with a parameter after the event.
fn extracted(parameter: &PatType, may_borrow: bool, mistakes: &mut Mistakes) {
    if let Some(generic) = types::find(&parameter.ty, &function::is_impl_trait) {
        let problem = "a handler cannot be generic: its parameters are extracted by their types";
        mistakes.at(generic, problem, "name the type");
    } else if let Some(reference) = types::reference(&parameter.ty) {
        let help = by_value(&reference.elem);
        mistakes.at(&parameter.ty, "a handler takes the parameters after its event by value", help);
    } else if let Some(meant) = meant::extracted(&parameter.ty) {
        mistakes.add(meant.mistake(&parameter.ty));
    } else if let Some(reference) = types::find(&parameter.ty, &is_reference) {
        let problem = "a handler's parameters own what they hold, and this type borrows";
        mistakes.at(reference, problem, "name an owned type");
    } else if let Some(borrowed) = types::find(&parameter.ty, &types::elides_lifetime).filter(|_| !may_borrow)
    {
        let problem = "this type borrows from the delivery, which only a parameter of a sync handler may do";
        mistakes.at(borrowed, problem, "name an owned type, or remove `async`");
    }
}

/// What to take instead of a reference to the type.
fn by_value(ty: &Type) -> String {
    let text = types::text(ty);
    if function::is_extracted(ty) {
        return format!("write `{text}`");
    }
    if types::is_named(ty, "Bus") {
        return "take `Context`, and call `context.bus()`".into();
    }
    format!(
        "take `State<{text}>` for a value that handlers share; for a second event, write another handler, or one that takes an `#[event_set]` of both"
    )
}

fn output(ty: &Type, mistakes: &mut Mistakes) {
    if let Type::Never(never) = types::peel(ty) {
        mistakes.at(never, "a handler has to return, and this type says that it never does", "return `()`");
    } else if let Some(future) = types::find(ty, &function::is_impl_future) {
        let problem = "a handler returns what it emits, and not a future";
        mistakes.at(future, problem, "write `async fn`, and return the output of the future");
    } else if let Some(any) = meant::any_event(ty) {
        let problem = "a handler's signature says which events it emits, and `dyn Event` may be any";
        mistakes.at(any, problem, "name the event, or return an enum with `#[event_set]`");
    } else if let Some(hidden) = types::find(ty, &function::is_impl_trait) {
        let problem = "a handler's signature says which events it emits, and `impl` hides them";
        mistakes.at(hidden, problem, "name the type");
    } else if let Some(borrowed) = types::find(ty, &types::elides_lifetime) {
        let problem = "what a handler returns is emitted, and this type borrows";
        mistakes.at(borrowed, problem, "return an owned event");
    }
}

fn is_reference(ty: &Type) -> bool {
    types::reference(ty).is_some_and(|_| types::elides_lifetime(types::peel(ty)))
}
