#![doc = include_str!("../README.md")]

#[doc(inline)]
pub use atoms_runtime::*;

#[doc(hidden)]
pub use atoms_runtime::__private;

#[cfg(feature = "agent")]
#[doc(inline)]
pub use atoms_agent::{self as agent, graph, node};

#[cfg(feature = "agent")]
#[doc(hidden)]
pub use atoms_agent::__agent;

// They say that the feature is off.
#[cfg(not(feature = "agent"))]
#[doc(hidden)]
pub use atoms_runtime::__private::{graph_without_agent as graph, node_without_agent as node};

#[cfg(feature = "control")]
#[doc(inline)]
pub use atoms_control as control;

#[cfg(feature = "control")]
#[doc(no_inline)]
pub use atoms_control::schemars;

#[cfg(feature = "server")]
#[doc(inline)]
pub use atoms_server as server;

#[cfg(feature = "store")]
#[doc(inline)]
pub use atoms_store as store;

#[cfg(feature = "tools")]
#[doc(inline)]
pub use atoms_tools::{self as tools, agent, hook, tool};

#[cfg(feature = "tools")]
#[doc(hidden)]
pub use atoms_tools::__tools;

pub mod guides;

/// Help for tests: recordings of what is emitted, and what stands for a client, a handler's caller or a request's handler.
#[cfg_attr(feature = "agent", doc = "The guide is at [`guides::testing`].")]
pub mod testing {
    #[cfg(feature = "agent")]
    #[doc(inline)]
    pub use atoms_agent::testing::*;
    #[doc(inline)]
    pub use atoms_runtime::testing::*;
}

/// The items that most programs need: `use atoms::prelude::*;`.
pub mod prelude {
    #[doc(no_inline)]
    pub use atoms_runtime::{
        AnyEvent, Bus, Context, Emitter, Envelope, Event, Receipt, State, event, event_set, handler, request,
    };

    #[cfg(feature = "control")]
    #[doc(no_inline)]
    pub use atoms_control::{
        Approval, Checkpoint, Control, ControlBuilder, Decision, Input, Principal, Run, Tell,
    };

    #[cfg(feature = "store")]
    #[doc(no_inline)]
    pub use atoms_store::{Sqlite, StoreBuilder, StoreBus, Tx};

    #[cfg(feature = "tools")]
    #[doc(no_inline)]
    pub use atoms_tools::{
        Agent, Call, Done, Tool, ToolBus, ToolCall, ToolDone, ToolError, ToolsBuilder, Verdict, agent, hook,
        tool,
    };

    #[cfg(feature = "agent")]
    #[doc(no_inline)]
    pub use atoms_agent::{Conversation, Identity, Session, SessionState, ToSessions, graph, node};

    #[cfg(not(feature = "agent"))]
    #[doc(hidden)]
    pub use atoms_runtime::__private::{graph_without_agent as graph, node_without_agent as node};
}

/// Names crates whose events and handlers a program wants, so that they are linked.
///
/// Cargo does not link a dependency that your code never names, so its handlers would be missing without an error.
///
/// ```
/// // In a program with the dependencies `billing` and `shipping`: `atoms::link!(billing, shipping);`
/// atoms::link!(atoms_runtime, serde_json);
/// ```
#[macro_export]
macro_rules! link {
    ($($linked:ident),+ $(,)?) => {
        $(use ::$linked as _;)+
    };
}

/// Defines a test that makes the checks of [`Bus::start`], such as that every event of this program is routed.
///
/// `verify!()` checks everything that is linked into the test program, except for the states, which it does not have.
/// `verify!(builder)` starts that builder's bus, and so checks its states and the handlers that it names as well.
///
/// ```
/// // In a `#[cfg(test)]` module of the program's crate:
/// atoms::verify!();
/// # fn main() {}
/// ```
///
/// The test fails if there is no handler to check, and no node or other [`Entry`]. A test in `tests/` links the crate
/// that it tests only if it names it, so write `use the_crate as _;` first. A package that has only a binary cannot be
/// named, so put the test into the binary. rustc checks the graphs of nodes.
#[macro_export]
macro_rules! verify {
    () => {
        #[test]
        fn every_event_is_routed() {
            if let ::core::result::Result::Err(error) = $crate::Bus::builder().verify() {
                ::core::panic!("{error}");
            }
        }
    };
    ($builder:expr) => {
        #[test]
        fn every_event_is_routed() {
            let verified = $builder.start().and_then(|bus| $crate::__private::verify_handlers(&bus));
            if let ::core::result::Result::Err(error) = verified {
                ::core::panic!("{error}");
            }
        }
    };
}
