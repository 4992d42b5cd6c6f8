//! ```text
//! #[node(output, group = "coach", severity = "fatal", crate = path)]
//! #[node(background, expose_errors, crate = path)]
//! #[handler], #[respond], #[factory], #[started], #[stopped]     on a method
//! #[handler(timeout = "2s")]
//! #[respond(pass_on)]
//! #[started(may_fail)]
//! ```

use std::slice;

use proc_macro2::TokenStream;
use syn::{Attribute, Ident, Meta, Path};

use crate::common::keys::{Grammar, Key};
use crate::common::{Mistakes, Root, Setting, attributes, duration, mistake, values};

static GRAMMAR: Grammar = Grammar {
    attribute: "`#[node]`",
    keys: &[
        Key("output", None),
        Key("background", None),
        Key("group", Some("\"coach\"")),
        Key("severity", Some("\"fatal\"")),
        Key("expose_errors", None),
        Key("crate", Some("path")),
    ],
    hidden: &[],
    elsewhere: (&[], ""),
};

static STARTED: Grammar =
    Grammar { attribute: "`#[started]`", keys: &[Key("may_fail", None)], hidden: &[], elsewhere: (&[], "") };

static RESPOND: Grammar =
    Grammar { attribute: "`#[respond]`", keys: &[Key("pass_on", None)], hidden: &[], elsewhere: (&[], "") };

/// The options that need a bus, or that a node has no use for, are not among them.
static HANDLER: Grammar = Grammar {
    attribute: "`#[handler]` in a node",
    keys: &[Key("timeout", Some("\"2s\""))],
    hidden: &[],
    elsewhere: (
        &[
            Key("order", Some("-3")),
            Key("allow_cycle", None),
            Key("when", Some("path")),
            Key("pattern", Some("\"shop.order.*\"")),
            Key("retry", Some("(attempts = 5)")),
            Key("concurrency", Some("4")),
            Key("detached", None),
            Key("id", Some("\"billing.mail\"")),
            Key("was", Some("\"old::path\"")),
        ],
        "on a handler on the bus, outside of a node",
    ),
};

/// What `#[node(...)]` says.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) output: Option<Ident>,
    pub(crate) background: Option<Ident>,
    /// The key, and its value.
    pub(crate) group: Option<(Ident, String)>,
    pub(crate) is_fatal: bool,
    pub(crate) exposes_errors: bool,
    pub(crate) root: Root,
}

pub(crate) fn keys(list: TokenStream, mistakes: &mut Mistakes) -> Keys {
    let mut keys = Keys::default();
    for given in GRAMMAR.read(list, mistakes).given {
        match given.key.to_string().as_str() {
            "output" => keys.output = Some(given.key),
            "background" => keys.background = Some(given.key),
            "group" => {
                let name = mistakes.take(values::string(&given, "coach"));
                keys.group = name.ok().map(|name| (given.key, name.value()));
            }
            "severity" => {
                let word = mistakes.take(values::word(&given, ["warning", "fatal"]));
                keys.is_fatal = word.is_ok_and(|word| word == 1);
            }
            "expose_errors" => keys.exposes_errors = true,
            _crate => keys.root = mistakes.take(values::root(&given)).unwrap_or_default(),
        }
    }
    keys
}

/// The role of a method in its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// `#[handler]`: it handles an event.
    Handler,
    /// `#[respond]`: it gives a response to an event.
    Respond,
    /// `#[factory]`: it makes the node.
    Factory,
    /// `#[started]`: it is called when the node has been made.
    Started,
    /// `#[stopped]`: it is called when the session ends.
    Stopped,
}

pub(crate) const ROLES: [(&str, Role); 5] = [
    ("handler", Role::Handler),
    ("respond", Role::Respond),
    ("factory", Role::Factory),
    ("started", Role::Started),
    ("stopped", Role::Stopped),
];

impl Role {
    /// The role that an attribute gives, by its last segment.
    pub(crate) fn of(attribute: &Attribute) -> Option<Self> {
        Self::named(attribute.path())
    }

    /// The role that a `#[cfg_attr(...)]` would give.
    pub(crate) fn conditional(attribute: &Attribute) -> Option<(Meta, Self)> {
        let metas = attributes::conditional(slice::from_ref(attribute)).into_iter().map(|it| it.meta);
        metas.into_iter().find_map(|meta| Self::named(meta.path()).map(|role| (meta, role)))
    }

    fn named(path: &Path) -> Option<Self> {
        let name = &path.segments.last()?.ident;
        ROLES.iter().find(|(known, _)| name == known).map(|(_, role)| *role)
    }
}

/// What the attribute of a method says beside its role.
#[derive(Default)]
pub(crate) struct Options {
    /// Whether the node goes on after an error of this `#[started]`.
    pub(crate) may_fail: bool,
    /// Whether the node passes on the event of this `#[respond]`.
    pub(crate) passes_on: bool,
    /// The word `timeout` of this `#[handler]`, and its milliseconds.
    pub(crate) timeout: Option<(Ident, Setting<u64>)>,
}

/// Reads what the attribute of a method says. Those of the other roles take no list.
pub(crate) fn options(attribute: &Attribute, role: Role, mistakes: &mut Mistakes) -> Options {
    let mut options = Options::default();
    match (&attribute.meta, role) {
        (Meta::Path(_), _) => {}
        (Meta::List(list), Role::Started) => {
            options.may_fail = !STARTED.read(list.tokens.clone(), mistakes).given.is_empty();
        }
        (Meta::List(list), Role::Respond) => {
            options.passes_on = !RESPOND.read(list.tokens.clone(), mistakes).given.is_empty();
        }
        (Meta::List(list), Role::Handler) => {
            for given in HANDLER.read(list.tokens.clone(), mistakes).given {
                let millis = mistakes.take(duration::setting(&given, "2s"));
                options.timeout = millis.ok().map(|millis| (given.key, millis));
            }
        }
        (meta, _) => {
            let name =
                attribute.path().segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
            let problem = format_args!("`#[{name}]` takes no options in a node");
            let help = format_args!("write `#[{name}]`; delivery options are for handlers on the bus");
            mistakes.add(mistake(meta, problem, help));
        }
    }
    options
}
