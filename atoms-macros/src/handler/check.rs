//! Finding the mistakes in a handler's signature.

use syn::{FnArg, ReturnType, Safety, Type};

use super::model::Model;
use crate::errors::Errors;

/// How many parameters a handler may have after the event.
const MAX_PARAMETERS: usize = 8;

/// The types of a handler's parameters.
pub(super) struct Input<'a> {
    /// Of the first, without its `&`.
    pub(super) event: &'a Type,
    /// Whether the first is taken by value.
    pub(super) by_value: bool,
    pub(super) parameters: Vec<&'a Type>,
}

/// Reports all mistakes, and returns the parameters if there is a first one.
pub(super) fn check<'a>(model: &Model<'a>, errors: &mut Errors) -> Option<Input<'a>> {
    check_modifiers(model, errors);
    check_return(model, errors);
    let signature = &model.function.sig;
    let mut types = Vec::new();
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => errors.at(
                receiver,
                "a handler is a function of its own, without `self`: shared values come as `State<T>`",
            ),
            FnArg::Typed(typed) => types.push(&*typed.ty),
        }
    }
    let Some((first, further)) = types.split_first() else {
        if signature.inputs.is_empty() {
            errors.at(
                &signature.ident,
                "a handler's first parameter is the event that it handles: `&Event`, or `&AnyEvent` for every event",
            );
        }
        return None;
    };
    check_further(further, errors);
    Some(Input { parameters: further.to_vec(), ..first_parameter(first, errors) })
}

fn first_parameter<'a>(ty: &'a Type, errors: &mut Errors) -> Input<'a> {
    let ty = ungrouped(ty);
    let (event, by_value) = match ty {
        Type::Reference(reference) => {
            if let Some(mutability) = &reference.mutability {
                errors.at(mutability, "other handlers see the same event, so none may change it: take `&Event`, or a clone as `Event`");
            }
            (&*reference.elem, false)
        }
        _ => (ty, true),
    };
    refuse_impl(event, errors);
    Input { event, by_value, parameters: Vec::new() }
}

fn check_further(types: &[&Type], errors: &mut Errors) {
    for ty in types {
        if let Type::Reference(_) = ungrouped(ty) {
            errors.at(ty, "parameters after the event are taken by value: `State<T>` for a shared value, `Emitter<Event>`, `Context`");
        }
        refuse_impl(ty, errors);
    }
    if let Some(ninth) = types.get(MAX_PARAMETERS) {
        errors.at(ninth, format!("a handler has at most {MAX_PARAMETERS} parameters after the event: put several values into one state"));
    }
}

fn refuse_impl(ty: &Type, errors: &mut Errors) {
    if let Type::ImplTrait(ty) = ungrouped(ty) {
        errors
            .at(ty, "a handler is called with values of known types, so it cannot be generic: name the type");
    }
}

/// A type as it is, where a `macro_rules!` has put it into invisible brackets.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        ty => ty,
    }
}

fn check_return(model: &Model<'_>, errors: &mut Errors) {
    if let ReturnType::Type(_, ty) = &model.function.sig.output
        && let Type::ImplTrait(ty) = &**ty
    {
        errors.at(ty, "what a handler returns is emitted, so its type must be known: name the event's type");
    }
}

fn check_modifiers(model: &Model<'_>, errors: &mut Errors) {
    let signature = &model.function.sig;
    if let Some(variadic) = &signature.variadic {
        // That such a function is `unsafe` and `extern` goes without saying.
        errors.at(variadic, "a handler has as many parameters as its signature says: remove `...`");
        return;
    }
    for parameter in &signature.generics.params {
        errors.at(
            parameter,
            "a handler is one function in the registry, so it cannot be generic: name the types, and leave lifetimes out",
        );
    }
    if let Some(token) = &signature.constness {
        errors.at(token, "a handler runs when an event comes in, never at compile time: remove `const`");
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.at(
            token,
            "the bus calls handlers from safe code: remove `unsafe`, and use an `unsafe` block inside",
        );
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "the bus calls handlers as Rust functions: remove `extern`");
    }
}
