//! The ways of events through a graph.

/// The ways of events through a graph: a place for each node, and one for the client behind all leaves.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The places that no edge leads to: what comes from the client goes there.
    pub(crate) roots: Vec<usize>,
    /// The places behind each node.
    pub(crate) behind: Vec<Vec<usize>>,
    /// All places, each behind those that lead to it.
    pub(crate) order: Vec<usize>,
    /// For each place that several edges lead to, its number among these.
    pub(crate) join_at: Vec<Option<usize>>,
    /// How many such places there are.
    pub(crate) joins: usize,
}

impl Plan {
    pub(crate) fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let client = nodes;
        let mut behind = vec![Vec::new(); nodes];
        for &(from, to) in edges {
            behind[from].push(to);
        }
        behind.iter_mut().filter(|places| places.is_empty()).for_each(|places| places.push(client));
        let mut leading_to = vec![0; nodes + 1];
        behind.iter().flatten().for_each(|&place| leading_to[place] += 1);
        let mut joins = 0;
        let join_at = leading_to.iter().map(|&edges| {
            (edges > 1).then(|| {
                joins += 1;
                joins - 1
            })
        });
        let join_at = join_at.collect();
        let roots: Vec<usize> = (0..nodes).filter(|&node| leading_to[node] == 0).collect();
        let order = order(&roots, &behind, leading_to);
        Self { roots, behind, order, join_at, joins }
    }

    /// The place of the client.
    pub(crate) fn client(&self) -> usize {
        self.behind.len()
    }
}

/// [Kahn's algorithm](https://doi.org/10.1145/368996.369025); `leading_to` counts the edges to each place.
fn order(roots: &[usize], behind: &[Vec<usize>], mut leading_to: Vec<usize>) -> Vec<usize> {
    let mut order = roots.to_vec();
    let mut next = 0;
    while let Some(&place) = order.get(next) {
        for &to in behind.get(place).into_iter().flatten() {
            leading_to[to] -= 1;
            if leading_to[to] == 0 {
                order.push(to);
            }
        }
        next += 1;
    }
    order
}
