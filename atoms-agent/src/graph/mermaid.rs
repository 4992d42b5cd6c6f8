//! Draws a graph.

use std::fmt::Write;

use super::Graph;
use crate::node::shape::Kind;

impl Graph {
    /// Returns the graph as a [Mermaid](https://mermaid.js.org/syntax/flowchart.html) flow chart, with the client above
    /// the roots and below the leaves, output nodes as stadiums, and background nodes as circles.
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
            for to in places {
                let to = if *to == plan.end() { "sink".to_owned() } else { format!("n{to}") };
                let _ = writeln!(chart, "    n{from} --> {to}");
            }
        }
        chart
    }
}
