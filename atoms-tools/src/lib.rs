//! Tools that agents call, and the hooks around them, for [`atoms`](https://docs.rs/atoms-rs).
//!
//! Programs depend on `atoms` with the feature `tools`, which has all of this as `atoms::tools`. A tool is a function with
//! `#[tool]`; it is called by its type, or by its name with JSON, and all calls go one way: the arguments are checked, hooks
//! before it may change, deny or replace the call, a person approves it if one has to, the function runs, and hooks after it
//! see what became of it. An agent is a function with `#[agent]`, which has a name and tools, and works in a run.

// The expansions of the macros name this crate by the path that they are given.
extern crate self as atoms_tools;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __tools;
mod agent;
mod bindings;
mod call;
mod caller;
mod events;
mod face;
mod hook;
mod macros;
mod model;
mod never;
mod pattern;
mod schema;
mod tool;
mod toolbox;

pub use agent::{Agent, AgentError, AgentInfo, AgentInput, AgentOutput};
pub use atoms_macros::{agent, hook, tool};
pub use bindings::{BindingType, BindingTypeInfo, Bindings, BindingsError, EventBinding, SenderInfo};
pub use call::{
    AnyTool, Arguments, Call, CallOutcome, Done, EventData, EventStage, Target, ToolCall, ToolDone,
    ToolError, Verdict,
};
pub use caller::Sender;
pub use events::{
    AgentInvoked, Decided, ToolCallApproved, ToolCompleted, ToolDecided, ToolDenied, ToolFailed, ToolInvoked,
    ToolStarted,
};
pub use face::{
    AgentHandle, Agents, EventNode, Events, FireError, JsonCalling, ToolBus, ToolCalling, ToolEvent, ToolSet,
    Tools, ToolsBuilder, UnknownTools,
};
pub use hook::{AfterInput, Answers, BeforeInput, EventAnswer, Hook, HookInfo, HookInput, NoAnswer};
pub use model::{
    Answer, Approvals, CallFailed, CallStage, CallStep, ChatMessage, LoopError, Model, ModelCall, Part, Said,
    ToolLoop,
};
pub use schema::{Argument, ToolArgument, WrongArguments};
pub use tool::{NotStrict, Tool, ToolArguments, ToolDefinition, ToolInfo, ToolOutput};
pub use toolbox::ToolSettings;
