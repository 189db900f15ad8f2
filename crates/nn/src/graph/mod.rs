//! Models as graphs: nodes with a name, a layer or a join, and the nodes they take.
//!
//! [`NodeConfig`] is what recipes and builders write, [`Outline`] what follows from a list of them
//! before anything is allocated, [`Graph`] the built model. A list of layers and a residual block
//! are short ways to write a graph.

mod config;
mod fuse;
mod join;
mod order;
mod outline;
mod run;
#[cfg(test)]
mod tests;

use glassbox_tensor::{Rng, Shape, Tensor};

pub use config::{INPUT, NodeConfig, Sources};
pub use fuse::FusedNodes;
pub use join::Join;
pub use outline::{Operation, Outline, OutlineNode, Source};

use self::fuse::Plan;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::BuildError;
use crate::layers::Layer;
use crate::module::Module;
use crate::path::Path;
use crate::walk::{Parameters, Walk, WalkMut};
use smallvec::SmallVec;

/// A built model: a graph without circles of layers and joins, for items of one shape.
///
/// Weights are named by their node: `0.weight`, `stem.bias`, `3.layers.1.running_mean`. Layers whose
/// operations can be one (a dense layer, a convolution or a batch normalization with the activation
/// after it, a sum with the batch normalization before and the activation after it, an embedding
/// with the recurrent layer that reads it) run as one: [`Graph::fused`].
///
/// ```
/// use glassbox_nn::{Cx, DenseConfig, Graph, Join, Module, NodeConfig, TanhConfig};
/// use glassbox_tensor::{Rng, Tensor};
///
/// let layers = [
///     NodeConfig::new(DenseConfig::new(8)).named("left"),
///     NodeConfig::new(DenseConfig::new(4)).named("right").after("input"),
///     NodeConfig::new(TanhConfig {}),
///     NodeConfig::new(DenseConfig::new(1)).joining(Join::Concat, ["left", "2"]),
/// ];
/// let model = Graph::build(&layers, [2], &mut Rng::new(7))?;
/// let output = model.forward(&Tensor::zeros([5, 2]), &mut Cx::eval());
/// assert_eq!(output.dims(), [5, 1]);
/// assert_eq!(glassbox_nn::state(&model)["left.weight"].dims(), [2, 8]);
/// assert_eq!(glassbox_nn::state(&model)["3.weight"].dims(), [12, 1]);
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
pub struct Graph {
    input: Shape,
    nodes: Vec<Node>,
    output: Source,
    plan: Plan,
}

/// A node of a [`Graph`].
pub struct Node {
    /// Its name, and that of its weights.
    pub path: Path,
    /// The entry of the list of layers that it comes from, counted from 0.
    pub entry: usize,
    /// What it was built from; `None` for joins and modules of the user's own.
    pub config: Option<Layer>,
    /// What it does.
    pub body: Body,
    /// What it takes.
    pub inputs: SmallVec<[Source; 2]>,
    /// The shape of one item of its (first) input.
    pub input: Shape,
    /// The shape of one item of its output.
    pub output: Shape,
}

/// What a node does.
pub enum Body {
    /// A layer.
    Module(Box<dyn Module>),
    /// Several inputs become one.
    Join(Join),
}

impl Node {
    /// What messages call it.
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Module(module) => module.kind(),
            Body::Join(join) => join.name(),
        }
    }

    /// The layer, unless it is a join.
    pub fn module(&self) -> Option<&dyn Module> {
        match &self.body {
            Body::Module(module) => Some(&**module),
            Body::Join(_) => None,
        }
    }
}

impl Graph {
    /// Builds these layers for items of shape `input` (without the batch axis), with weights drawn
    /// from `rng` in the order of the graph.
    ///
    /// # Errors
    /// When a layer does not fit what it takes, or has impossible settings; when names, or who
    /// takes what, make no graph: the first fault, with the node named.
    pub fn build(
        layers: &[NodeConfig],
        input: impl Into<Shape>,
        rng: &mut Rng,
    ) -> Result<Self, BuildError> {
        Self::of_outline(Outline::of(layers, input)?, rng)
    }

    pub(crate) fn of_outline(outline: Outline, rng: &mut Rng) -> Result<Self, BuildError> {
        let Outline { nodes: outlined, input, output } = outline;
        let mut nodes = Vec::with_capacity(outlined.len());
        for OutlineNode { path, entry, operation, inputs, input, output } in outlined {
            let (config, body) = match operation {
                Operation::Join(join) => (None, Body::Join(join)),
                Operation::Layer(layer) => {
                    let built = layer.build(input, rng).map_err(|error| error.at(path.clone()))?;
                    (Some(layer), Body::Module(built))
                }
            };
            nodes.push(Node { path, entry, config, body, inputs, input, output });
        }
        let plan = Plan::new(&nodes, output);
        Ok(Self { input, nodes, output, plan })
    }

    /// Adds a module of the user's own after the output, which makes items of shape `output`.
    #[must_use]
    pub fn with_module(mut self, module: impl Module, output: impl Into<Shape>) -> Self {
        let entry = self.nodes.last().map_or(0, |node| node.entry + 1);
        let node = Node {
            path: [entry.into()].into_iter().collect(),
            entry,
            config: None,
            body: Body::Module(Box::new(module)),
            inputs: [self.output].into_iter().collect(),
            input: self.output_shape(),
            output: output.into(),
        };
        self.nodes.push(node);
        self.output = Source::Node(self.nodes.len() - 1);
        self.plan = Plan::new(&self.nodes, self.output);
        self
    }

    /// The shape of one item of the input.
    pub fn input_shape(&self) -> Shape {
        self.input
    }

    /// The shape of one item of the output.
    pub fn output_shape(&self) -> Shape {
        match self.output {
            Source::Input => self.input,
            Source::Node(index) => self.nodes[index].output,
        }
    }

    /// The nodes, each after those it takes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Whether batches of this size can be trained on.
    ///
    /// # Errors
    /// When a batch normalization would see a single value of each channel.
    pub fn check_batch(&self, batch: usize) -> Result<(), BuildError> {
        for node in &self.nodes {
            let Some(config) = &node.config else { continue };
            let smallest = config.smallest_training_batch(node.input);
            if batch < smallest {
                let expected = format!("training batches of at least {smallest}");
                let found = batch.to_string();
                return Err(BuildError::new("GB0208", config.type_name(), expected, found)
                    .at(node.path.clone())
                    .help("raise the batch size: the statistics of one value mean nothing"));
            }
        }
        Ok(())
    }

    /// Whether sequences may be longer or shorter than declared: layers go through them step by
    /// step, or are of a kind that is not known here.
    fn takes_any_length(&self) -> bool {
        let layers = || self.nodes.iter().filter(|node| matches!(node.body, Body::Module(_)));
        let steps = |layer: &Layer| layer.is_recurrent() || matches!(layer, Layer::Embedding(_));
        let flat = |node: &Node| matches!(node.config, Some(Layer::Flatten(_)));
        let each_step = self.input.rank() == 2 && !layers().any(flat);
        each_step || layers().any(|node| node.config.as_ref().is_none_or(steps))
    }

    /// Panics, naming both, unless `input` is a batch of the declared items.
    #[track_caller]
    fn check_input(&self, input: &Tensor) {
        let batch = input.shape();
        let without_batch = *batch == *self.input;
        let item = Shape::new(batch.split_first().map_or(&[][..], |(_, item)| item));
        let Some(expected) = self.expected_input(item) else { return };
        let hint = match without_batch {
            true => ": the batch axis is missing, reshape one item to a batch of 1",
            false => "",
        };
        panic!(
            "this model takes batches of shape {}, got one of shape {batch}{hint}",
            format_args!("batch×{expected}")
        );
    }
}

impl Module for Graph {
    #[track_caller]
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        self.check_input(input);
        self.plan.run(&self.nodes, input, cx)
    }

    fn expected_input(&self, item: Shape) -> Option<Shape> {
        if *item == *self.input {
            return None;
        }
        let axes = item.len() == self.input.len() && !item.is_empty();
        let fits = axes && item[1..] == self.input[1..] && self.takes_any_length();
        (!fits).then_some(self.input)
    }
}

impl Parameters for Graph {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        for node in &self.nodes {
            if let Body::Module(module) = &node.body {
                walk.part_at(&node.path, module);
            }
        }
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        for node in &mut self.nodes {
            if let Body::Module(module) = &mut node.body {
                walk.part_at(&node.path, module);
            }
        }
    }
}

/// Layers one after the other, listed in Rust. What [`Builder::build`] makes of them is a
/// [`Graph`].
///
/// ```
/// use glassbox_nn::{Cx, Module, Sequential};
/// use glassbox_tensor::Tensor;
///
/// let model = Sequential::input([2]).dense(16).tanh().dense(1).build(7)?;
/// let output = model.forward(&Tensor::zeros([5, 2]), &mut Cx::eval());
/// assert_eq!(output.dims(), [5, 1]);
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
pub struct Sequential;

impl Sequential {
    /// Begins a list of layers for items of this shape (without the batch axis).
    pub fn input(shape: impl Into<Shape>) -> Builder {
        Builder::new(shape.into())
    }
}
