//! The range of the values that layers give, followed through the graph from node to node.

use std::fmt;

use super::{Join, Node, Operation, Outline, Source};
use crate::layers::{Layer, RnnActivation};
use crate::settings::{number_text, rounded};

/// The range of the values that a layer or a model can give.
///
/// ```
/// use glassbox_nn::{Outline, Reach, Sequential};
///
/// let layers = Sequential::input([4]).dense(3).sigmoid();
/// let reach = Reach::of(&Outline::of(&layers.into_layers(), [4])?);
/// assert_eq!((reach.low, reach.high), (0.0, 1.0));
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// None is below.
    pub low: f64,
    /// None is above.
    pub high: f64,
    /// The node that confines them, by its place in the graph's order.
    pub by: Option<usize>,
    /// Whether those of an item sum to 1.
    pub sums_to_one: bool,
}

/// Any values: what inputs, dense layers and convolutions give.
const ANY: Reach =
    Reach { low: f64::NEG_INFINITY, high: f64::INFINITY, by: None, sums_to_one: false };

/// The least value of GELU, and of SiLU.
const LEAST_GELU: f64 = -0.17;
const LEAST_SILU: f64 = -0.2785;

impl Reach {
    /// That of a model's output, for inputs of any value.
    pub fn of(outline: &Outline) -> Self {
        let mut all: Vec<Self> = Vec::with_capacity(outline.nodes.len());
        let reach_of = |source: Source, all: &[Self]| match source {
            Source::Input => ANY,
            Source::Node(index) => all[index],
        };
        for (index, node) in outline.nodes.iter().enumerate() {
            let inputs: Vec<Self> = node.inputs.iter().map(|&from| reach_of(from, &all)).collect();
            all.push(after_node(index, node, &inputs));
        }
        reach_of(outline.output, &all)
    }

    /// Whether `value` is within, up to rounding.
    pub fn contains(&self, value: f64) -> bool {
        let room = 1e-6 * value.abs().max(1.0);
        value >= self.low - room && value <= self.high + room
    }

    /// `values from 0 to 1`, `no value below 0`.
    pub fn in_words(&self) -> String {
        let (low, high) = (number_text(rounded(self.low)), number_text(rounded(self.high)));
        match (self.low.is_finite(), self.high.is_finite()) {
            (true, true) => format!("values from {low} to {high}"),
            (true, false) => format!("no value below {low}"),
            (false, true) => format!("no value above {high}"),
            (false, false) => "any value".into(),
        }
    }

    /// Between the values of a function that grows.
    fn mapped(self, f: impl Fn(f64) -> f64) -> Self {
        Self { low: f(self.low), high: f(self.high), sums_to_one: false, ..self }
    }

    fn between(self, low: f64, high: f64) -> Self {
        Self { low, high, ..self }
    }

    /// After the join of two inputs.
    fn joined(self, join: Join, other: Self) -> Self {
        let (low, high) = match join {
            Join::Add => (self.low + other.low, self.high + other.high),
            Join::Concat => (self.low.min(other.low), self.high.max(other.high)),
            Join::Mul => {
                let ends =
                    [self.low, self.high].map(|a| [other.low, other.high].map(|b| times(a, b)));
                let ends = ends.concat();
                let least = ends.iter().copied().fold(f64::INFINITY, f64::min);
                (least, ends.iter().copied().fold(f64::NEG_INFINITY, f64::max))
            }
        };
        let by = if low.is_finite() || high.is_finite() { self.by.or(other.by) } else { None };
        Self { low, high, by, sums_to_one: false }
    }
}

/// `with values from 0 to 1`.
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "with {}", self.in_words())
    }
}

/// A bound of a product, where nothing times infinity is nothing.
fn times(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

fn after_node(index: usize, node: &Node, inputs: &[Reach]) -> Reach {
    let before = inputs.first().copied().unwrap_or(ANY);
    let layer = match &node.operation {
        Operation::Join(join) => {
            return inputs.iter().copied().reduce(|a, b| a.joined(*join, b)).unwrap_or(ANY);
        }
        Operation::Layer(layer) => layer,
        Operation::Own { .. } => return ANY,
    };
    let next = after(layer, before);
    // A recurrent layer sets the range of its own output, whatever it is given.
    let confines = layer.is_recurrent() || next.low > before.low || next.high < before.high;
    let free = next.low == f64::NEG_INFINITY && next.high == f64::INFINITY;
    // Batch normalization spreads values, but where they were squashed they stay squashed.
    let spread = matches!(layer, Layer::BatchNorm(_));
    let by = match (confines && !free, free && !spread) {
        (true, _) => Some(index),
        (false, true) => None,
        (false, false) => before.by,
    };
    Reach { by, ..next }
}

fn after(layer: &Layer, x: Reach) -> Reach {
    match layer {
        Layer::Dense(_) | Layer::Conv2d(_) | Layer::Embedding(_) => ANY,
        Layer::BatchNorm(_) => Reach { by: x.by, ..ANY },
        Layer::Rnn(config) => match config.activation {
            RnnActivation::Tanh => ANY.between(-1.0, 1.0),
            RnnActivation::Relu => ANY.between(0.0, f64::INFINITY),
        },
        Layer::Gru(_) => ANY.between(-1.0, 1.0),
        Layer::Lstm(config) if config.projection.is_some() => ANY,
        Layer::Lstm(_) => ANY.between(-1.0, 1.0),
        // Evaluation drops nothing.
        Layer::Dropout(_) | Layer::Flatten(_) => x,
        // A mean or a largest value is within the range of what it is taken from.
        Layer::MaxPool(_) | Layer::GlobalAvgPool(_) => Reach { sums_to_one: false, ..x },
        // The zeros around an image count.
        Layer::AvgPool(_) => {
            Reach { sums_to_one: false, ..x.between(x.low.min(0.0), x.high.max(0.0)) }
        }
        Layer::Softmax(_) => Reach { sums_to_one: true, ..x.between(0.0, 1.0) },
        _ => activated(layer, x),
    }
}

/// After an activation layer.
fn activated(layer: &Layer, x: Reach) -> Reach {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match layer {
        Layer::Sigmoid(_) => x.mapped(sigmoid),
        Layer::Tanh(_) => x.mapped(f64::tanh),
        // Of values that are not negative nothing changes.
        Layer::Relu(_) | Layer::LeakyRelu(_) | Layer::Elu(_) if x.low >= 0.0 => x,
        Layer::Relu(_) => x.mapped(|x| x.max(0.0)),
        Layer::LeakyRelu(config) => {
            let slope = f64::from(config.slope);
            let leaky = |x: f64| if x > 0.0 { x } else { slope * x };
            match slope {
                0.0 => x.mapped(|x| x.max(0.0)),
                _ if slope > 0.0 => x.mapped(leaky),
                _ => Reach { sums_to_one: false, ..x.between(0.0, x.high.max(slope * x.low)) },
            }
        }
        Layer::Elu(config) => {
            let alpha = f64::from(config.alpha);
            let elu = |x: f64| if x > 0.0 { x } else { alpha * x.exp_m1() };
            let (least, most) = (elu(x.low).min(0.0), elu(x.high).max(elu(x.low)));
            Reach { sums_to_one: false, ..x.between(least, most) }
        }
        Layer::Gelu(_) => bowl(x, LEAST_GELU),
        Layer::Silu(_) => bowl(x, LEAST_SILU),
        Layer::Softplus(_) => x.mapped(|x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
        _ => ANY,
    }
}

/// After a function that falls to `least` below 0 and is at least half of `x` above it.
fn bowl(x: Reach, least: f64) -> Reach {
    let low = if x.low >= 0.0 { x.low / 2.0 } else { least };
    Reach { sums_to_one: false, ..x.between(low, x.high.max(0.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The range of layers written as in a recipe, and the layer that confines it.
    fn reached(json: &str) -> (f64, f64, Option<usize>) {
        let layers: Vec<crate::NodeConfig> = serde_json::from_str(json).unwrap();
        let shapes: [&[usize]; 4] = [&[3], &[6, 3], &[8, 8, 3], &[6]];
        let outline = shapes.iter().find_map(|&shape| Outline::of(&layers, shape).ok());
        let Reach { low, high, by, .. } = Reach::of(&outline.expect("layers that fit some input"));
        (low, high, by)
    }

    #[test]
    fn a_range_stays_until_weights_follow() {
        let inf = f64::INFINITY;
        for (json, expected) in [
            (r#"[{"type":"dense","units":3}]"#, (-inf, inf, None)),
            (r#"[{"type":"relu"},{"type":"dense","units":3}]"#, (-inf, inf, None)),
            (r#"[{"type":"relu"}]"#, (0.0, inf, Some(0))),
            (r#"[{"type":"relu"},{"type":"dropout"},{"type":"flatten"}]"#, (0.0, inf, Some(0))),
            (r#"[{"type":"softmax"},{"type":"relu"},{"type":"dropout"}]"#, (0.0, 1.0, Some(0))),
            (r#"[{"type":"softmax"},{"type":"batch_norm"}]"#, (-inf, inf, Some(0))),
            (r#"[{"type":"tanh"},{"type":"relu"}]"#, (0.0, 1.0, Some(1))),
            (r#"[{"type":"leaky_relu"}]"#, (-inf, inf, None)),
            (r#"[{"type":"elu"}]"#, (-1.0, inf, Some(0))),
            (r#"[{"type":"gelu"}]"#, (LEAST_GELU, inf, Some(0))),
            (r#"[{"type":"softplus"},{"type":"global_avg_pool"}]"#, (0.0, inf, Some(0))),
            (r#"[{"type":"gru","units":3}]"#, (-1.0, 1.0, Some(0))),
            (r#"[{"type":"lstm","units":3,"projection":2}]"#, (-inf, inf, None)),
            (
                r#"[{"type":"sigmoid"},{"type":"residual","layers":[{"type":"dropout"}]}]"#,
                (0.0, 2.0, Some(0)),
            ),
            (
                r#"[{"type":"sigmoid"},{"type":"residual","layers":[{"type":"dense","units":1}]}]"#,
                (-inf, inf, None),
            ),
        ] {
            assert_eq!(reached(json), expected, "{json}");
        }
    }
}
