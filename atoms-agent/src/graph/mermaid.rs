//! Draws a graph.

use std::fmt::Write;

use atoms_runtime::EventType;

use super::Graph;
use crate::node::shape::Kind;

impl Graph {
    /// Returns the graph as a [Mermaid](https://mermaid.js.org/syntax/flowchart.html) flow chart, with the client above
    /// the roots and below the leaves, output nodes as stadiums, background nodes as circles, and at an edge the events
    /// that it carries, if these are not all.
    pub fn mermaid(&self) -> String {
        let mut chart = String::from("flowchart TD\n    client((client))\n    sink((client))\n");
        for (place, node) in self.nodes().enumerate() {
            let (left, right) = match node.kind {
                Kind::Plain => ("[", "]"),
                Kind::Output => ("([", "])"),
                Kind::Background => ("((", "))"),
            };
            // Writing to a `String` cannot fail.
            let _ = writeln!(chart, "    n{place}{left}\"{}\"{right}", node.name);
        }
        let plan = self.plan();
        for root in &plan.roots {
            let _ = writeln!(chart, "    client --> n{root}");
        }
        for (from, places) in plan.behind.iter().enumerate() {
            for (index, (_, to)) in self.edges().iter().enumerate().filter(|(_, edge)| edge.0 == from) {
                let _ = writeln!(chart, "    n{from} -->{} n{to}", self.label(index));
            }
            if places.contains(&plan.end()) {
                let _ = writeln!(chart, "    n{from} --> sink");
            }
        }
        chart
    }

    /// The events that an edge carries, if these are not all.
    fn label(&self, edge: usize) -> String {
        let names =
            self.carried(edge).map(|events| events.into_iter().map(EventType::name).collect::<Vec<_>>());
        names.map_or(String::new(), |names| format!("|{}|", names.join(", ")))
    }
}
