//! Checks each field by itself.

use syn::Type;

use super::super::Form;
use super::super::model::{Event, Field};
use super::super::parse::is_helper_path;
use crate::common::attributes::{self, Conditional};
use crate::common::{Mistakes, types};

pub(super) fn check(event: &Event<'_>, field: &Field<'_>, mistakes: &mut Mistakes) {
    borrows(field, mistakes);
    conditions(event, field, mistakes);
    let Some(default) = &field.keys.default else { return };
    if event.form == Form::Derive {
        let problem = "a derive cannot add a `default` to a field";
        mistakes.at(&default.key, problem, "write `#[serde(default = \"path::to::function\")]`");
    } else if let Some(of_serde) = &field.serde.default {
        mistakes.at(&of_serde.key, "the field has two defaults", "remove serde's or `#[event]`'s");
    }
}

/// `#[event(...)]` in a `#[cfg_attr(...)]`.
fn conditions(event: &Event<'_>, field: &Field<'_>, mistakes: &mut Mistakes) {
    let conditional = attributes::conditional(&field.syntax.attrs);
    for Conditional { condition, meta } in conditional.iter().filter(|it| is_helper_path(it.meta.path())) {
        let own = event.form.attribute();
        let problem =
            format_args!("`{own}` reads the fields before the compiler evaluates a `cfg_attr` on them");
        let help = format_args!(
            "write the field twice: once with `#[cfg({condition})]` and this attribute, once with \
             `#[cfg(not({condition}))]`"
        );
        mistakes.at(meta, problem, help);
    }
}

/// Reports a reference that is `'static`, which can be written to the wire, but not read from it, or that has no lifetime.
/// The check of the generics, or rustc, reports other lifetimes.
fn borrows(field: &Field<'_>, mistakes: &mut Mistakes) {
    if !field.serde.needs_both() {
        return;
    }
    let Some(ty) = types::find(&field.syntax.ty, &is_reported) else { return };
    let owned = match types::reference(ty).map(|reference| types::peel(&reference.elem)) {
        Some(text) if types::is_named(text, "str") => "String".into(),
        Some(Type::Slice(slice)) => format!("Vec<{}>", types::text(&slice.elem)),
        Some(other) => types::text(other),
        None => return,
    };
    let problem = format_args!("an event owns its data, and `{}` borrows", types::text(ty));
    mistakes.at(ty, problem, format_args!("take `{owned}`"));
}

fn is_reported(ty: &Type) -> bool {
    types::reference(ty).is_some_and(|reference| match &reference.lifetime {
        Some(lifetime) => lifetime.ident == "static",
        None => true,
    })
}
