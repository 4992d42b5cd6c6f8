//! The kinds of hostile clients. Each is what one connection does, from its beginning to its end; a client does it
//! again and again. What a kind sends in a second is bounded, so that it is the server that gives way, and not the
//! machine.

mod content;
mod greedy;
mod http;
mod protocol;
mod silent;
mod storms;
mod unread;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use super::raw::End;

/// What one connection does.
type Attack = fn(SocketAddr) -> Pin<Box<dyn Future<Output = io::Result<End>> + Send>>;

/// A kind of hostile clients.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What it is called.
    pub name: &'static str,
    /// What one connection does.
    pub attack: Attack,
}

/// The kind whose frames are full of small values, so that their events take more memory than their text.
pub const EXPANDING: &str = "many_values";

macro_rules! kinds {
    ($($module:ident::$name:ident,)*) => {
        /// All kinds.
        pub const ALL: &[Kind] = &[
            $(Kind { name: stringify!($name), attack: |address| Box::pin($module::$name(address)) },)*
        ];
    };
}

kinds! {
    unread::pings_before_init,
    unread::pings,
    unread::refused,
    unread::flood,
    unread::flood_without_waiting,
    unread::answers,
    unread::large_answers,
    unread::metrics,
    greedy::transcripts,
    greedy::notes_for_a_slow_bus,
    greedy::letters_that_fail,
    greedy::metadata,
    greedy::interrupts,
    greedy::large_init,
    silent::after_a_large_frame,
    silent::after_half_a_frame,
    silent::byte_by_byte,
    silent::empty_fragments,
    silent::without_pongs,
    http::slow_head,
    http::large_head,
    http::no_upgrade,
    http::silence,
    content::control_characters,
    content::deep_json,
    content::many_values,
    content::sensitive_values,
    content::failing_handlers,
    content::traps,
    protocol::too_large,
    protocol::endless_fragments,
    protocol::not_utf8,
    protocol::broken_rules,
    storms::resets,
    storms::departures,
}
