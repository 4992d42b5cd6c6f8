//! The items that expansions of the macros use. They are not part of the public interface.

pub use atoms_runtime;
pub use serde;

pub use crate::agent::{Agent, AgentFunction, AgentInfo};
pub use crate::call::{AnyTool, EventData, ToolError};
pub use crate::face::{Called, ToolCalling, calling};
pub use crate::hook::{
    AfterDetachedHook, AfterHook, AsyncConfigured, AsyncHook, BeforeDetachedHook, BeforeHook, ConfiguredHook,
    Hook, HookInfo, IfNoTool, IfTool, IsTool, SyncConfigured, SyncHook,
};
pub use crate::schema::{Argument, ArgumentAt, IsArgument, IsReadArgument, json};
pub use crate::tool::{
    Async as asynchronous, AsyncFunction, IsNoResult, IsResult, IsResultOf, Plain, Returned, Sync as sync,
    SyncFunction, Tool, ToolInfo, assert_name, debug,
};
pub use crate::toolbox::Binding;
pub use crate::{
    __agent as agent, __agent_stub as agent_stub, __assert_plain as assert_plain, __hook as hook,
    __hook_stub as hook_stub, __tool as tool, __tool_call as tool_call, __tool_stub as tool_stub,
};
