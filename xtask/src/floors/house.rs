//! The crates that have floors, and which these are.

use super::{Floor, House};

pub(super) const HOUSES: &[House] = &[RUNTIME];

const RUNTIME: House = House {
    src: "atoms-runtime/src",
    name: "atoms_runtime",
    floors: &[
        Floor { name: "support", modules: &["caught", "log_limit", "sync", "text"] },
        Floor { name: "event", modules: &["event"] },
        Floor { name: "handler", modules: &["handler"] },
        Floor { name: "catalog", modules: &["registry"] },
        Floor { name: "wire", modules: &["wire"] },
        Floor { name: "bus", modules: &["bus"] },
        Floor { name: "expansions", modules: &["macros", "private", "set_macros", "testing"] },
    ],
    exceptions: &[],
};
