//! Finds what is wrong with a handler's signature, as far as it tells by itself: whether the types
//! are events and what can be extracted is checked where the types are known.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::quote;
use syn::{Attribute, PatType, Receiver, Signature, Type, TypeParamBound};

use super::meant;
use super::model::{Handler, Input};
use crate::common::{Mistakes, attributes, function, mistake, types};

/// The most parameters that a handler may have behind the event.
const MAX_EXTRACTED: usize = 8;

/// What comes by value, though some expect a reference.
const EXTRACTED: [&str; 3] = ["State", "Emitter", "Context"];

/// The handler's input, if nothing is wrong.
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
    timeout(handler, &mut mistakes);
    for again in handler.function.attrs.iter().filter(|attribute| is_handler(attribute)) {
        mistakes.at(again, "`#[handler]` is given twice", "make them one");
    }
    mistakes.and(input)
}

/// What is wrong with a signature whose parameters are extracted, all but so many at first. They may borrow from the
/// delivery or not.
pub(crate) fn parameters(signature: &Signature, given: usize, may_borrow: bool, mistakes: &mut Mistakes) {
    qualifiers(signature, mistakes);
    generics(signature, mistakes);
    for (index, parameter) in function::typed(signature).enumerate() {
        conditions(parameter, mistakes);
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
    let help = "put `#[node]` on the `impl` block, which makes a node of a graph of it; or write a free function \
        without `self`: a value that handlers share comes as `State<T>`";
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

fn qualifiers(signature: &Signature, mistakes: &mut Mistakes) {
    if let Some(variadic) = &signature.variadic {
        // Such a function is also `unsafe` and `extern`, which is not to be told as well.
        let problem = "a handler cannot be variadic: each parameter is extracted by its type";
        mistakes.at(variadic, problem, "name the parameters");
        return;
    }
    if let Some(keyword) = &signature.constness {
        mistakes.at(keyword, "a handler cannot be `const`: it runs when its event comes", "remove `const`");
    }
    if let syn::Safety::Unsafe(keyword) = &signature.safety {
        let problem =
            "a handler cannot be `unsafe`: the bus that calls it does not know what it has to ensure";
        mistakes.at(keyword, problem, "remove `unsafe`, and put an `unsafe` block inside");
    }
    if let Some(abi) = &signature.abi {
        mistakes.at(
            abi,
            "a handler cannot be `extern`: it is called from Rust, by the bus",
            "remove `extern`",
        );
    }
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

/// The first parameter.
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
        let problem = "a handler has the event only while it runs";
        return Err(mistake(lifetime, problem, "take it by value to keep it: what you get is a copy"));
    }
    owned(&reference.elem, handler).map(|ty| Input { ty, by_value: false })
}

/// Whether the event seems to come behind what is extracted: that is never lent.
fn is_behind_extracted(handler: &Handler<'_>) -> bool {
    let mut types = handler.parameters.iter().map(|parameter| &*parameter.ty);
    types.next().is_some_and(is_extracted) && types.any(|ty| types::reference(ty).is_some())
}

fn is_extracted(ty: &Type) -> bool {
    EXTRACTED.iter().any(|name| types::is_named(ty, name))
}

fn owned<'a>(ty: &'a Type, handler: &Handler<'_>) -> syn::Result<&'a Type> {
    if let Some(meant) = meant::event(ty, &handler.options.root) {
        return Err(meant.mistake(ty));
    }
    if let Some(generic) = types::find(ty, &is_impl_trait) {
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

/// A parameter behind the event.
fn extracted(parameter: &PatType, may_borrow: bool, mistakes: &mut Mistakes) {
    if let Some(generic) = types::find(&parameter.ty, &is_impl_trait) {
        let problem = "a handler cannot be generic: its parameters are extracted by their types";
        mistakes.at(generic, problem, "name the type");
    } else if let Some(reference) = types::reference(&parameter.ty) {
        let help = by_value(&reference.elem);
        mistakes.at(&parameter.ty, "a handler takes by value what comes after its event", help);
    } else if let Some(meant) = meant::extracted(&parameter.ty) {
        mistakes.add(meant.mistake(&parameter.ty));
    } else if let Some(reference) = types::find(&parameter.ty, &is_reference) {
        let problem = "a handler's parameters own what they hold, and this type borrows";
        mistakes.at(reference, problem, "name an owned type");
    } else if let Some(borrowed) = types::find(&parameter.ty, &types::elides_lifetime).filter(|_| !may_borrow)
    {
        let problem = "only a parameter of a sync handler may borrow from the delivery, and this type does";
        mistakes.at(
            borrowed,
            problem,
            "name an owned type, or write a handler that is a function without `async`",
        );
    }
}

/// What to take instead of a reference to the type.
fn by_value(ty: &Type) -> String {
    let text = types::text(ty);
    if is_extracted(ty) {
        return format!("write `{text}`");
    }
    if types::is_named(ty, "Bus") {
        return "take `Context`, and call `context.bus()`".into();
    }
    format!(
        "for a value that handlers share, take `State<{text}>`; a second event has a handler of its own, or comes in an `#[event_set]`"
    )
}

fn output(ty: &Type, mistakes: &mut Mistakes) {
    if let Type::Never(never) = types::peel(ty) {
        mistakes.at(never, "a handler returns, so that the next event can come", "return `()`");
    } else if let Some(future) = types::find(ty, &is_impl_future) {
        let problem = "a handler returns what it emits, and not a future";
        mistakes.at(future, problem, "write `async fn`, and return what the future gives");
    } else if let Some(any) = meant::any_event(ty) {
        let problem = "a handler's signature says which events it emits, and `dyn Event` may be any";
        mistakes.at(any, problem, "name the event, or return an enum with `#[event_set]`");
    } else if let Some(hidden) = types::find(ty, &is_impl_trait) {
        let problem = "a handler's signature says which events it emits, and `impl` hides them";
        mistakes.at(hidden, problem, "name the type");
    } else if let Some(borrowed) = types::find(ty, &types::elides_lifetime) {
        let problem = "what a handler returns is emitted, and this type borrows";
        mistakes.at(borrowed, problem, "return an owned event");
    }
}

fn conditions(parameter: &PatType, mistakes: &mut Mistakes) {
    for cfg in attributes::cfgs(&parameter.attrs) {
        let problem = "a parameter of a handler cannot depend on `#[cfg]`";
        mistakes.at(cfg, problem, "put the `#[cfg]` on the handler, and write one for each case");
    }
}

fn timeout(handler: &Handler<'_>, mistakes: &mut Mistakes) {
    if let (Some((key, _)), false) = (&handler.options.timeout, handler.is_async()) {
        let problem = "`timeout` needs an `async` function: one that is not cannot be interrupted";
        let help = format_args!("write `async fn {}`, or remove `timeout`", handler.function.sig.ident);
        mistakes.at(key, problem, help);
    }
}

fn is_reference(ty: &Type) -> bool {
    types::reference(ty).is_some_and(|_| types::elides_lifetime(types::peel(ty)))
}

pub(crate) fn is_handler(attribute: &Attribute) -> bool {
    attribute.path().is_ident("handler")
}

fn is_impl_trait(ty: &Type) -> bool {
    matches!(ty, Type::ImplTrait(_))
}

fn is_impl_future(ty: &Type) -> bool {
    let Type::ImplTrait(hidden) = ty else { return false };
    let mut bounds = hidden.bounds.iter();
    bounds.any(
        |bound| matches!(bound, TypeParamBound::Trait(bound) if attributes::ends_with(&bound.path, "Future")),
    )
}
