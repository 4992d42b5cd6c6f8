//! Types that a parameter of a handler cannot have, and the types that are meant.
//!
//! | type | meant |
//! | --- | --- |
//! | the event as `&dyn Event` | `&AnyEvent` |
//! | the event as `&str` or `&[u8]` | the struct |
//! | the event as `&Event` | one of them, or `&AnyEvent` |
//! | `Emitter<dyn Event>` | `Emitter<A>` |
//! | `Emitter<A, B>` | `Emitter<(A, B)>` |
//! | `State(db): State<Db>` | `db: State<Db>` |
//! | `State<dyn Mailer>` | `State<Arc<dyn Mailer>>` |

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{
    FnArg, GenericArgument, Pat, PathArguments, ReturnType, Signature, Token, Type, TypeParamBound,
    parse_quote, parse_quote_spanned,
};

use crate::common::{attributes, mistake, types};

/// What is wrong with a type, and what to write instead.
pub(super) struct Meant {
    problem: String,
    help: String,
    /// The type that the function has instead, so that rustc reports nothing else.
    instead: Type,
}

impl Meant {
    pub(super) fn mistake(&self, ty: &Type) -> syn::Error {
        mistake(ty, &self.problem, &self.help)
    }
}

/// What is meant by the type of the event, which is given without its `&`. `runtime` is the path of the crate.
pub(super) fn event(ty: &Type, runtime: &impl ToTokens) -> Option<Meant> {
    let text = types::text(ty);
    let (problem, help, instead) = match types::peel(ty) {
        Type::TraitObject(_) => (
            format!("a handler takes one type of event, and `{text}` may be of several"),
            "name the event, such as `&OrderCreated`, or take `&AnyEvent` for events of every type",
            parse_quote!(#runtime::AnyEvent),
        ),
        Type::Path(path) if path.path.is_ident("str") => (not_a_struct(&text), NAME_THE_STRUCT, ty.clone()),
        Type::Slice(_) => (not_a_struct(&text), NAME_THE_STRUCT, ty.clone()),
        _ => return None,
    };
    Some(Meant { problem, help: help.into(), instead })
}

const NAME_THE_STRUCT: &str = "name the struct, such as `&OrderCreated`: a frame is read by `bus.receive(...)`, which calls the handlers of its event";

fn not_a_struct(text: &str) -> String {
    format!("the first parameter of a handler is the event, which is a struct, and not `{text}`")
}

/// Replaces names by macros that are wrong only if they are those of this crate: the type `Event`, which may be the trait or
/// a struct, and the pattern `State(..)`, which may be of another type. rustc, which knows, then shows the message of the
/// macro. `runtime` is the path of the crate with a span.
pub(crate) fn mark(signature: &mut Signature, runtime: impl Fn(Span) -> TokenStream) {
    let parameters = signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    });
    for (index, parameter) in parameters.enumerate() {
        if index == 0 {
            mark_event(&mut parameter.ty, &runtime);
        } else {
            mark_state(&mut parameter.pat, &runtime);
        }
    }
}

fn mark_event(ty: &mut Type, runtime: impl Fn(Span) -> TokenStream) {
    let ty = match ty {
        Type::Reference(reference) => &mut *reference.elem,
        ty => ty,
    };
    let Type::Path(path) = &*ty else { return };
    if let Some(name) = path.path.get_ident().filter(|name| *name == "Event") {
        let (span, runtime) = (name.span(), runtime(name.span()));
        *ty = parse_quote_spanned!(span=> #runtime::__name_one_event_or_take_AnyEvent!());
    }
}

fn mark_state(pattern: &mut Pat, runtime: impl Fn(Span) -> TokenStream) {
    let Pat::TupleStruct(state) = &*pattern else { return };
    if let Some(name) = state.path.get_ident().filter(|name| *name == "State") {
        let (span, runtime, fields) = (name.span(), runtime(name.span()), &state.elems);
        *pattern =
            parse_quote_spanned!(span=> #runtime::__State_is_taken_by_a_name_without_a_pattern!(#fields));
    }
}

/// What is meant by the type of a parameter after the event.
pub(super) fn extracted(ty: &Type) -> Option<Meant> {
    if types::is_named(ty, "Emitter") {
        several_events(ty)
    } else if types::is_named(ty, "State") {
        unsized_state(ty)
    } else {
        None
    }
}

fn several_events(ty: &Type) -> Option<Meant> {
    if let Some(GenericArgument::Type(any)) = arguments(ty)?.first()
        && matches!(types::peel(any), Type::TraitObject(_))
    {
        let problem = format!(
            "an `Emitter` names the events that it emits, and `{}` may be any event",
            types::text(any)
        );
        let help = "name them: `Emitter<OrderPaid>`, or `Emitter<(OrderPaid, OrderSent)>`".into();
        return Some(Meant { problem, help, instead: with_argument(ty, &quote!(()))? });
    }
    let several = arguments(ty).filter(|arguments| arguments.len() > 1)?;
    let instead = with_argument(ty, &quote!((#several)))?;
    let problem = "an `Emitter` takes one type: a tuple for several events".to_owned();
    Some(Meant { problem, help: format!("write `{}`", types::text(&instead)), instead })
}

fn unsized_state(ty: &Type) -> Option<Meant> {
    let arguments = arguments(ty)?;
    let Some(GenericArgument::Type(inner)) = arguments.first() else { return None };
    if !matches!(types::peel(inner), Type::TraitObject(_)) {
        return None;
    }
    let (shared, instead) =
        (with_argument(ty, &quote!(Arc<#inner>))?, with_argument(ty, &quote!(::std::sync::Arc<#inner>))?);
    let (inner, shared) = (types::text(inner), types::text(&shared));
    let problem = format!("a state has a size that is known at compile time, and `{inner}` has none");
    let help = format!("take `{shared}`, and give the bus one: `.state(Arc::new(value) as Arc<{inner}>)`");
    Some(Meant { problem, help, instead })
}

fn arguments(ty: &Type) -> Option<&Punctuated<GenericArgument, Token![,]>> {
    let Type::Path(path) = types::peel(ty) else { return None };
    match &path.path.segments.last()?.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    }
}

/// The type with this type as its only argument.
fn with_argument(ty: &Type, argument: &TokenStream) -> Option<Type> {
    let Type::Path(mut path) = types::peel(ty).clone() else { return None };
    path.path.segments.last_mut()?.arguments = PathArguments::AngleBracketed(parse_quote!(<#argument>));
    Some(Type::Path(path))
}

/// The `dyn Event` in a type.
pub(super) fn any_event(ty: &Type) -> Option<&Type> {
    types::find(ty, &|ty| {
        let Type::TraitObject(object) = ty else { return false };
        object.bounds.iter().any(
            |bound| matches!(bound, TypeParamBound::Trait(bound) if attributes::ends_with(&bound.path, "Event")),
        )
    })
}

/// Replaces the wrong types of a signature by those that are meant.
pub(crate) fn mend(signature: &mut Signature, runtime: &impl ToTokens) {
    if let ReturnType::Type(_, ty) = &mut signature.output
        && any_event(ty).is_some()
    {
        **ty = parse_quote!(impl ::core::marker::Sized);
    }
    let parameters = signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(&mut *parameter.ty),
        FnArg::Receiver(_) => None,
    });
    for (index, ty) in parameters.enumerate() {
        let ty = match ty {
            Type::Reference(reference) if index == 0 => &mut *reference.elem,
            ty => ty,
        };
        let meant = if index == 0 { event(ty, runtime) } else { None };
        if let Some(meant) = meant.or_else(|| extracted(ty)) {
            *ty = meant.instead;
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::ItemFn;

    use super::*;

    #[test]
    fn what_is_meant_stands_in_the_signature() {
        for (written, mended) in [
            (
                quote!(
                    fn f(e: &dyn Event) {}
                ),
                quote!(
                    fn f(e: &::atoms::AnyEvent) {}
                ),
            ),
            (
                quote!(
                    fn f(e: &A, out: Emitter<A, B>) {}
                ),
                quote!(
                    fn f(e: &A, out: Emitter<(A, B)>) {}
                ),
            ),
            (
                quote!(
                    fn f(e: &A, m: atoms::State<dyn Mail + Send>) {}
                ),
                quote!(
                    fn f(e: &A, m: atoms::State<::std::sync::Arc<dyn Mail + Send>>) {}
                ),
            ),
            (
                quote!(
                    fn f(e: &str, m: State<A>, out: Emitter<A>) {}
                ),
                quote!(
                    fn f(e: &str, m: State<A>, out: Emitter<A>) {}
                ),
            ),
        ] {
            let mut function: ItemFn = syn::parse2(written).unwrap();
            mend(&mut function.sig, &quote!(::atoms));
            let mended: ItemFn = syn::parse2(mended).unwrap();
            assert_eq!(function.to_token_stream().to_string(), mended.to_token_stream().to_string());
        }
    }

    #[test]
    fn the_message_says_what_to_write() {
        let several: Type = parse_quote!(Emitter<Created, shop::Paid>);
        assert_eq!(extracted(&several).unwrap().help, "write `Emitter<(Created, shop::Paid)>`");
        let state: Type = parse_quote!(State<dyn Mailer>);
        assert!(extracted(&state).unwrap().help.starts_with("take `State<Arc<dyn Mailer>>`, and"));
    }
}
