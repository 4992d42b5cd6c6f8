//! Checks and expansions that handlers, tools, hooks and agents share. `noun` is the name of one in messages, such as "a tool".

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, FnArg, Ident, ItemFn, PatType, ReceiverKind, ReturnType, Signature, Type, TypeParamBound,
    parse_quote,
};

use super::{Mistakes, attributes, types};

/// How many parameters of a function may be extracted.
const MAX_EXTRACTED: usize = 8;

/// The parameters without `self`.
pub(crate) fn typed(signature: &Signature) -> impl Iterator<Item = &PatType> {
    signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    })
}

/// The names of the types that are known to be extracted.
const EXTRACTED: [&str; 6] = ["State", "Emitter", "Context", "Session", "Tx", "Run"];

/// Whether the type is known to be extracted, or is an `Option` of one that is.
pub(crate) fn is_extracted(ty: &Type) -> bool {
    let ty = types::option_of(ty).unwrap_or(ty);
    EXTRACTED.iter().any(|name| types::is_named(ty, name))
}

/// Allows what Clippy would have otherwise in a signature, and what the attributes refuse or leave no choice about.
/// Only what such a signature can be told of, since rustc looks up each name.
pub(crate) fn allow_what_is_demanded(signature: &Signature) -> Option<Attribute> {
    let is_async = signature.asyncness.is_some();
    let has = |condition: fn(&FnArg) -> bool| signature.inputs.iter().any(condition);
    let lints = [
        (quote!(missing_const_for_fn), !is_async),
        (quote!(must_use_candidate), !is_async && matches!(signature.output, ReturnType::Type(..))),
        (quote!(needless_pass_by_ref_mut), has(|taken| reference(taken).is_some_and(|is_mut| is_mut))),
        (quote!(needless_pass_by_value), has(|taken| reference(taken).is_none())),
        (quote!(trivially_copy_pass_by_ref), has(|taken| reference(taken).is_some_and(|is_mut| !is_mut))),
        (quote!(unused_self), signature.receiver().is_some()),
    ];
    let lints: Vec<_> =
        lints.into_iter().filter(|(_, may_object)| *may_object).map(|(lint, _)| lint).collect();
    (!lints.is_empty()).then(|| parse_quote!(#[allow(#(clippy::#lints),*)]))
}

/// Whether it is a `&mut`, if it is taken by reference.
fn reference(taken: &FnArg) -> Option<bool> {
    match taken {
        FnArg::Receiver(receiver) => match &receiver.kind {
            ReceiverKind::Reference(_, _, mutability) => Some(mutability.is_some()),
            _ => None,
        },
        FnArg::Typed(parameter) => match &*parameter.ty {
            Type::Reference(reference) => Some(reference.mutability.is_some()),
            _ => None,
        },
    }
}

/// The type that stands for the function. It has braces, so that its name as a value is still the function.
pub(crate) fn unit(function: &ItemFn) -> TokenStream {
    let (visibility, name, cfgs) = (&function.vis, &function.sig.ident, attributes::cfgs(&function.attrs));
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #name {}
    }
}

/// The attributes of which a function may have one only.
const KINDS: [&str; 4] = ["handler", "tool", "hook", "agent"];

fn is_kind(attribute: &Attribute) -> bool {
    KINDS.iter().any(|kind| attribute.path().is_ident(kind))
}

/// The function without such attributes, and its parameters without those that rustc does not know.
pub(crate) fn given_back(function: &ItemFn, is_unknown: impl Fn(&Attribute) -> bool) -> ItemFn {
    let mut given = function.clone();
    given.attrs.retain(|attribute| !is_kind(attribute));
    for input in &mut given.sig.inputs {
        let attributes = match input {
            FnArg::Typed(parameter) => &mut parameter.attrs,
            FnArg::Receiver(receiver) => &mut receiver.attrs,
        };
        attributes.retain(|attribute| !is_unknown(attribute));
    }
    given
}

/// Reports other attributes of these on the function. `own` is the one that is being expanded.
pub(crate) fn one_kind(own: &str, function: &ItemFn, mistakes: &mut Mistakes) {
    for again in function.attrs.iter().filter(|attribute| is_kind(attribute)) {
        if again.path().is_ident(own) {
            mistakes.at(again, format_args!("`#[{own}]` is given twice"), "remove one of the two");
        } else {
            let path = again.path();
            let other = quote!(#path);
            let problem = format_args!("a function cannot have both `#[{own}]` and `#[{other}]`");
            mistakes.at(again, problem, "write one function for each; both may call a third one");
        }
    }
}

/// Reports what is wrong with the signature, without the types in it.
pub(crate) fn signature(noun: &str, signature: &Signature, mistakes: &mut Mistakes) {
    qualifiers(noun, signature, mistakes);
    if !signature.generics.params.is_empty() {
        let generics = &signature.generics;
        let only_lifetimes = generics.lifetimes().count() == generics.params.len();
        let (problem, help) = if only_lifetimes {
            (
                format!("{noun} cannot have lifetime parameters"),
                "leave the lifetimes out, and name types that own what they hold",
            )
        } else {
            (format!("{noun} cannot be generic: its types are known to the program"), "name the types")
        };
        mistakes.at(quote!(#generics), problem, help);
    }
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                let help =
                    "write a free function without `self`; take a value that calls share as `State<T>`";
                mistakes.at(receiver, format_args!("{noun} is a free function, not a method"), help);
            }
            FnArg::Typed(parameter) => conditions(noun, parameter, mistakes),
        }
    }
}

/// Reports a `#[cfg]` on a parameter.
pub(crate) fn conditions(noun: &str, parameter: &PatType, mistakes: &mut Mistakes) {
    for cfg in attributes::cfgs(&parameter.attrs) {
        let problem = format_args!("a parameter of {noun} cannot depend on `#[cfg]`");
        mistakes.at(cfg, problem, "write the function once for each case, each with its `#[cfg]`");
    }
}

pub(crate) fn qualifiers(noun: &str, signature: &Signature, mistakes: &mut Mistakes) {
    if let Some(variadic) = &signature.variadic {
        // Such a function is also `unsafe` and `extern`, which need not be reported as well.
        mistakes.at(variadic, format_args!("{noun} cannot be variadic"), "name the parameters");
        return;
    }
    if let Some(keyword) = &signature.constness {
        let problem = format_args!("{noun} cannot be `const`: it is called at run time");
        mistakes.at(keyword, problem, "remove `const`");
    }
    if let syn::Safety::Unsafe(keyword) = &signature.safety {
        let problem =
            format_args!("{noun} cannot be `unsafe`: its caller does not know what it has to ensure");
        mistakes.at(keyword, problem, "remove `unsafe`, and put an `unsafe` block inside");
    }
    if let Some(abi) = &signature.abi {
        let problem = format_args!("{noun} cannot be `extern`: it is called from Rust");
        mistakes.at(abi, problem, "remove `extern`");
    }
}

/// Reports what is wrong with the parameters that are extracted. Those of a sync function may borrow.
pub(crate) fn extracted<'a>(
    noun: &str,
    parameters: impl Iterator<Item = &'a PatType>,
    may_borrow: bool,
    mistakes: &mut Mistakes,
) {
    for (index, parameter) in parameters.enumerate() {
        each_extracted(noun, parameter, may_borrow, mistakes);
        if index == MAX_EXTRACTED {
            let problem = format_args!("{noun} has at most {MAX_EXTRACTED} extracted parameters");
            mistakes.at(parameter, problem, "put some into one type, and implement `FromDelivery` for it");
        }
    }
}

fn each_extracted(noun: &str, parameter: &PatType, may_borrow: bool, mistakes: &mut Mistakes) {
    let ty = &*parameter.ty;
    if let Some(hidden) = types::find(ty, &is_impl_trait) {
        generic(noun, hidden, mistakes);
    } else if let Some(reference) = types::reference(ty) {
        let inner = types::text(&reference.elem);
        let help = if is_extracted(&reference.elem) {
            format!("write `{inner}`")
        } else {
            format!("take `State<{inner}>` for a value that is shared")
        };
        mistakes.at(ty, format_args!("{noun} takes its extracted parameters by value"), help);
    } else if let Some(borrowed) = types::find(ty, &types::elides_lifetime).filter(|_| !may_borrow) {
        let problem = "this type borrows from the delivery, which only a sync function may do";
        mistakes.at(borrowed, problem, "name an owned type, or remove `async`");
    }
}

/// Reports an `impl Trait` in a parameter.
pub(crate) fn generic(noun: &str, hidden: &Type, mistakes: &mut Mistakes) {
    let problem = format_args!("{noun} cannot be generic, and `impl` makes it generic");
    mistakes.at(hidden, problem, "name the type");
}

/// Reports what is wrong with the return type. `what` is the name of what is returned in messages.
pub(crate) fn output(noun: &str, what: &str, ty: &Type, mistakes: &mut Mistakes) {
    if let Type::Never(never) = types::peel(ty) {
        mistakes.at(
            never,
            format_args!("{noun} has to return, and this type says that it never does"),
            format_args!("return {what}"),
        );
    } else if let Some(future) = types::find(ty, &is_impl_future) {
        let problem = format_args!("{noun} returns {what}, and not a future");
        mistakes.at(future, problem, "write `async fn`, and return the output of the future");
    } else if let Some(hidden) = types::find(ty, &is_impl_trait) {
        mistakes.at(
            hidden,
            format_args!("{noun} has to name the type that it returns, and `impl` hides it"),
            "name the type",
        );
    } else if let Some(borrowed) = types::find(ty, &types::elides_lifetime) {
        let problem = format_args!("{noun} returns {what} that owns its data, and this type borrows");
        mistakes.at(borrowed, problem, "name an owned type");
    }
}

/// Reports a `timeout` of a sync function.
pub(crate) fn timeout(key: &Ident, signature: &Signature, mistakes: &mut Mistakes) {
    if signature.asyncness.is_none() {
        let problem = "`timeout` needs an `async` function: a sync one cannot be interrupted";
        let help = format_args!("write `async fn {}`, or remove `timeout`", signature.ident);
        mistakes.at(key, problem, help);
    }
}

pub(crate) fn is_impl_trait(ty: &Type) -> bool {
    matches!(ty, Type::ImplTrait(_))
}

pub(crate) fn is_impl_future(ty: &Type) -> bool {
    let Type::ImplTrait(hidden) = ty else { return false };
    let mut bounds = hidden.bounds.iter();
    bounds.any(
        |bound| matches!(bound, TypeParamBound::Trait(bound) if attributes::ends_with(&bound.path, "Future")),
    )
}
