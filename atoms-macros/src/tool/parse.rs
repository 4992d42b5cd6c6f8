//! ```text
//! #[tool(name = "refund", args = RefundArgs, approve = "manager", timeout = "2s", concurrency = 4, crate = path)]
//! #[tool(read_only, idempotent)]
//! #[tool(default = expression, sensitive)], #[arg], #[extract]     on a parameter
//! ```

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, Ident, LitStr, Meta};

use super::name;
use crate::common::keys::{Given, Grammar, Key};
use crate::common::{Mistakes, Root, Setting, duration, mistake, values};

const FUNCTION_KEYS: &[Key] = &[
    Key("name", Some("\"refund\"")),
    Key("args", Some("RefundArgs")),
    Key("approve", Some("\"manager\"")),
    Key("timeout", Some("\"2s\"")),
    Key("concurrency", Some("4")),
    Key("read_only", None),
    Key("idempotent", None),
    Key("crate", Some("path")),
];

const PARAMETER_KEYS: &[Key] = &[Key("default", Some("value")), Key("sensitive", None)];

static FUNCTION: Grammar = Grammar {
    attribute: "`#[tool]`",
    keys: FUNCTION_KEYS,
    hidden: &[Key("description", Some("\"...\""))],
    elsewhere: (PARAMETER_KEYS, "on a parameter"),
};

static PARAMETER: Grammar = Grammar {
    attribute: "`#[tool]` on a parameter",
    keys: PARAMETER_KEYS,
    hidden: &[],
    elsewhere: (FUNCTION_KEYS, "on the function"),
};

/// The keys of `#[tool(...)]` on the function.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    /// The name of the struct of the arguments.
    pub(crate) args: Option<Ident>,
    /// The word `approve`, and the role.
    pub(crate) approve: Option<(Ident, LitStr)>,
    /// The word `timeout`, and its milliseconds.
    pub(crate) timeout: Option<(Ident, Setting<u64>)>,
    pub(crate) concurrency: Option<Setting<u32>>,
    pub(crate) read_only: bool,
    pub(crate) idempotent: bool,
    pub(crate) root: Root,
}

pub(crate) fn options(list: TokenStream, mistakes: &mut Mistakes) -> Options {
    let mut options = Options::default();
    for given in FUNCTION.read(list, mistakes).given {
        match given.key.to_string().as_str() {
            "name" => options.name = mistakes.take(name::given(&given)).ok(),
            "args" => options.args = mistakes.take(args(&given)).ok(),
            "approve" => {
                let role = mistakes.take(role(&given));
                options.approve = role.ok().map(|role| (given.key, role));
            }
            "timeout" => {
                let millis = mistakes.take(duration::setting(&given, "2s"));
                options.timeout = millis.ok().map(|millis| (given.key, millis));
            }
            "concurrency" => {
                options.concurrency = mistakes.take(Setting::read_concurrency(&given)).ok();
            }
            "read_only" => options.read_only = true,
            "idempotent" => options.idempotent = true,
            "description" => {
                let problem = "the doc comment of the function describes the tool";
                mistakes.at(&given.key, problem, "write `/// ...` above the function, and remove this key");
            }
            _crate => options.root = mistakes.take(values::root(&given)).unwrap_or_default(),
        }
    }
    options
}

fn args(given: &Given) -> syn::Result<Ident> {
    match given.value.as_ref().map(values::peel) {
        Some(Expr::Path(path)) if path.path.get_ident().is_some() => Ok(path.path.require_ident()?.clone()),
        _ => Err(given.not("takes the name of the generated struct of the arguments", "RefundArgs")),
    }
}

fn role(given: &Given) -> syn::Result<LitStr> {
    let role = values::string(given, "manager")?;
    match role.value().trim().is_empty() {
        true => Err(given.not("takes the role of those who may approve, and this is empty", "\"manager\"")),
        false => Ok(role),
    }
}

/// The attributes of a parameter.
#[derive(Default)]
pub(crate) struct ParameterKeys {
    pub(crate) default: Option<Given>,
    pub(crate) sensitive: Option<Ident>,
    /// `#[arg]`.
    pub(crate) arg: Option<Attribute>,
    /// `#[extract]`.
    pub(crate) extract: Option<Attribute>,
}

pub(crate) fn parameter_keys(attributes: &[Attribute], mistakes: &mut Mistakes) -> ParameterKeys {
    let mut keys = ParameterKeys::default();
    for given in PARAMETER.read(lists(attributes), mistakes).given {
        match given.key.to_string().as_str() {
            "default" => keys.default = Some(given),
            _sensitive => keys.sensitive = Some(given.key),
        }
    }
    for attribute in attributes {
        match attribute.path().get_ident().map(ToString::to_string).as_deref() {
            Some("arg") => mark(&mut keys.arg, attribute, mistakes),
            Some("extract") => mark(&mut keys.extract, attribute, mistakes),
            Some("tool") if !matches!(attribute.meta, Meta::List(_)) => {
                let problem = "`#[tool]` on a parameter needs a key";
                mistakes.at(attribute, problem, "write `#[tool(default = value)]`");
            }
            Some(other) if OTHERS.contains(&other) => {
                let problem = format_args!("`#[{other}]` does not belong on a parameter");
                let help = "write `#[tool(default = value)]` for a default; for the rest, put the attribute on a field of a type of your own";
                mistakes.at(attribute, problem, help);
            }
            _ => {}
        }
    }
    keys
}

/// Reads an attribute that takes no list, and is given once.
fn mark(mark: &mut Option<Attribute>, attribute: &Attribute, mistakes: &mut Mistakes) {
    match &attribute.meta {
        Meta::Path(_) if mark.is_none() => *mark = Some(attribute.clone()),
        Meta::Path(_) => {
            mistakes.at(attribute, "this mark is given twice", "remove one of the two");
        }
        _ => {
            mistakes.add(takes_no_list(attribute));
        }
    }
}

fn takes_no_list(attribute: &Attribute) -> syn::Error {
    let path = attribute.path();
    let name = quote!(#path);
    mistake(
        &attribute.meta,
        format_args!("`#[{name}]` takes no keys"),
        format_args!("write `#[{name}]` alone"),
    )
}

/// The lists of all `#[tool(...)]`s as one.
fn lists(attributes: &[Attribute]) -> TokenStream {
    let lists = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("tool") => Some(&list.tokens),
        _ => None,
    });
    quote!(#(#lists,)*)
}

/// The attributes of a parameter that only `#[tool]` and `#[hook]` know.
const MARKS: [&str; 3] = ["tool", "arg", "extract"];

/// The attributes of fields, which parameters cannot have.
const OTHERS: [&str; 3] = ["serde", "schemars", "event"];

/// Whether rustc would refuse the attribute on a parameter.
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    let is = |name: &&str| attribute.path().is_ident(name);
    attribute.path().is_ident("doc") || MARKS.iter().chain(&OTHERS).any(is)
}
