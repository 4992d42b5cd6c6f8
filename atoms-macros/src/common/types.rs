//! Looks into types, as far as their spelling shows.

use quote::ToTokens;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Path, PathArguments, ReturnType, Type, TypePath,
    TypeReference,
};

/// A type without parentheses and without a macro's invisible delimiters.
pub(crate) fn peel(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            bare => return bare,
        };
    }
}

/// The type as a `&T`, if it is one.
pub(crate) fn reference(ty: &Type) -> Option<&TypeReference> {
    match peel(ty) {
        Type::Reference(reference) => Some(reference),
        _ => None,
    }
}

/// Whether the type's path ends with `name`.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(peel(ty), Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// The `T` of an `Option<T>`.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    arguments_of(ty, "Option").and_then(|arguments| match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    })
}

/// The first of the types between the `<` and the `>` of a type with this name.
pub(crate) fn first_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    arguments_of(ty, name)?.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}

fn arguments_of<'a>(ty: &'a Type, name: &str) -> Option<&'a AngleBracketedGenericArguments> {
    let Type::Path(path) = peel(ty) else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        _ => None,
    }
}

/// The types in a type that might be wrong: the type itself, or those that it holds, as in `Vec<Address>`.
pub(crate) fn unknown(ty: &Type) -> Vec<&Type> {
    let ty = peel(ty);
    match ty {
        known if is_well_known(known) => Vec::new(),
        Type::Tuple(tuple) => tuple.elems.iter().flat_map(unknown).collect(),
        _ => match held(ty) {
            Some(held) => unknown(held),
            None => vec![ty],
        },
    }
}

/// The type that decides whether a container is right.
fn held(ty: &Type) -> Option<&Type> {
    let Type::Path(TypePath { qself: None, path, .. }) = ty else { return None };
    // With another path before it, it may be any type.
    let is_of_std =
        path.segments.len() == 1 || path.segments.first().is_some_and(|first| first.ident == "std");
    let container = path.segments.last().filter(|_| is_of_std)?;
    let PathArguments::AngleBracketed(arguments) = &container.arguments else { return None };
    let types = arguments.args.iter().map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    match types.collect::<Option<Vec<_>>>()?[..] {
        [held] if OF_ONE.iter().any(|name| container.ident == name) => Some(held),
        [key, held] if OF_TWO.iter().any(|name| container.ident == name) && is_well_known(key) => Some(held),
        _ => None,
    }
}

/// The containers that are right if what they hold is. A `Box` may be right in any case, such as a `Box<RawValue>`.
const OF_ONE: [&str; 3] = ["Option", "Vec", "VecDeque"];
const OF_TWO: [&str; 2] = ["HashMap", "BTreeMap"];

const WELL_KNOWN: [&str; 17] = [
    "String", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64",
];

/// Whether the type is spelled like one that serde and schemars know, which is not checked, to save time. If such a name is
/// shadowed, only serde reports a mistake.
fn is_well_known(ty: &Type) -> bool {
    let Type::Path(path) = peel(ty) else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    match &last.arguments {
        PathArguments::None => {
            path.path.get_ident().is_some_and(|ident| WELL_KNOWN.iter().any(|known| ident == known))
        }
        PathArguments::AngleBracketed(arguments) if last.ident == "Option" || last.ident == "Vec" => {
            arguments
                .args
                .iter()
                .all(|argument| matches!(argument, GenericArgument::Type(ty) if is_well_known(ty)))
        }
        _ => false,
    }
}

/// The type as text, as it is usually written.
pub(crate) fn text(ty: &Type) -> String {
    let text = peel(ty).to_token_stream().to_string();
    let marks = [
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" ;", ";"),
        ("& ", "&"),
    ];
    marks.into_iter().fold(text, |text, (spaced, tight)| text.replace(spaced, tight))
}

/// The type, or the first type in it, for which a condition holds. Signatures of functions (`fn(&T)`, `dyn Fn(&T)`) are
/// left out.
pub(crate) fn find<'a>(ty: &'a Type, condition: &dyn Fn(&Type) -> bool) -> Option<&'a Type> {
    if condition(ty) {
        return Some(ty);
    }
    match ty {
        Type::Array(array) => find(&array.elem, condition),
        Type::Group(group) => find(&group.elem, condition),
        Type::Paren(paren) => find(&paren.elem, condition),
        Type::Path(path) => in_path(&path.path, condition),
        Type::Ptr(pointer) => find(&pointer.elem, condition),
        Type::Reference(reference) => find(&reference.elem, condition),
        Type::Slice(slice) => find(&slice.elem, condition),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|elem| find(elem, condition)),
        _ => None,
    }
}

fn in_path<'a>(path: &'a Path, condition: &dyn Fn(&Type) -> bool) -> Option<&'a Type> {
    let arguments = path.segments.iter().filter_map(|segment| match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    });
    arguments.flatten().find_map(|argument| match argument {
        GenericArgument::Type(ty) => find(ty, condition),
        _ => None,
    })
}

/// Whether a lifetime is left out in the type itself, as in `&T` or `Cow<'_, T>`.
pub(crate) fn elides_lifetime(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => {
            reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident == "_")
        }
        Type::Path(path) => path.path.segments.iter().any(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().any(
                |argument| matches!(argument, GenericArgument::Lifetime(lifetime) if lifetime.ident == "_"),
            ),
            _ => false,
        }),
        _ => false,
    }
}

/// The return type of a function, if it has one.
pub(crate) fn returned(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn what_is_left_out_is_found() {
        let elided = |ty: Type| find(&ty, &elides_lifetime).is_some();
        assert!(elided(parse_quote!(&T)));
        assert!(elided(parse_quote!(State<&'_ T>)));
        assert!(elided(parse_quote!((u8, a::Cow<'_, str>))));
        assert!(elided(parse_quote!(Option<[&T; 3]>)));
        assert!(!elided(parse_quote!(State<&'static T>)));
        assert!(!elided(parse_quote!(State<fn(&T) -> &T>)));
        assert!(!elided(parse_quote!(Box<dyn Fn(&T)>)));
    }

    #[test]
    fn a_type_reads_as_it_is_written() {
        for written in ["Database", "State<a::b::Database>", "::a::B<(u8, C<'static, D>), &str>", "[u8; 3]"] {
            assert_eq!(text(&syn::parse_str(written).unwrap()), written);
        }
    }

    #[test]
    fn only_plain_names_are_well_known() {
        assert!(is_well_known(&parse_quote!(String)));
        assert!(is_well_known(&parse_quote!(Option<Vec<u8>>)));
        assert!(!is_well_known(&parse_quote!(my::String)));
        assert!(!is_well_known(&parse_quote!(Option<Address>)));
        assert!(!is_well_known(&parse_quote!(Address)));
        assert!(!is_well_known(&parse_quote!(&'static str)));
    }

    #[test]
    fn what_a_container_holds_is_looked_at() {
        for (written, expected) in [
            ("String", vec![]),
            ("Option<Vec<u8>>", vec![]),
            ("()", vec![]),
            ("HashMap<String, Vec<Address>>", vec!["Address"]),
            ("HashMap<Key, Address>", vec!["HashMap<Key, Address>"]),
            ("std::vec::Vec<Address>", vec!["Address"]),
            ("my::Vec<Address>", vec!["my::Vec<Address>"]),
            ("my::String", vec!["my::String"]),
            ("&'static str", vec!["&'static str"]),
            ("Box<Address>", vec!["Box<Address>"]),
            ("(u8, Address)", vec!["Address"]),
            ("[Address; 3]", vec!["[Address; 3]"]),
        ] {
            let ty = syn::parse_str(written).unwrap();
            assert_eq!(unknown(&ty).into_iter().map(text).collect::<Vec<_>>(), expected, "{written}");
        }
    }

    #[test]
    fn what_is_nested_is_found() {
        let has_impl = |ty: Type| find(&ty, &|ty| matches!(ty, Type::ImplTrait(_))).is_some();
        assert!(has_impl(parse_quote!(impl Event)));
        assert!(has_impl(parse_quote!(&State<impl Event>)));
        assert!(!has_impl(parse_quote!(State<T>)));
    }
}
