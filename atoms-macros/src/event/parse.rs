//! ```text
//! #[event(type = "shop.order.created", must_handle, deny_unknown_fields, new, crate = path)]
//! #[event(type = "shop.order.created", version = 2, upcasts = OldStruct)]
//! #[request(type = "shop.quote.get", reply = type, deny_unknown_fields, new, crate = path)]
//! #[event(type = "shop.cart.shown", from(client, bus), to(client, bus), interruptible)]
//! #[event(default = expression, sensitive, key)]     on a field
//! ```
//!
//! The framework's own events say `framework` too, which opens its namespaces.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, Ident, Meta, Path, Type};

use super::{Form, flow};
use crate::common::keys::{Given, Grammar, Key};
use crate::common::{Mistakes, Root, Told, values};

const STRUCT_KEYS: &[Key] = &[
    Key("type", Some("\"shop.order.created\"")),
    Key("must_handle", None),
    Key("deny_unknown_fields", None),
    Key("version", Some("2")),
    Key("upcasts", Some("OldVersion")),
    Key("from", Some("(client)")),
    Key("to", Some("(client)")),
    Key("interruptible", None),
    Key("new", None),
    Key("crate", Some("path")),
];

const REQUEST_KEYS: &[Key] = &[
    Key("type", Some("\"shop.quote.get\"")),
    Key("reply", Some("Quote")),
    Key("deny_unknown_fields", None),
    Key("new", None),
    Key("crate", Some("path")),
];

const FIELD_KEYS: &[Key] = &[Key("default", Some("value")), Key("sensitive", None), Key("key", None)];

static STRUCT: Grammar = Grammar {
    attribute: "`#[event]`",
    keys: STRUCT_KEYS,
    hidden: &[Key("framework", None), Key("reply", Some("Quote"))],
    elsewhere: (FIELD_KEYS, "on a field"),
};

static REQUEST: Grammar = Grammar {
    attribute: "`#[request]`",
    keys: REQUEST_KEYS,
    hidden: &[Key("framework", None), Key("must_handle", None)],
    elsewhere: (FIELD_KEYS, "on a field"),
};

static FIELD: Grammar = Grammar {
    attribute: "`#[event]` on a field",
    keys: FIELD_KEYS,
    hidden: &[],
    elsewhere: (STRUCT_KEYS, "on the struct"),
};

/// What `#[event(...)]` says on the struct.
#[derive(Default)]
pub(crate) struct Keys {
    /// `None` if it is missing.
    pub(crate) type_string: Option<Result<Given, Told>>,
    pub(crate) must_handle: bool,
    /// `reply` of an event, `must_handle` of a request.
    pub(crate) misplaced: Option<Ident>,
    pub(crate) deny_unknown_fields: Option<Ident>,
    pub(crate) version: Option<Result<Given, Told>>,
    pub(crate) upcasts: Option<Result<Given, Told>>,
    /// The key, which is the name of the function.
    pub(crate) new: Option<Ident>,
    pub(crate) framework: bool,
    /// The fields of `Flow` that are true.
    pub(crate) flow: Vec<Ident>,
    /// Of a request; `None` if it is missing.
    pub(crate) reply: Option<Result<Type, Told>>,
    pub(crate) root: Root,
}

pub(crate) fn keys(form: Form, list: TokenStream, mistakes: &mut Mistakes) -> Keys {
    let grammar = if form == Form::Request { &REQUEST } else { &STRUCT };
    let list = grammar.read(list, mistakes);
    let mut keys = Keys {
        type_string: list.may_mean("type").map(Err),
        reply: list.may_mean("reply").map(Err),
        version: list.may_mean("version").map(Err),
        upcasts: list.may_mean("upcasts").map(Err),
        ..Keys::default()
    };
    for given in list.given {
        if given.key == if form == Form::Request { "must_handle" } else { "reply" } {
            keys.misplaced = Some(given.key);
            continue;
        }
        match given.key.to_string().as_str() {
            "type" => keys.type_string = Some(Ok(given)),
            "must_handle" => keys.must_handle = true,
            "deny_unknown_fields" => keys.deny_unknown_fields = Some(given.key),
            "version" => keys.version = Some(Ok(given)),
            "upcasts" => keys.upcasts = Some(Ok(given)),
            "new" => keys.new = Some(given.key),
            "framework" => keys.framework = true,
            "from" | "to" => keys.flow.extend(flow::peers(&given, mistakes)),
            "interruptible" => keys.flow.push(given.key),
            "reply" => keys.reply = Some(mistakes.take(values::ty(&given, "Quote"))),
            _crate => keys.root = mistakes.take(values::root(&given)).unwrap_or_default(),
        }
    }
    keys
}

/// What `#[event(...)]` says on a field.
#[derive(Default)]
pub(crate) struct FieldKeys {
    pub(crate) default: Option<Given>,
    pub(crate) sensitive: bool,
    pub(crate) key: Option<Ident>,
}

pub(crate) fn field_keys(attributes: &[Attribute], mistakes: &mut Mistakes) -> FieldKeys {
    let mut keys = FieldKeys::default();
    for given in FIELD.read(helpers(attributes), mistakes).given {
        match given.key.to_string().as_str() {
            "default" => keys.default = Some(given),
            "key" => keys.key = Some(given.key),
            _sensitive => keys.sensitive = true,
        }
    }
    keys
}

impl FieldKeys {
    /// The value of `default`.
    pub(crate) fn default_value(&self) -> Option<&Expr> {
        self.default.as_ref()?.value.as_ref()
    }
}

/// The lists of all `#[event(...)]`s or `#[request(...)]`s as one.
pub(crate) fn helpers(attributes: &[Attribute]) -> TokenStream {
    let lists = attributes.iter().filter(|attribute| is_helper(attribute)).filter_map(|attribute| {
        if let Meta::List(list) = &attribute.meta { Some(&list.tokens) } else { None }
    });
    quote!(#(#lists,)*)
}

pub(crate) fn is_helper(attribute: &Attribute) -> bool {
    is_helper_path(attribute.path())
}

pub(crate) fn is_helper_path(path: &Path) -> bool {
    path.is_ident("event") || path.is_ident("request")
}
