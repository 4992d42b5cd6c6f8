//! The nodes of a graph in an order in which each stands behind those that lead to it.

/// The nodes of a graph in an order in which each stands behind those that lead to it, and the targets of
/// the edges of each beside each other.
pub(super) struct Order<'a> {
    sorted: &'a mut [usize],
    /// Where the targets of each node begin.
    first: &'a mut [usize],
    targets: &'a mut [usize],
    roots: usize,
}

/// How many numbers it needs room for.
pub(super) const fn room(nodes: usize, edges: usize) -> usize {
    3 * nodes + 1 + edges
}

impl<'a> Order<'a> {
    /// That there is no circle has been checked.
    pub(super) const fn new(nodes: usize, edges: &[(usize, usize)], numbers: &'a mut [usize]) -> Self {
        let (sorted, numbers) = numbers.split_at_mut(nodes);
        let (leading, numbers) = numbers.split_at_mut(nodes);
        let (first, targets) = numbers.split_at_mut(nodes + 1);
        let mut order = Self { sorted, first, targets, roots: 0 };
        order.sort_edges(edges, leading);
        order.sort_nodes(leading);
        order
    }

    /// Puts the targets of each node beside each other, and counts the edges that lead to each.
    const fn sort_edges(&mut self, edges: &[(usize, usize)], leading: &mut [usize]) {
        let mut edge = 0;
        while edge < edges.len() {
            let (from, to) = edges[edge];
            self.first[from + 1] += 1;
            leading[to] += 1;
            edge += 1;
        }
        let mut node = 0;
        while node < leading.len() {
            self.first[node + 1] += self.first[node];
            // For a while, where the node's next target is to be put.
            self.sorted[node] = self.first[node];
            node += 1;
        }
        edge = 0;
        while edge < edges.len() {
            let (from, to) = edges[edge];
            self.targets[self.sorted[from]] = to;
            self.sorted[from] += 1;
            edge += 1;
        }
    }

    /// [Kahn's algorithm](https://doi.org/10.1145/368996.369025).
    const fn sort_nodes(&mut self, leading: &mut [usize]) {
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
            let (mut target, end) = self.targets(self.sorted[next]);
            while target < end {
                let to = self.targets[target];
                leading[to] -= 1;
                if leading[to] == 0 {
                    self.sorted[sorted] = to;
                    sorted += 1;
                }
                target += 1;
            }
            next += 1;
        }
    }

    /// How many nodes no edge leads to; they are the first.
    pub(super) const fn roots(&self) -> usize {
        self.roots
    }

    /// The node at this place of the order.
    pub(super) const fn node(&self, place: usize) -> usize {
        self.sorted[place]
    }

    /// Where the targets of a node begin and end.
    pub(super) const fn targets(&self, node: usize) -> (usize, usize) {
        (self.first[node], self.first[node + 1])
    }

    pub(super) const fn target(&self, place: usize) -> usize {
        self.targets[place]
    }
}
