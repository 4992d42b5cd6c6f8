//! What the user does.

use std::io::{self, IsTerminal};
use std::thread;

use tokio::sync::mpsc;

pub(crate) struct User {
    pub(crate) lines: mpsc::Receiver<String>,
    /// Each ctrl-c.
    pub(crate) interrupts: mpsc::Receiver<()>,
    /// Whether what is typed is seen, and the end of its line with it.
    pub(crate) sees_lines: bool,
}

impl User {
    /// Lines are read by a thread: a read that has begun cannot be called off, and would keep the runtime from
    /// its end until the user presses enter once more.
    pub(crate) fn at_the_terminal() -> Self {
        let (line, lines) = mpsc::channel(1);
        thread::spawn(move || {
            let mut typed = io::stdin().lines().map_while(Result::ok);
            typed.try_for_each(|text| line.blocking_send(text))
        });
        let (interrupt, interrupts) = mpsc::channel(1);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() && interrupt.send(()).await.is_ok() {}
        });
        Self { lines, interrupts, sees_lines: io::stdin().is_terminal() }
    }
}
