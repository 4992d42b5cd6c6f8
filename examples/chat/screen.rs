//! What the user sees.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow::{self, Break, Continue};

use crate::FromAgent;

/// The terminal, or whatever standard output is.
pub(crate) struct Screen {
    is_terminal: bool,
    /// Whether something stands in the last line.
    is_in_line: bool,
    /// Whether that is the prompt, and nothing else.
    is_at_prompt: bool,
}

const PROMPT: &str = "You: ";

impl Screen {
    pub(crate) fn new() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), is_in_line: false, is_at_prompt: false }
    }

    /// Writes what somebody else says: without what a terminal takes for a command, but for ends of lines.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.write(&plain(text))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.is_in_line = !text.ends_with('\n');
        self.is_at_prompt = false;
        let mut stdout = io::stdout();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Asks the user to say something, unless the last line does so already.
    pub(crate) fn prompt(&mut self) -> io::Result<()> {
        if self.is_at_prompt {
            return Ok(());
        }
        self.end_line()?;
        self.write(PROMPT)?;
        self.is_at_prompt = true;
        Ok(())
    }

    /// The user has ended the line.
    pub(crate) fn line_was_ended(&mut self) {
        (self.is_in_line, self.is_at_prompt) = (false, false);
    }

    pub(crate) fn end_line(&mut self) -> io::Result<()> {
        if self.is_in_line { self.write("\n") } else { Ok(()) }
    }

    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.end_line()?;
        self.write(&format!("{}\n", plain(text)))
    }

    /// A line that is not a part of the conversation, dimmed.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        let (dim, normal) = if self.is_terminal { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        self.end_line()?;
        self.write(&format!("{dim}[{}]{normal}\n", plain(text)))
    }

    /// Shows what is not a part of an answer. It breaks if that ends the call.
    pub(crate) fn show(&mut self, event: &FromAgent) -> io::Result<ControlFlow<()>> {
        match event {
            FromAgent::Spoken(speak) => self.line(&format!("Agent: {}", speak.text))?,
            FromAgent::Logged(log) => self.note(&format!("{}: {}", log.name, log.payload))?,
            FromAgent::Failed(error) => self.note(&format!("error: {}", error.message))?,
            FromAgent::HungUp(_) => {
                self.note("the agent ends the call")?;
                return Ok(Break(()));
            }
            FromAgent::Transferred(call) => {
                self.note(&format!("the agent transfers the call to {}", call.transfer_call_number))?;
                return Ok(Break(()));
            }
            FromAgent::Begun(_) | FromAgent::Said(_) | FromAgent::Ended(_) | FromAgent::Other(_) => {}
        }
        Ok(Continue(()))
    }
}

/// Text without control characters and without those that change the direction of writing, which are shown as
/// Rust escapes them. New lines and tabs stay.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => plain.push(letter),
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                plain.extend(letter.escape_unicode());
            }
            _ if letter.is_control() => plain.extend(letter.escape_unicode()),
            _ => plain.push(letter),
        }
    }
    plain
}
