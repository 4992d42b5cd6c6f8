//! Sorts the nodes of a graph topologically: each comes after those that lead to it.
//!
//! It is `const`, so that rustc sorts the nodes of `graph!` with the code that sorts those of a builder.

use super::edge::Edge;

/// The nodes of a graph, topologically sorted, and the edges of each node, next to each other.
pub(super) struct Order<'a> {
    /// If there is a circle, its nodes, or nodes that it leads to, come last.
    sorted: &'a mut [usize],
    /// Where the edges of each node begin.
    first: &'a mut [usize],
    /// The edges, by their numbers.
    edges: &'a mut [usize],
    roots: usize,
    /// Where the circle begins and ends in `sorted`.
    circle: (usize, usize),
}

/// How many numbers it needs memory for.
pub(super) const fn room(nodes: usize, edges: usize) -> usize {
    3 * nodes + 1 + edges
}

impl<'a> Order<'a> {
    /// Sorts the nodes, or finds a circle. There are as many numbers as [`room`] returns, all zero.
    pub(super) const fn new(nodes: usize, edges: &[Edge], numbers: &'a mut [usize]) -> Self {
        let (sorted, numbers) = numbers.split_at_mut(nodes);
        let (leading, numbers) = numbers.split_at_mut(nodes);
        let (first, sorted_edges) = numbers.split_at_mut(nodes + 1);
        let mut order = Self { sorted, first, edges: sorted_edges, roots: 0, circle: (0, 0) };
        order.sort_edges(edges, leading);
        if order.sort_nodes(edges, leading) < nodes {
            order.find_circle(edges, leading);
        }
        order
    }

    /// Puts the edges of each node beside each other, and counts the edges that lead to each.
    const fn sort_edges(&mut self, edges: &[Edge], leading: &mut [usize]) {
        let mut edge = 0;
        while edge < edges.len() {
            self.first[edges[edge].from + 1] += 1;
            leading[edges[edge].to] += 1;
            edge += 1;
        }
        let mut node = 0;
        while node < leading.len() {
            self.first[node + 1] += self.first[node];
            // Until the end of this function, the place of the node's next edge.
            self.sorted[node] = self.first[node];
            node += 1;
        }
        edge = 0;
        while edge < edges.len() {
            let from = edges[edge].from;
            self.edges[self.sorted[from]] = edge;
            self.sorted[from] += 1;
            edge += 1;
        }
    }

    /// [Kahn's algorithm](https://doi.org/10.1145/368996.369025). Returns how many nodes are sorted, which are all if
    /// there is no circle.
    const fn sort_nodes(&mut self, edges: &[Edge], leading: &mut [usize]) -> usize {
        let mut node = 0;
        while node < leading.len() {
            if leading[node] == 0 {
                self.sorted[self.roots] = node;
                self.roots += 1;
            }
            node += 1;
        }
        let (mut sorted, mut next) = (self.roots, 0);
        while next < sorted {
            let node = self.sorted[next];
            let (mut edge, end) = (self.first[node], self.first[node + 1]);
            while edge < end {
                let to = edges[self.edges[edge]].to;
                leading[to] -= 1;
                if leading[to] == 0 {
                    self.sorted[sorted] = to;
                    sorted += 1;
                }
                edge += 1;
            }
            next += 1;
        }
        sorted
    }

    /// Walks backwards through the nodes that are not sorted. Each has an edge from another one of these, so the walk comes
    /// back to a node. It is written into `sorted` from the end, after the nodes that are sorted.
    const fn find_circle(&mut self, edges: &[Edge], leading: &[usize]) {
        let (mut node, mut begin) = (0, self.sorted.len());
        while leading[node] == 0 {
            node += 1;
        }
        loop {
            let mut end = begin;
            while end < self.sorted.len() {
                end += 1;
                if self.sorted[end - 1] == node {
                    self.circle = (begin, end);
                    return;
                }
            }
            begin -= 1;
            self.sorted[begin] = node;
            let mut edge = 0;
            while edges[edge].to != node || leading[edges[edge].from] == 0 {
                edge += 1;
            }
            node = edges[edge].from;
        }
    }

    /// The nodes of a circle, in the order of its edges. It is empty if there is no circle.
    pub(super) const fn circle(&self) -> &[usize] {
        let (begin, end) = self.circle;
        self.sorted.split_at(end).0.split_at(begin).1
    }

    /// The nodes in order, if there is no circle.
    pub(super) const fn sorted(&self) -> &[usize] {
        self.sorted
    }

    /// Those that no edge leads to.
    pub(super) const fn roots(&self) -> &[usize] {
        self.sorted.split_at(self.roots).0
    }

    /// The edges that lead from this node, by their numbers.
    pub(super) const fn edges_from(&self, node: usize) -> &[usize] {
        self.edges.split_at(self.first[node + 1]).0.split_at(self.first[node]).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_sorted_or_a_circle_is_found() {
        for (nodes, edges, sorted, circle) in [
            (1, &[][..], &[0][..], &[][..]),
            (4, &[(3, 1), (3, 2), (1, 0), (2, 0)], &[3, 1, 2, 0], &[]),
            (1, &[(0, 0)], &[], &[0]),
            // Both a way to the circle and one from it.
            (5, &[(0, 1), (1, 2), (2, 3), (3, 1), (2, 4)], &[], &[2, 3, 1]),
            (4, &[(0, 1), (1, 0), (2, 3), (3, 2)], &[], &[1, 0]),
        ] {
            let mut numbers = vec![0; room(nodes, edges.len())];
            let drawn: Vec<_> = edges.iter().map(|&(from, to)| Edge::new(from, to)).collect();
            let order = Order::new(nodes, &drawn, &mut numbers);
            assert_eq!(order.circle(), circle, "{edges:?}");
            if circle.is_empty() {
                assert_eq!(order.sorted(), sorted, "{edges:?}");
            }
        }
    }
}
