//! Which nodes run as one operation, decided once when a graph is built.

use std::fmt;

use glassbox_tensor::Activation;
use smallvec::SmallVec;

use super::{Graph, Join, Node, Operation, Outline, Source};
use crate::layers::Layer;

/// In which order a graph runs, what runs as one, and where values are kept in between.
pub(super) struct Plan {
    pub(super) stages: Vec<Stage>,
    /// How many values there are at most at a time.
    pub(super) slots: usize,
    /// Where the output is.
    pub(super) output: Read,
}

/// Where a value is while the graph runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The graph's input.
    Input,
    /// A value that is kept here.
    Slot(usize),
}

/// Nodes that run as one operation.
pub(super) struct Stage {
    pub(super) fusion: Fusion,
    /// The nodes, in the order of the graph: the output is that of the last.
    pub(super) nodes: SmallVec<[usize; 3]>,
    /// What they take from outside, and where it is.
    pub(super) inputs: SmallVec<[(Source, Read); 2]>,
    /// Where the output goes.
    pub(super) slot: usize,
    /// Values that nobody needs after this stage.
    pub(super) unneeded: SmallVec<[usize; 2]>,
}

/// How the nodes of a stage become one operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fusion {
    /// A node by itself.
    None,
    /// A dense layer, a convolution or a batch normalization applies the activation after it while
    /// it stores its result.
    Activated(Activation),
    /// A join, and the activation after it.
    Joined(Join, Activation),
    /// A batch normalization adds the other input of the sum after it, and applies the activation
    /// after that.
    NormAdded(Activation),
    /// A recurrent layer multiplies the few rows of an embedding rather than every token's.
    EmbeddingRecurrent,
}

/// Where the batch normalization's input and the other addend are among a stage's inputs.
pub(super) const NORM_INPUTS: [usize; 2] = [0, 1];

impl Plan {
    pub(super) fn new(outline: &Outline) -> Self {
        let Outline { nodes, output, .. } = outline;
        let output = *output;
        let groups = Groups::of(nodes, output);
        let mut stages: Vec<Stage> = Vec::with_capacity(groups.all.len());
        let mut keeper = Keeper::new(nodes, &groups.all, output);
        for (number, (fusion, members)) in groups.all.into_iter().enumerate() {
            let sources = outside(nodes, &members);
            let inputs = sources.iter().map(|&source| (source, keeper.read(source))).collect();
            let unneeded = keeper.release(number);
            let last = members.last().copied().unwrap_or_default();
            let slot = keeper.keep(last);
            let unneeded = unneeded.into_iter().filter(|&freed| freed != slot).collect();
            stages.push(Stage { fusion, nodes: members, inputs, slot, unneeded });
        }
        Self { stages, slots: keeper.taken.len(), output: keeper.read(output) }
    }
}

/// What `members` take from outside: the first one's inputs first.
fn outside(nodes: &[Node], members: &[usize]) -> SmallVec<[Source; 2]> {
    let inside = |source: &Source| matches!(source, Source::Node(at) if members.contains(at));
    let all = members.iter().flat_map(|&member| nodes[member].inputs.iter().copied());
    all.filter(|source| !inside(source)).collect()
}

/// The nodes of every stage.
struct Groups {
    all: Vec<(Fusion, SmallVec<[usize; 3]>)>,
}

impl Groups {
    fn of(nodes: &[Node], output: Source) -> Self {
        let takers = Takers::of(nodes, output);
        let mut all = Vec::new();
        let mut taken = vec![false; nodes.len()];
        // The batch normalization that a sum takes into its stage.
        let mut norms = vec![None; nodes.len()];
        for index in 0..nodes.len() {
            if taken[index] {
                continue;
            }
            if let Some(sum) = takers.sum_that_takes(nodes, index) {
                norms[sum] = Some(index);
                continue;
            }
            let mut members: SmallVec<[usize; 3]> = norms[index].into_iter().collect();
            members.push(index);
            let activation = takers.activation(nodes, index);
            let fusion = match &nodes[index].operation {
                Operation::Join(join) => {
                    let function =
                        activation.map_or(Activation::Identity, |(_, function)| function);
                    members.extend(activation.map(|(at, _)| at));
                    match norms[index] {
                        Some(_) => Fusion::NormAdded(function),
                        None => Fusion::Joined(*join, function),
                    }
                }
                Operation::Layer(Layer::Dense(_) | Layer::Conv2d(_) | Layer::BatchNorm(_)) => {
                    members.extend(activation.map(|(at, _)| at));
                    activation.map_or(Fusion::None, |(_, function)| Fusion::Activated(function))
                }
                Operation::Layer(Layer::Embedding(_)) => match takers.recurrent(nodes, index) {
                    Some(at) => {
                        members.push(at);
                        Fusion::EmbeddingRecurrent
                    }
                    None => Fusion::None,
                },
                _ => Fusion::None,
            };
            members.iter().for_each(|&member| taken[member] = true);
            all.push((fusion, members));
        }
        Self { all }
    }
}

/// Who takes each node's output, where one node alone does.
struct Takers(Vec<Option<usize>>);

impl Takers {
    fn of(nodes: &[Node], output: Source) -> Self {
        let mut counts = vec![0; nodes.len()];
        let mut takers = vec![None; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            for source in &node.inputs {
                if let Source::Node(at) = *source {
                    counts[at] += 1;
                    takers[at] = Some(index);
                }
            }
        }
        if let Source::Node(at) = output {
            counts[at] += 1;
        }
        let single = |(taker, count): (Option<usize>, i32)| taker.filter(|_| count == 1);
        Self(takers.into_iter().zip(counts).map(single).collect())
    }

    /// The activation that alone takes a node's output.
    fn activation(&self, nodes: &[Node], index: usize) -> Option<(usize, Activation)> {
        let at = self.0[index]?;
        Some((at, nodes[at].operation.layer()?.activation()?))
    }

    /// The recurrent layer that alone takes a node's output.
    fn recurrent(&self, nodes: &[Node], index: usize) -> Option<usize> {
        self.0[index].filter(|&at| nodes[at].is(Layer::is_recurrent))
    }

    /// The sum of two inputs of which a batch normalization is the first.
    fn sum_that_takes(&self, nodes: &[Node], index: usize) -> Option<usize> {
        let norm = nodes[index].is(|layer| matches!(layer, Layer::BatchNorm(_)));
        let at = self.0[index].filter(|_| norm)?;
        let sum = &nodes[at];
        let first = sum.inputs.len() == 2 && sum.inputs[0] == Source::Node(index);
        let shapes = sum.output == nodes[index].output && {
            let other = sum.inputs.get(1)?;
            matches!(other, Source::Node(other) if nodes[*other].output == sum.output)
                || matches!(other, Source::Input)
        };
        (sum.operation == Operation::Join(Join::Add) && first && shapes).then_some(at)
    }
}

/// Gives values places to be kept, which are used again.
struct Keeper {
    /// Where each node's output is.
    slots: Vec<Option<usize>>,
    /// The stage after which nobody needs a node's output.
    last_use: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Keeper {
    fn new(nodes: &[Node], groups: &[(Fusion, SmallVec<[usize; 3]>)], output: Source) -> Self {
        let mut last_use = vec![None; nodes.len()];
        for (number, (_, members)) in groups.iter().enumerate() {
            for source in outside(nodes, members) {
                if let Source::Node(at) = source {
                    last_use[at] = Some(number);
                }
            }
        }
        if let Source::Node(at) = output {
            last_use[at] = None;
        }
        Self { slots: vec![None; nodes.len()], last_use, taken: Vec::new() }
    }

    fn read(&self, source: Source) -> Read {
        match source {
            Source::Input => Read::Input,
            Source::Node(at) => Read::Slot(self.slots[at].unwrap_or_default()),
        }
    }

    /// The places of what nobody needs after stage `number`.
    fn release(&mut self, number: usize) -> SmallVec<[usize; 2]> {
        let mut freed = SmallVec::new();
        for (slot, last) in self.slots.iter().zip(&self.last_use) {
            if let (Some(slot), Some(last)) = (slot, last)
                && *last == number
            {
                self.taken[*slot] = false;
                freed.push(*slot);
            }
        }
        freed
    }

    /// A place for a node's output.
    fn keep(&mut self, node: usize) -> usize {
        let free = self.taken.iter().position(|taken| !taken);
        let slot = free.unwrap_or(self.taken.len());
        match free {
            Some(slot) => self.taken[slot] = true,
            None => self.taken.push(true),
        }
        self.slots[node] = Some(slot);
        slot
    }
}

/// Nodes of a [`Graph`] that run as one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FusedNodes {
    /// Their places among [`Graph::nodes`], in the order of the graph.
    pub nodes: Vec<usize>,
    /// What they are: `conv2d + relu`.
    pub description: String,
}

impl Graph {
    /// What runs, in order: nodes by themselves, and several as one operation.
    ///
    /// ```
    /// use glassbox_nn::Sequential;
    ///
    /// let model = Sequential::input([8, 8, 1]).conv2d(4, 3).relu().flatten().dense(2).build(7)?;
    /// let fused: Vec<_> = model.fused().into_iter().map(|stage| stage.description).collect();
    /// assert_eq!(fused, ["conv2d + relu", "flatten", "dense"]);
    /// # Ok::<(), glassbox_nn::BuildError>(())
    /// ```
    pub fn fused(&self) -> Vec<FusedNodes> {
        let of = |stage: &Stage| FusedNodes {
            nodes: stage.nodes.to_vec(),
            description: Names { graph: self, nodes: &stage.nodes }.to_string(),
        };
        self.plan.stages.iter().map(of).collect()
    }
}

struct Names<'a> {
    graph: &'a Graph,
    nodes: &'a [usize],
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, &node) in self.nodes.iter().enumerate() {
            f.write_str(if number > 0 { " + " } else { "" })?;
            f.write_str(self.graph.nodes()[node].operation.type_name())?;
        }
        Ok(())
    }
}
