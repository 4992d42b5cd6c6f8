//! ```text
//! from(client, bus)
//! to(client, bus)
//! ```

use quote::format_ident;
use syn::Ident;

use crate::common::keys::{Given, Grammar, Key};
use crate::common::{Mistakes, mistake};

const PEERS: &[Key] = &[Key("client", None), Key("bus", None)];

static FROM: Grammar = Grammar { attribute: "`from`", keys: PEERS, hidden: &[], elsewhere: (&[], "") };

static TO: Grammar = Grammar { attribute: "`to`", ..FROM };

/// The fields of `Flow` that the list sets.
pub(crate) fn peers(given: &Given, mistakes: &mut Mistakes) -> Vec<Ident> {
    let key = &given.key;
    let grammar = if key == "from" { &FROM } else { &TO };
    if given.list().is_empty() {
        let problem = format_args!("`{key}` needs a list: `client`, `bus`, or both");
        mistakes.add(mistake(key, problem, format_args!("write `{key}(client)`, or `{key}(client, bus)`")));
        return Vec::new();
    }
    let peers = grammar.read(given.list(), mistakes).given.into_iter();
    peers.map(|peer| format_ident!("{key}_{}", peer.key)).collect()
}
