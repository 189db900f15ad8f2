//! What a model is made of: a printable table.

use glassbox_tensor::Shape;

use crate::error::{BuildError, looks_channels_first};
use crate::graph::{Graph, INPUT, Node, NodeConfig, Outline, Source};
use crate::layers::{Cost, Layer, ReceptiveField};

/// A layer's row.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// The layer's name in the graph: its number, or the name that it was given.
    pub name: String,
    /// What it takes, by name, where that is not the layer before it alone.
    pub from: Vec<String>,
    /// What the layer is: `conv2d 3×3, 32 filters`.
    pub description: String,
    /// The shape of one item of its output.
    pub output: Shape,
    /// Trainable values, tracked values and multiply-accumulate operations.
    pub cost: Cost,
    /// Bytes of its output for one item, and of what is kept besides for the backward pass.
    pub activation_bytes: u64,
    /// How much of the image one of its outputs depends on; `None` when the input is no image.
    pub receptive_field: Option<ReceptiveField>,
}

/// What a model is made of, computed from its layers' configurations alone.
///
/// ```
/// use glassbox_nn::{Sequential, Summary};
///
/// let layers = Sequential::input([]).conv2d(32, 3).flatten().dense(10).into_layers();
/// let summary = Summary::of(&layers, [28, 28, 1])?;
/// assert_eq!(summary.total.parameters, 9 * 32 + 32 + 26 * 26 * 32 * 10 + 10);
/// assert_eq!(summary.hints()[0], "99 % of the parameters sit in layer 2 (dense): try global_avg_pool instead of flatten");
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// One row per layer, in the order in which they run.
    pub rows: Vec<SummaryRow>,
    /// All layers together.
    pub total: Cost,
    outline: Outline,
}

/// Where the memory of training goes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// Trainable and tracked values.
    pub weights: u64,
    /// One gradient per trainable value.
    pub gradients: u64,
    /// What the optimizer keeps.
    pub optimizer: u64,
    /// The outputs of all layers for one batch, what they keep besides, and the batch itself.
    pub activations: u64,
}

impl MemoryEstimate {
    /// All together.
    pub fn total(&self) -> u64 {
        self.weights
            .saturating_add(self.gradients)
            .saturating_add(self.optimizer)
            .saturating_add(self.activations)
    }
}

const VALUE_BYTES: u64 = size_of::<f32>() as u64;

fn bytes(values: usize) -> u64 {
    (values as u64).saturating_mul(VALUE_BYTES)
}

impl Summary {
    /// The summary of layers on items of this shape.
    ///
    /// # Errors
    /// When a layer does not fit what it takes, or has impossible settings: the first one.
    pub fn of(layers: &[NodeConfig], input: impl Into<Shape>) -> Result<Self, BuildError> {
        Self::of_outline(Outline::of(layers, input)?)
    }

    fn of_outline(outline: Outline) -> Result<Self, BuildError> {
        let image = outline.input.rank() == 3;
        let fields = outline.receptive_fields(ReceptiveField::PIXEL);
        let mut rows: Vec<(usize, SummaryRow)> = Vec::with_capacity(outline.entries.len());
        for (index, (node, field)) in outline.nodes.iter().zip(fields).enumerate() {
            let cost = node.cost()?;
            let kept = node.output.elements().saturating_add(cost.kept);
            // The layers of a block are one row, whose output is that of the last.
            if rows.last().is_none_or(|(entry, _)| *entry != node.entry) {
                let before = rows.last().map(|(entry, _)| *entry);
                rows.push((node.entry, SummaryRow::of(index, before, &outline)));
            }
            let Some((_, row)) = rows.last_mut() else { continue };
            row.output = node.output;
            row.receptive_field = image.then_some(field);
            row.cost += cost;
            row.activation_bytes = row.activation_bytes.saturating_add(bytes(kept));
        }
        let mut total = Cost::default();
        rows.iter().for_each(|(_, row)| total += row.cost);
        Ok(Self { rows: rows.into_iter().map(|(_, row)| row).collect(), total, outline })
    }

    /// The graph.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// Where the memory of training goes on batches of this size, with an optimizer that keeps
    /// `optimizer_slots` values per parameter (AdamW 2, SGD with momentum 1).
    pub fn memory(&self, batch: usize, optimizer_slots: usize) -> MemoryEstimate {
        let item: u64 = self.rows.iter().map(|row| row.activation_bytes).sum();
        let item = item.saturating_add(bytes(self.outline.input.elements()));
        let parameters = bytes(self.total.parameters);
        MemoryEstimate {
            weights: parameters.saturating_add(bytes(self.total.buffers)),
            gradients: parameters,
            optimizer: parameters.saturating_mul(optimizer_slots as u64),
            activations: item.saturating_mul(batch as u64),
        }
    }

    /// The steps of a sequence, where there are recurrent layers.
    pub fn steps(&self) -> Option<usize> {
        let recurrent = |node: &&Node| node.is(Layer::is_recurrent);
        let first = self.outline.nodes.iter().find(recurrent)?;
        first.input.dims().first().copied()
    }

    /// What could be better, in a line each.
    pub fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        self.hint_at_channels_first(&mut hints);
        self.hint_at_one_heavy_layer(&mut hints);
        self.hint_at_useless_biases(&mut hints);
        hints
    }

    fn hint_at_channels_first(&self, hints: &mut Vec<String>) {
        let slides = |layer: &Layer| {
            matches!(layer, Layer::Conv2d(_) | Layer::MaxPool(_) | Layer::AvgPool(_))
        };
        let input = self.outline.input;
        if looks_channels_first(input) && self.outline.nodes.first().is_some_and(|n| n.is(slides)) {
            hints.push(format!(
                "the input {input} looks like channels × height × width: images are height × \
                 width × channels here"
            ));
        }
    }

    fn hint_at_one_heavy_layer(&self, hints: &mut Vec<String>) {
        let parameters = |node: &Node| node.cost().ok().map(|cost| cost.parameters);
        let nodes = self.outline.nodes.iter().enumerate();
        let Some((index, heaviest)) = nodes.max_by_key(|(_, node)| parameters(node)) else {
            return;
        };
        // Features of images, not images themselves: those are what an mlp is for.
        let features = |index: &usize| {
            let node = &self.outline.nodes[*index];
            node.is(|layer| matches!(layer, Layer::Flatten(_)))
                && node.input.rank() == 3
                && self.outline.before(*index).is_some()
        };
        let from_flatten = heaviest.is(|layer| matches!(layer, Layer::Dense(_)))
            && self.outline.before(index).as_ref().is_some_and(features);
        let share = parameters(heaviest).unwrap_or(0) as f64 / self.total.parameters.max(1) as f64;
        if share > 0.9 && from_flatten {
            hints.push(format!(
                "{:.0} % of the parameters sit in {}: try global_avg_pool instead of flatten",
                (100.0 * share).floor(),
                heaviest.path.describe("dense")
            ));
        }
    }

    fn hint_at_useless_biases(&self, hints: &mut Vec<String>) {
        for (index, node) in self.outline.nodes.iter().enumerate() {
            let norm = node.is(|layer| matches!(layer, Layer::BatchNorm(_)));
            let Some(before) = self.outline.before(index).filter(|_| norm) else { continue };
            let before = &self.outline.nodes[before];
            let biased = |layer: &Layer| match layer {
                Layer::Conv2d(config) => config.bias,
                Layer::Dense(config) => config.bias,
                _ => false,
            };
            if before.is(biased) {
                hints.push(format!(
                    "the bias of {} has no effect before batch_norm: bias = false",
                    before.path.describe(before.operation.type_name())
                ));
            }
        }
    }
}

impl SummaryRow {
    /// The row of the entry that begins with node `index`, of which nothing is counted yet; `before`
    /// is the entry of the row above.
    fn of(index: usize, before: Option<usize>, outline: &Outline) -> Self {
        let first = &outline.nodes[index];
        let entry = first.entry;
        let nodes = outline.nodes.iter().filter(|node| node.entry == entry);
        let mut takes: Vec<Option<usize>> = Vec::new();
        for source in nodes.flat_map(|node| &node.inputs) {
            let from = match *source {
                Source::Input => None,
                Source::Node(at) => Some(outline.nodes[at].entry),
            };
            if from != Some(entry) && !takes.contains(&from) {
                takes.push(from);
            }
        }
        let name = |entry: Option<usize>| match entry {
            None => INPUT.to_owned(),
            Some(entry) => name_of(entry, outline),
        };
        let from =
            if takes == [before] { Vec::new() } else { takes.into_iter().map(name).collect() };
        Self {
            name: name_of(entry, outline),
            from,
            description: outline.entries.get(entry).cloned().unwrap_or_default(),
            output: Shape::new(&[]),
            cost: Cost::default(),
            activation_bytes: 0,
            receptive_field: None,
        }
    }
}

/// The name of an entry of the list of layers.
fn name_of(entry: usize, outline: &Outline) -> String {
    let node = outline.nodes.iter().find(|node| node.entry == entry);
    let first = node.and_then(|node| node.path.segments().first());
    first.map_or_else(|| entry.to_string(), ToString::to_string)
}

impl Graph {
    /// What the model is made of, modules of the user's own included.
    ///
    /// # Errors
    /// When a layer's settings are impossible, which a built model's are not.
    pub fn summary(&self) -> Result<Summary, BuildError> {
        Summary::of_outline(self.outline().clone())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn recurrent_layers_keep_their_gates() {
        let model = |recompute| {
            let lstm = crate::layers::LstmConfig {
                layers: 2,
                recompute,
                ..crate::layers::LstmConfig::new(8)
            };
            let layers = Sequential::input([]).layer(lstm).dense(3).into_layers();
            Summary::of(&layers, [10, 4]).unwrap()
        };
        let summary = model(false);
        assert_eq!((summary.steps(), summary.total.macs % 10), (Some(10), 0));
        // Outputs, four gates and the cell of two layers.
        assert_eq!(summary.rows[0].activation_bytes, 4 * 2 * 10 * 6 * 8);
        assert_eq!(model(true).rows[0].activation_bytes, 4 * 2 * 10 * 8);
    }

    use super::*;
    use crate::{Sequential, buffer_count, parameter_count};

    #[test]
    fn it_counts_what_is_built() {
        let builder = Sequential::input([28, 28, 1])
            .conv2d(8, 3)
            .batch_norm()
            .relu()
            .residual(|block| block.conv2d(16, 1).batch_norm())
            .max_pool(2)
            .global_avg_pool()
            .dense(10);
        let summary = Summary::of(&builder.clone().into_layers(), [28, 28, 1]).unwrap();
        let model = builder.build(7).unwrap();
        assert_eq!(summary.total.parameters, parameter_count(&model));
        assert_eq!(summary.total.buffers, buffer_count(&model));
        assert_eq!(summary.rows[0].cost.macs, 26 * 26 * 8 * 9);
        assert_eq!(summary.rows[6].cost.macs, 160);
        assert_eq!(summary.rows[0].activation_bytes, 26 * 26 * 8 * 4);
        let fields: Vec<_> =
            summary.rows.iter().map(|row| row.receptive_field.unwrap().to_string()).collect();
        assert_eq!(fields, ["3×3", "3×3", "3×3", "3×3", "4×4", "all", "all"]);
    }

    #[test]
    fn it_shows_who_takes_what() {
        use crate::graph::Join;
        use crate::layers::DenseConfig;

        let head = NodeConfig::new(DenseConfig::new(2)).joining(Join::Concat, ["1", "stem"]);
        let builder = Sequential::input([4]).dense(8).named("stem").relu().layer(head);
        let own = Sequential::input([2]).dense(3).build(1).unwrap();
        let model = builder.clone().build(7).unwrap().with_module(own, [3]);
        let summary = model.summary().unwrap();
        let rows = summary.rows.iter().map(|row| (row.name.as_str(), row.from.join(" ")));
        let rows: Vec<_> = rows.collect();
        let expected =
            [("stem", ""), ("1", ""), ("2", "1 stem"), ("3", "")].map(|(a, b)| (a, b.to_owned()));
        assert_eq!(rows, expected);
        assert_eq!(summary.rows[2].description, "concat, dense, 2 units");
        assert_eq!(
            (summary.rows[3].description.as_str(), summary.rows[3].cost.parameters),
            ("Graph", 9)
        );
        assert_eq!(summary.total.parameters, parameter_count(&model));
        let listed = Summary::of(&builder.into_layers(), [4]).unwrap();
        assert_eq!(listed.rows, summary.rows[..3]);
    }

    #[test]
    fn memory_is_estimated_by_kind() {
        let layers = Sequential::input([4]).dense(2).into_layers();
        let memory = Summary::of(&layers, [4]).unwrap().memory(10, 2);
        let expected =
            MemoryEstimate { weights: 40, gradients: 40, optimizer: 80, activations: 240 };
        assert_eq!((memory, memory.total()), (expected, 400));
    }

    #[test]
    fn hints_are_given_where_they_apply() {
        let hints = |layers: Vec<NodeConfig>| Summary::of(&layers, [8, 8, 1]).unwrap().hints();
        let layers = Sequential::input([]).conv2d(4, 3).batch_norm().flatten().dense(100);
        let hints_given = hints(layers.into_layers());
        assert!(hints_given[0].contains("layer 3 (dense)"), "{hints_given:?}");
        assert!(hints_given[1].contains("layer 0 (conv2d)"), "{hints_given:?}");
        let fine = Sequential::input([]).conv2d(4, 3).relu().global_avg_pool().dense(10);
        assert!(hints(fine.into_layers()).is_empty());
    }

    #[test]
    fn the_first_error_is_reported() {
        let layers = Sequential::input([]).conv2d(4, 3).conv2d(4, 9).into_layers();
        assert_eq!(Summary::of(&layers, [8, 8, 1]).unwrap_err().path.to_string(), "1");
    }
}
