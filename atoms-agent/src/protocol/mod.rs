//! The protocol of a conversation: its events, and what each of them may do.

pub mod events;
pub(crate) mod rules;
