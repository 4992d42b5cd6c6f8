//! What runs when a graph does: the mailboxes and the tasks of its nodes.

pub(crate) mod failure;
pub(crate) mod flight;
mod lane;
pub(crate) mod mailbox;
#[cfg(test)]
mod mailbox_tests;
pub(crate) mod outlet;
pub(crate) mod respond;
pub(crate) mod run;
