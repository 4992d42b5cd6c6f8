//! The text of the problems of a graph, made at compile time.

use crate::node::NodeShape;

/// The limit of the text. What does not fit is left out.
const ROOM: usize = 8_192;

/// What else may be wrong with an event in a graph whose edges do not all carry every event.
const CARRIES_NO_OTHERS: &str = "\nnote: `-[...]->` carries only the events that it lists";

/// What is wrong with a graph.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    text: [u8; ROOM],
    length: usize,
    /// The only node to report, if not all are.
    only: Option<usize>,
}

impl Report {
    pub(crate) const fn new() -> Self {
        Self { text: [0; ROOM], length: 0, only: None }
    }

    /// A report about the node at this place only.
    pub(super) const fn about(node: usize) -> Self {
        Self { only: Some(node), ..Self::new() }
    }

    const fn leaves_out(&self, node: usize) -> bool {
        match self.only {
            Some(only) => only != node,
            None => false,
        }
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        let (text, _) = self.text.split_at(self.length);
        match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "the graph is wrong",
        }
    }

    /// Reports that each of these nodes leads to the next, and the last one to the first.
    pub(super) const fn circle(&mut self, nodes: &[&'static NodeShape], circle: &[usize]) {
        let first = circle[circle.len() - 1];
        if self.leaves_out(first) {
            return;
        }
        self.line(&["nodes are connected in a circle: `", nodes[first].name]);
        let mut node = 0;
        while node < circle.len() {
            self.add(&[" -> ", nodes[circle[node]].name]);
            node += 1;
        }
        self.add(&["`\nhelp: remove one of these edges"]);
    }

    /// Reports an event that a node emits, and that reaches nobody.
    pub(super) const fn lost(
        &mut self,
        nodes: &[&'static NodeShape],
        node: usize,
        event: &str,
        has_routes: bool,
    ) {
        if self.leaves_out(node) {
            return;
        }
        let node = nodes[node].name;
        self.line(&[
            "`",
            node,
            "` emits `",
            event,
            "`, but no node behind it handles that, and it is not sent to the client",
        ]);
        self.add(&["\nhelp: handle it in a node behind `", node, "`, or declare `to(client)` on the event"]);
        self.add(&[", or `to(bus)` if handlers of the bus take it"]);
        if has_routes {
            self.add(&[CARRIES_NO_OTHERS]);
        }
    }

    /// Reports an event that an edge carries, and that does not leave the node at its beginning.
    pub(super) const fn idle(&mut self, nodes: &[&'static NodeShape], node: usize, to: usize, event: &str) {
        if self.leaves_out(node) {
            return;
        }
        let (node, to) = (nodes[node].name, nodes[to].name);
        self.line(&["the edge `", node, " -> ", to, "` is for `", event, "`, which `", node]);
        self.add(&["` neither emits nor passes on\nhelp: emit it in `", node]);
        self.add(&["`, or in a node before it, or take it out of the edge"]);
    }

    /// Reports an event that a node handles, and that never comes.
    pub(super) const fn missing(
        &mut self,
        nodes: &[&'static NodeShape],
        node: usize,
        event: &str,
        has_routes: bool,
    ) {
        if self.leaves_out(node) {
            return;
        }
        let node = nodes[node].name;
        self.line(&[
            "`",
            node,
            "` handles `",
            event,
            "`, which neither the client sends nor a node before it emits or passes on",
        ]);
        self.add(&["\nhelp: emit it in a node before `", node, "`, or declare `from(client)` on the event"]);
        self.add(&[", or `from(bus)` if handlers of the bus send it"]);
        self.add(&["\nnote: a node that takes an event by value, or answers it, does not pass it on"]);
        if has_routes {
            self.add(&[CARRIES_NO_OTHERS]);
        }
    }

    /// Reports two handlers of one node that take one event.
    pub(super) const fn taken_twice(&mut self, event: Option<&str>, first: &str, second: &str) {
        let (quote, event) = match event {
            Some(event) => ("`", event),
            None => ("", "every other event"),
        };
        self.line(&[
            "`",
            first,
            "` and `",
            second,
            "` both take ",
            quote,
            event,
            quote,
            ", and a node handles an event once",
        ]);
        self.add(&["\nhelp: put the two into one handler"]);
    }

    const fn line(&mut self, words: &[&str]) {
        if self.length > 0 {
            self.add(&["\n"]);
        }
        self.add(words);
    }

    const fn add(&mut self, words: &[&str]) {
        let mut word = 0;
        while word < words.len() {
            let bytes = words[word].as_bytes();
            let mut byte = 0;
            while byte < bytes.len() && self.length < ROOM {
                self.text[self.length] = bytes[byte];
                self.length += 1;
                byte += 1;
            }
            word += 1;
        }
    }
}
