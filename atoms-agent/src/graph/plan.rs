//! The ways of events through a graph.

/// The ways of events through a graph: a place for each node, and one for the client behind all leaves.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The places that no edge leads to: what comes from the client goes there.
    pub(crate) roots: Vec<usize>,
    /// The places behind each node.
    pub(crate) behind: Vec<Vec<usize>>,
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
        let roots = (0..nodes).filter(|&node| leading_to[node] == 0).collect();
        Self { roots, behind, join_at, joins }
    }

    /// The place of the client.
    pub(crate) fn client(&self) -> usize {
        self.behind.len()
    }
}
