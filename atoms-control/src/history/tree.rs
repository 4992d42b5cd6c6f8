//! Events, each below the one from which it follows.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use super::Recorded;

/// Events as a tree, as [`HistoryQuery::tree`](super::HistoryQuery::tree) returns it: each is below the one from which it
/// follows, if that is there, and beside others in the order in which they were delivered.
///
/// Its `Display` is text with a line for each event.
#[derive(Debug, Clone)]
pub struct Tree {
    events: Vec<Recorded>,
    /// From the top to the bottom: the place of each event, of the one above it, and what is drawn before it.
    lines: Vec<Line>,
}

#[derive(Debug, Clone)]
struct Line {
    event: usize,
    above: Option<usize>,
    indent: String,
}

impl Tree {
    pub(super) fn new(events: Vec<Recorded>) -> Self {
        let places: HashMap<_, _> =
            events.iter().enumerate().rev().map(|(place, event)| (event.id().to_string(), place)).collect();
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); events.len()];
        let mut roots = Vec::new();
        for (place, event) in events.iter().enumerate() {
            let above = event.cause().and_then(|cause| places.get(cause)).filter(|above| **above != place);
            match above {
                Some(above) => below[*above].push(place),
                None => roots.push(place),
            }
        }
        let mut lines = Vec::with_capacity(events.len());
        let mut is_drawn = vec![false; events.len()];
        // Those that name each other as their causes, as frames may say, are below no root.
        for root in roots.into_iter().chain(0..events.len()) {
            draw(root, &below, &mut is_drawn, &mut lines);
        }
        Self { events, lines }
    }

    /// Returns the events from the top to the bottom.
    pub fn events(&self) -> impl Iterator<Item = &Recorded> {
        self.lines.iter().map(|line| &self.events[line.event])
    }

    /// Returns the tree as a [Mermaid](https://mermaid.js.org) flowchart.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart TD\n");
        for Line { event, above, .. } in &self.lines {
            let label: String = self.events[*event].to_string().chars().map(escaped).collect();
            // Writing to a `String` cannot fail.
            let _ = writeln!(out, "    e{event}[\"{label}\"]");
            if let Some(above) = above {
                let _ = writeln!(out, "    e{above} --> e{event}");
            }
        }
        out
    }
}

/// Draws an event and all below it. It is no recursion, since a chain may be as long as the history.
fn draw(root: usize, below: &[Vec<usize>], is_drawn: &mut [bool], lines: &mut Vec<Line>) {
    let mut next = vec![(Line { event: root, above: None, indent: String::new() }, String::new())];
    while let Some((line, inner)) = next.pop() {
        if std::mem::replace(&mut is_drawn[line.event], true) {
            continue;
        }
        let above = line.event;
        lines.push(line);
        for (number, event) in below[above].iter().rev().enumerate() {
            let (branch, rest) = if number == 0 { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let indent = format!("{inner}{branch}");
            next.push((Line { event: *event, above: Some(above), indent }, format!("{inner}{rest}")));
        }
    }
}

/// A character that would end a label, or begin something else in it, as an entity.
fn escaped(letter: char) -> String {
    match letter {
        '"' | '<' | '>' | '&' | '#' | ';' | '\\' | '`' => format!("#{};", u32::from(letter)),
        other => other.to_string(),
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{}{}", line.indent, self.events[line.event]))
    }
}
