//! An answer as it comes.

use std::io;
use std::ops::ControlFlow::{self, Break, Continue};

use crate::FromAgent;
use crate::screen::Screen;

/// The answer to a request, as far as it has come.
pub(crate) struct Answer {
    request_id: String,
    pub(crate) text: String,
    pub(crate) has_begun: bool,
    pub(crate) is_interrupted: bool,
    has_hung_up: bool,
}

impl Answer {
    pub(crate) fn to(request_id: String) -> Self {
        Self { request_id, text: String::new(), has_begun: false, is_interrupted: false, has_hung_up: false }
    }

    /// Takes an event. If the answer is over, it says whether the conversation goes on.
    pub(crate) fn take(
        &mut self,
        event: &FromAgent,
        screen: &mut Screen,
    ) -> io::Result<Option<ControlFlow<()>>> {
        match event {
            FromAgent::Begun(start) if start.request_id.as_ref() == Some(&self.request_id) => {
                self.has_begun = true;
                return Ok(None);
            }
            FromAgent::Said(chunk) if self.has_begun => {
                if self.text.is_empty() {
                    screen.end_line()?;
                    screen.say("Agent: ")?;
                }
                self.text.push_str(&chunk.text);
                screen.say(&chunk.text)?;
            }
            FromAgent::Ended(end) if self.has_begun => {
                if end.interrupted {
                    screen.note("interrupted")?;
                }
                return Ok(Some(self.outcome()));
            }
            event => self.has_hung_up |= screen.show(event)?.is_break(),
        }
        // The agent may hang up in place of an answer.
        Ok((self.has_hung_up && !self.has_begun).then(|| self.outcome()))
    }

    fn outcome(&self) -> ControlFlow<()> {
        if self.has_hung_up { Break(()) } else { Continue(()) }
    }
}
