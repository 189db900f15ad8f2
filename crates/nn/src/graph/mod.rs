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
mod reach;
mod run;
#[cfg(test)]
mod tests;

use glassbox_tensor::{Rng, Shape, Tensor};

pub use config::{INPUT, NodeConfig, Sources};
pub use fuse::FusedNodes;
pub use join::Join;
pub use outline::{Node, Operation, Outline, Source};
pub use reach::Reach;

use self::fuse::Plan;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::BuildError;
use crate::layers::Layer;
use crate::module::Module;
use crate::walk::{Parameters, Walk, WalkMut};

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
    outline: Outline,
    /// The layer of each node; none for joins.
    modules: Vec<Option<Box<dyn Module>>>,
    plan: Plan,
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
        let mut modules = Vec::with_capacity(outline.nodes.len());
        for node in &outline.nodes {
            let built = node.operation.layer().map(|layer| layer.build(node.input, rng));
            modules.push(built.transpose().map_err(|error| error.at(node.path.clone()))?);
        }
        let plan = Plan::new(&outline);
        Ok(Self { outline, modules, plan })
    }

    /// Adds a module of the user's own after the output, which makes items of shape `output`.
    #[must_use]
    pub fn with_module(mut self, module: impl Module, output: impl Into<Shape>) -> Self {
        self.outline.push_own(&module, output.into());
        self.modules.push(Some(Box::new(module)));
        self.plan = Plan::new(&self.outline);
        self
    }

    /// The shape of one item of the input.
    pub fn input_shape(&self) -> Shape {
        self.outline.input
    }

    /// The shape of one item of the output.
    pub fn output_shape(&self) -> Shape {
        self.outline.output_shape()
    }

    /// Who feeds whom, and every shape.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// The nodes, each after those it takes.
    pub fn nodes(&self) -> &[Node] {
        &self.outline.nodes
    }

    /// The layer of the node at this place; `None` for joins.
    pub fn module(&self, index: usize) -> Option<&dyn Module> {
        self.modules.get(index)?.as_deref()
    }

    /// Whether batches of this size can be trained on.
    ///
    /// # Errors
    /// When a batch normalization would see a single value of each channel.
    pub fn check_batch(&self, batch: usize) -> Result<(), BuildError> {
        for node in self.nodes() {
            let Some(config) = node.operation.layer() else { continue };
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
        let steps = |node: &Node| match &node.operation {
            Operation::Layer(layer) => layer.is_recurrent() || matches!(layer, Layer::Embedding(_)),
            Operation::Join(_) => false,
            Operation::Own { .. } => true,
        };
        let flat = |node: &Node| node.is(|layer| matches!(layer, Layer::Flatten(_)));
        let each_step = self.input_shape().rank() == 2 && !self.nodes().iter().any(flat);
        each_step || self.nodes().iter().any(steps)
    }

    /// Panics, naming both, unless `input` is a batch of the declared items.
    #[track_caller]
    fn check_input(&self, input: &Tensor) {
        let batch = input.shape();
        let without_batch = *batch == *self.input_shape();
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
        self.plan.run(self, input, cx)
    }

    fn outline(&self) -> Option<&Outline> {
        Some(&self.outline)
    }

    fn expected_input(&self, item: Shape) -> Option<Shape> {
        let input = self.input_shape();
        if *item == *input {
            return None;
        }
        let axes = item.len() == input.len() && !item.is_empty();
        let fits = axes && item[1..] == input[1..] && self.takes_any_length();
        (!fits).then_some(input)
    }
}

impl Parameters for Graph {
    fn walk<'m>(&'m self, walk: &mut Walk<'_, 'm>) {
        for (node, module) in self.outline.nodes.iter().zip(&self.modules) {
            if let Some(module) = module {
                walk.part_at(&node.path, module);
            }
        }
    }

    fn walk_mut<'m>(&'m mut self, walk: &mut WalkMut<'_, 'm>) {
        for (node, module) in self.outline.nodes.iter().zip(&mut self.modules) {
            if let Some(module) = module {
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
