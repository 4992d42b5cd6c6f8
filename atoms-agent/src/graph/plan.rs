//! The ways of events through a graph.

use atoms_runtime::EventType;

use super::edge::Edge;
use super::order::{self, Order};
use crate::node::NodeShape;
use crate::node::shape::Kind;

/// The ways of events through a graph: a place for each node, and one for the end behind all leaves.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The places that no edge leads to. Events that come into the graph go there.
    pub(crate) roots: Vec<usize>,
    /// The places behind each node.
    pub(crate) behind: Vec<Vec<usize>>,
    /// The edges of each node of which some carry certain events only.
    routes: Vec<Option<Box<[Edge]>>>,
    /// All places, each after those that lead to it.
    pub(crate) order: Vec<usize>,
    /// For each place that several edges lead to, its number among these.
    pub(crate) join_at: Vec<Option<usize>>,
    /// How many such places there are.
    pub(crate) joins: usize,
    /// The names of the background nodes, at their places.
    background: Vec<Option<&'static str>>,
    /// Which places are output nodes.
    pub(crate) outputs: Vec<usize>,
    /// For each output node that shares the floor with others, the number of the floor.
    pub(crate) floor_at: Vec<Option<usize>>,
    /// How many floors there are.
    pub(crate) floors: usize,
    /// Whether events are answered that may follow from a request.
    pub(crate) follows_requests: bool,
}

impl Plan {
    /// Makes the plan of a graph that was checked to have no circle.
    pub(crate) fn new(shapes: &[&'static NodeShape], edges: &[Edge]) -> Self {
        let nodes = shapes.len();
        let mut numbers = vec![0; order::room(nodes, edges.len())];
        let sorted = Order::new(nodes, edges, &mut numbers);
        let from = |node| sorted.edges_from(node).iter().map(|&edge| edges[edge]);
        let observes = |node: usize| shapes[node].kind == Kind::Background;
        let behind = (0..nodes).map(|node| {
            // What no edge carries leaves the graph, and what goes to those only that observe.
            let leaves = from(node).all(|edge| edge.carries.is_some() || observes(edge.to)).then_some(nodes);
            from(node).map(|edge| edge.to).chain(leaves).collect()
        });
        let behind: Vec<Vec<_>> = behind.collect();
        let routes =
            (0..nodes).map(|node| from(node).any(|it| it.carries.is_some()).then(|| from(node).collect()));
        let routes = routes.collect();
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
        let order = sorted.sorted().iter().copied().chain([nodes]).collect();
        let outputs: Vec<_> = (0..nodes).filter(|&node| shapes[node].kind == Kind::Output).collect();
        let (floor_at, floors) = floors(shapes, &outputs);
        let background = (0..nodes).map(|node| observes(node).then_some(shapes[node].name)).collect();
        let follows_requests = shapes.iter().any(|shape| shape.answers_others());
        Self {
            roots: sorted.roots().to_vec(),
            behind,
            routes,
            order,
            join_at,
            joins,
            background,
            outputs,
            floor_at,
            floors,
            follows_requests,
        }
    }

    /// Where the edges of a node lead an event of this type, if they are not the same for all events.
    pub(crate) fn routed(&self, node: usize, known: Option<&'static EventType>) -> Option<Vec<usize>> {
        let edges = self.routes[node].as_ref()?;
        let places = edges.iter().filter(|edge| edge.carries(known)).map(|edge| edge.to);
        let mut places: Vec<_> = places.collect();
        if places.iter().all(|&place| self.background(place).is_some()) {
            places.push(self.end());
        }
        Some(places)
    }

    /// The name of the node at this place, if that is a background node.
    pub(crate) fn background(&self, place: usize) -> Option<&'static str> {
        self.background.get(place).copied().flatten()
    }

    /// The place where events come out of the graph.
    pub(crate) fn end(&self) -> usize {
        self.behind.len()
    }
}

/// The number of the floor of each node, for those of the output nodes of which several are in one group, and how many floors
/// there are.
fn floors(shapes: &[&'static NodeShape], outputs: &[usize]) -> (Vec<Option<usize>>, usize) {
    let shares =
        |node: usize| outputs.iter().any(|&other| other != node && shapes[other].group == shapes[node].group);
    let mut groups: Vec<&str> = Vec::new();
    let mut floor_at = vec![None; shapes.len()];
    for &node in outputs.iter().filter(|&&node| shares(node)) {
        let known = groups.iter().position(|group| *group == shapes[node].group);
        floor_at[node] = Some(known.unwrap_or_else(|| {
            groups.push(shapes[node].group);
            groups.len() - 1
        }));
    }
    (floor_at, groups.len())
}
