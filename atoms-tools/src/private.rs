//! What expansions of the macros use. Not part of the public interface.

pub use atoms_control::schemars;
pub use atoms_runtime;
pub use serde;

pub use crate::bench::Binding;
pub use crate::call::ToolError;
pub use crate::face::{Called, ToolCalling, calling};
pub use crate::hook::{
    AsyncHook, Bind, Hook, HookInfo, Stage, SyncHook, after, after_detached, before, before_detached,
};
pub use crate::schema::{Argument, json};
pub use crate::tool::{
    Async as asynchronous, AsyncFunction, Function, IsNoResult, IsResult, NotRun, Plain, Ran, Returned,
    Sync as sync, SyncFunction, Tool, ToolInfo, assert_name, debug,
};
pub use crate::{
    __assert_plain as assert_plain, __hook as hook, __hook_part as hook_part, __hook_stage as hook_stage,
    __tool as tool,
};
