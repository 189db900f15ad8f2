//! A graph before it is built: who feeds whom, and every shape.

use std::sync::Arc;

use glassbox_tensor::Shape;
use smallvec::SmallVec;

use super::config::NodeConfig;
use super::join::Join;
use super::order;
use crate::error::{BuildError, checked_shape};
use crate::layers::{Cost, Layer, LayerConfig, ReceptiveField, ResidualConfig};
use crate::module::Module;
use crate::path::{Path, Segment};
use crate::state::{buffer_count, parameter_count};

/// Where a node's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The input of the whole graph.
    Input,
    /// The output of a node, by its place in the order of the graph.
    Node(usize),
}

/// What a node does.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// A layer, of one input.
    Layer(Layer),
    /// Several inputs become one.
    Join(Join),
    /// A module of the user's own, of one input.
    Own {
        /// What messages call it.
        kind: &'static str,
        /// Its trainable values.
        parameters: usize,
        /// Its tracked values.
        buffers: usize,
    },
}

impl Operation {
    /// What recipes call it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Layer(layer) => layer.type_name(),
            Self::Join(join) => join.name(),
            Self::Own { kind, .. } => kind,
        }
    }

    /// The layer of the table, where it is one.
    pub fn layer(&self) -> Option<&Layer> {
        match self {
            Self::Layer(layer) => Some(layer),
            Self::Join(_) | Self::Own { .. } => None,
        }
    }
}

/// A node of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name, and that of its weights: `stem`, `3.layers.0`.
    pub path: Path,
    /// The entry of the list of layers that it comes from, counted from 0.
    pub entry: usize,
    /// What it does.
    pub operation: Operation,
    /// What it takes.
    pub inputs: SmallVec<[Source; 2]>,
    /// The shape of one item of its (first) input.
    pub input: Shape,
    /// The shape of one item of its output.
    pub output: Shape,
}

impl Node {
    /// What it holds and computes.
    ///
    /// # Errors
    /// When the layer's settings are impossible.
    pub fn cost(&self) -> Result<Cost, BuildError> {
        match self.operation {
            Operation::Layer(ref layer) => layer.cost(self.input),
            Operation::Join(_) => Ok(Cost::default()),
            Operation::Own { parameters, buffers, .. } => {
                Ok(Cost { parameters, buffers, ..Cost::default() })
            }
        }
    }

    /// Whether it is a layer of which this holds.
    pub fn is(&self, holds: impl FnOnce(&Layer) -> bool) -> bool {
        self.operation.layer().is_some_and(holds)
    }
}

/// A model as a graph of layers and joins without blocks inside each other, in an order in which
/// every node comes after those it takes. Nothing is allocated for weights.
///
/// ```
/// use glassbox_nn::{Outline, Sequential};
///
/// let layers = Sequential::input([]).dense(8).residual(|block| block.dense(8).relu());
/// let outline = Outline::of(&layers.into_layers(), [4])?;
/// let paths: Vec<_> = outline.nodes.iter().map(|node| node.path.to_string()).collect();
/// assert_eq!(paths, ["0", "1.layers.0", "1.layers.1", "1"]);
/// assert_eq!(outline.output_shape().dims(), [8]);
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// What each entry of the list of layers is: `conv2d 3×3, 32 filters`.
    pub entries: Vec<String>,
    /// The shape of one item of the input.
    pub input: Shape,
    /// Where the output comes from.
    pub output: Source,
}

impl Outline {
    /// The graph of these layers for items of this shape.
    ///
    /// # Errors
    /// When a layer does not fit what it takes, a name leads nowhere, layers wait for each other,
    /// or an output goes nowhere: the first one, with the node named.
    pub fn of(layers: &[NodeConfig], input: impl Into<Shape>) -> Result<Self, BuildError> {
        let (outline, error) = Self::as_far_as_it_fits(layers, input.into());
        error.map_or(Ok(outline), Err)
    }

    fn empty(input: Shape) -> Self {
        Self { nodes: Vec::new(), entries: Vec::new(), input, output: Source::Input }
    }

    /// Adds a module of the user's own that takes the output.
    pub(super) fn push_own<M: Module>(&mut self, module: &M, output: Shape) {
        let entry = self.entries.len();
        let kind = module.kind();
        let (parameters, buffers) = (parameter_count(module), buffer_count(module));
        let at = Place { path: [entry.into()].into_iter().collect(), entry };
        let inputs = [self.output].into_iter().collect();
        self.output = self.push(at, Operation::Own { kind, parameters, buffers }, inputs, output);
        self.entries.push(kind.to_owned());
    }

    /// The graph of a residual block by itself.
    pub(crate) fn of_block(block: &ResidualConfig, input: Shape) -> Result<Self, BuildError> {
        checked_shape(ResidualConfig::TYPE, &input)?;
        let mut outline = Self::empty(input);
        outline.entries.push(block.describe());
        let at = Place { path: Path::default(), entry: 0 };
        outline.output = outline.expand_residual(block, at, Source::Input)?;
        Ok(outline)
    }

    /// The nodes before the first that does not fit, and why that one does not.
    pub(crate) fn as_far_as_it_fits(
        layers: &[NodeConfig],
        input: Shape,
    ) -> (Self, Option<BuildError>) {
        let mut outline = Self::empty(input);
        outline.entries = layers.iter().map(described).collect();
        let found = checked_shape("input", &input)
            .and_then(|_| outline.expand(layers, &Path::default(), Source::Input, None));
        match found {
            Ok(output) => {
                outline.output = output;
                (outline, None)
            }
            Err(error) => (outline, Some(error.in_model_of(input))),
        }
    }

    /// The shape of one item of the output.
    pub fn output_shape(&self) -> Shape {
        self.shape(self.output)
    }

    /// The shape of one item of what comes from there.
    pub fn shape(&self, source: Source) -> Shape {
        match source {
            Source::Input => self.input,
            Source::Node(index) => self.nodes[index].output,
        }
    }

    /// The place of the node whose output the one at `index` takes (first).
    pub fn before(&self, index: usize) -> Option<usize> {
        match *self.nodes.get(index)?.inputs.first()? {
            Source::Node(before) => Some(before),
            Source::Input => None,
        }
    }

    /// What the nodes hold and compute together.
    ///
    /// # Errors
    /// When a layer's settings are impossible.
    pub fn cost(&self) -> Result<Cost, BuildError> {
        let mut total = Cost::default();
        for node in &self.nodes {
            total += node.cost()?;
        }
        Ok(total)
    }

    /// How much of the image each node's output depends on, where the input itself depends on
    /// `seen`.
    pub fn receptive_fields(&self, seen: ReceptiveField) -> Vec<ReceptiveField> {
        let mut fields: Vec<ReceptiveField> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let of = |source: &Source| match *source {
                Source::Input => seen,
                Source::Node(index) => fields[index],
            };
            let joined = node.inputs.iter().map(of).reduce(ReceptiveField::union).unwrap_or(seen);
            fields.push(match &node.operation {
                Operation::Layer(layer) => layer.receptive_field(joined, node.input),
                Operation::Join(_) => joined,
                // It may mix everything.
                Operation::Own { .. } => ReceptiveField::All,
            });
        }
        fields
    }

    /// The layers whose output at a step depends on later steps, with their places.
    pub fn sees_later_steps(&self) -> Vec<BuildError> {
        let sees = |node: &Node| {
            let found = node.operation.layer()?.sees_later_steps(node.input)?;
            Some(found.at(node.path.clone()))
        };
        self.nodes.iter().filter_map(sees).collect()
    }

    /// The smallest batch that all layers can be trained on.
    pub fn smallest_training_batch(&self) -> usize {
        let of = |node: &Node| {
            node.operation.layer().map_or(1, |layer| layer.smallest_training_batch(node.input))
        };
        self.nodes.iter().map(of).max().unwrap_or(1)
    }

    /// Adds the nodes of a list of layers below `prefix`, the first of which takes `input`; what
    /// the last one gives. `entry` is that of the block that the list is in.
    fn expand(
        &mut self,
        layers: &[NodeConfig],
        prefix: &Path,
        input: Source,
        entry: Option<usize>,
    ) -> Result<Source, BuildError> {
        let order = order::of(layers).map_err(|error| error.below(prefix))?;
        let mut outputs = vec![input; layers.len()];
        for place in order {
            let config = &layers[place.index];
            let sources = place.from.iter().map(|from| from.map_or(input, |index| outputs[index]));
            let at = Place {
                path: prefix.join(segment(place.index, config.name.as_deref())),
                entry: entry.unwrap_or(place.index),
            };
            outputs[place.index] = self.add(config, at, sources.collect())?;
        }
        Ok(outputs.last().copied().unwrap_or(input))
    }

    fn add(
        &mut self,
        config: &NodeConfig,
        at: Place,
        inputs: SmallVec<[Source; 2]>,
    ) -> Result<Source, BuildError> {
        if let Some(join) = config.layer.join() {
            return self.push_join(join, at, inputs);
        }
        let input = match config.join {
            Some(join) => {
                let path = at.path.join("join");
                self.push_join(join, Place { path, entry: at.entry }, inputs)?
            }
            None => inputs.first().copied().unwrap_or(Source::Input),
        };
        let shape = self.shape(input);
        if let Layer::Residual(block) = &config.layer {
            return self.expand_residual(block, at, input);
        }
        let output = config.layer.output_shape(shape).map_err(|error| error.at(at.path.clone()))?;
        let operation = Operation::Layer(config.layer.clone());
        Ok(self.push(at, operation, [input].into_iter().collect(), output))
    }

    fn push_join(
        &mut self,
        join: Join,
        at: Place,
        inputs: SmallVec<[Source; 2]>,
    ) -> Result<Source, BuildError> {
        let shapes: Vec<Shape> = inputs.iter().map(|&source| self.shape(source)).collect();
        let Some(output) = join.output_shape(&shapes) else {
            let found: Vec<_> = shapes.iter().map(ToString::to_string).collect();
            let error =
                BuildError::new("GB0207", join.name(), join.expected(), found.join(" and "));
            return Err(error
                .at(at.path)
                .field("from")
                .help("bring them to one shape first, with dense, conv2d or pooling layers"));
        };
        checked_shape(join.name(), &output).map_err(|error| error.at(at.path.clone()))?;
        Ok(self.push(at, Operation::Join(join), inputs, output))
    }

    /// The layers of the block, what goes around them, and their sum.
    fn expand_residual(
        &mut self,
        block: &ResidualConfig,
        at: Place,
        input: Source,
    ) -> Result<Source, BuildError> {
        let entry = Some(at.entry);
        let body = self.expand(&block.layers, &at.path.join("layers"), input, entry)?;
        let (from, to) = (self.shape(input), self.shape(body));
        let around = block.around(from, to).map_err(|error| error.at(at.path.clone()))?;
        let around = self.expand(&around, &at.path.join("shortcut"), input, entry)?;
        if self.shape(around) != to {
            return Err(ResidualConfig::mismatch(self.shape(around), to).at(at.path));
        }
        Ok(self.push(at, Operation::Join(Join::Add), [body, around].into_iter().collect(), to))
    }

    fn push(
        &mut self,
        at: Place,
        operation: Operation,
        inputs: SmallVec<[Source; 2]>,
        output: Shape,
    ) -> Source {
        let input = inputs.first().map_or(self.input, |&source| self.shape(source));
        let Place { path, entry } = at;
        self.nodes.push(Node { path, entry, operation, inputs, input, output });
        Source::Node(self.nodes.len() - 1)
    }
}

/// What a layer is, and how its inputs become one.
fn described(node: &NodeConfig) -> String {
    let joined = node.join.map(|join| format!("{join}, ")).unwrap_or_default();
    joined + &node.describe()
}

/// Where a node is.
struct Place {
    path: Path,
    entry: usize,
}

/// The step to a layer of a list.
pub(super) fn segment(index: usize, name: Option<&str>) -> Segment {
    match name {
        Some(name) => Arc::<str>::from(name).into(),
        None => index.into(),
    }
}
