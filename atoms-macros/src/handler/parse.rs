//! ```text
//! #[handler(order = -3, allow_cycle, crate = path)]
//! ```

use proc_macro2::TokenStream;

use crate::common::keys::{Grammar, Key};
use crate::common::{Mistakes, Root, values};

static GRAMMAR: Grammar = Grammar {
    attribute: "`#[handler]`",
    keys: &[Key("order", Some("-3")), Key("allow_cycle", None), Key("crate", Some("path"))],
    hidden: &[],
    elsewhere: (&[], ""),
};

/// What `#[handler(...)]` says.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) order: i32,
    pub(crate) allow_cycle: bool,
    pub(crate) root: Root,
}

pub(crate) fn options(list: TokenStream, mistakes: &mut Mistakes) -> Options {
    let mut options = Options::default();
    for given in GRAMMAR.read(list, mistakes).given {
        match given.key.to_string().as_str() {
            "order" => options.order = mistakes.take(values::integer(&given)).unwrap_or_default(),
            "allow_cycle" => options.allow_cycle = true,
            _crate => options.root = mistakes.take(values::root(&given)).unwrap_or_default(),
        }
    }
    options
}
