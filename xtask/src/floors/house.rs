//! The crates that have floors, and which these are.

use super::{Floor, House};

pub(super) const HOUSES: &[House] = &[RUNTIME, CONTROL, TOOLS, AGENT, STORE];

const RUNTIME: House = House {
    src: "atoms-runtime/src",
    name: "atoms_runtime",
    floors: &[
        Floor { name: "support", modules: &["caught", "log_limit", "sync", "text"] },
        Floor { name: "event", modules: &["event"] },
        Floor { name: "handler", modules: &["handler"] },
        Floor { name: "catalog", modules: &["catalog"] },
        Floor { name: "wire", modules: &["wire"] },
        Floor { name: "letters", modules: &["letters", "store"] },
        Floor { name: "engine", modules: &["engine"] },
        Floor { name: "layers", modules: &["layers"] },
        Floor { name: "queue", modules: &["queue"] },
        Floor { name: "subscribe", modules: &["subscribe"] },
        Floor { name: "bus", modules: &["bus"] },
        Floor {
            name: "expansions",
            modules: &["linker_macros", "macros", "private", "set_macros", "testing"],
        },
    ],
};

const CONTROL: House = House {
    src: "atoms-control/src",
    name: "atoms_control",
    floors: &[
        Floor { name: "support", modules: &["principal", "sync"] },
        Floor { name: "question", modules: &["question"] },
        Floor { name: "work", modules: &["work"] },
        Floor { name: "events", modules: &["events"] },
        Floor { name: "codec", modules: &["veska"] },
        Floor { name: "store", modules: &["store"] },
        Floor { name: "desk", modules: &["desk"] },
        Floor { name: "face", modules: &["face"] },
        Floor { name: "runs", modules: &["runs"] },
        Floor { name: "record", modules: &["history", "stats"] },
        Floor { name: "bus", modules: &["bus"] },
        Floor { name: "checks", modules: &["testing"] },
    ],
};

const TOOLS: House = House {
    src: "atoms-tools/src",
    name: "atoms_tools",
    floors: &[
        Floor { name: "support", modules: &["caller", "never", "pattern"] },
        Floor { name: "schema", modules: &["schema"] },
        Floor { name: "events", modules: &["events"] },
        Floor { name: "tool", modules: &["tool"] },
        Floor { name: "agent", modules: &["agent"] },
        Floor { name: "call", modules: &["call"] },
        Floor { name: "hook", modules: &["hook"] },
        Floor { name: "bindings", modules: &["bindings"] },
        Floor { name: "toolbox", modules: &["toolbox"] },
        Floor { name: "face", modules: &["face"] },
        Floor { name: "model", modules: &["model"] },
        Floor { name: "expansions", modules: &["macros", "private"] },
    ],
};

const AGENT: House = House {
    src: "atoms-agent/src",
    name: "atoms_agent",
    floors: &[
        Floor { name: "protocol", modules: &["protocol", "zero"] },
        Floor { name: "node", modules: &["node"] },
        Floor { name: "model", modules: &["model"] },
        Floor { name: "graph", modules: &["graph"] },
        Floor { name: "instance", modules: &["instance"] },
        Floor { name: "session", modules: &["session"] },
        Floor { name: "expansions", modules: &["private", "testing"] },
    ],
};

const STORE: House = House {
    src: "atoms-store/src",
    name: "atoms_store",
    floors: &[
        Floor { name: "file", modules: &["file"] },
        Floor { name: "letters", modules: &["letters"] },
        Floor { name: "backlog", modules: &["backlog"] },
        Floor { name: "others", modules: &["history", "outside", "questions"] },
        Floor { name: "store", modules: &["sqlite"] },
        Floor { name: "transaction", modules: &["transaction"] },
        Floor { name: "face", modules: &["bus"] },
    ],
};
