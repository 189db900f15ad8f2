//! Initial values of weights.

use glassbox_tensor::{Rng, Shape, Tensor};
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// How a weight starts. In recipes `init = "zeros"`, or `init = { type = "normal", std = 0.02 }`.
///
/// `fan_in` is the number of inputs that one output of a layer sums over, `fan_out` the number of
/// outputs that one input reaches ([`Fans`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Init {
    /// Uniform in `±1/√fan_in`, for weights and biases (LeCun et al. 1998).
    #[default]
    Default,
    /// All 0.
    Zeros,
    /// All the same.
    Constant {
        /// The value.
        value: f32,
    },
    /// Uniform in `[low, high)`.
    Uniform {
        /// The lower bound.
        low: f32,
        /// The upper bound.
        high: f32,
    },
    /// Normal.
    Normal {
        /// The mean.
        mean: f32,
        /// The standard deviation.
        std: f32,
    },
    /// Uniform in `±gain √(6 / (fan_in + fan_out))` (Glorot and Bengio 2010).
    XavierUniform {
        /// A factor.
        gain: f32,
    },
    /// Normal with `std = gain √(2 / (fan_in + fan_out))` (Glorot and Bengio 2010).
    XavierNormal {
        /// A factor.
        gain: f32,
    },
    /// Uniform in `±gain √(3 / fan)` (He et al. 2015).
    KaimingUniform {
        /// Which fan.
        mode: FanMode,
        /// What follows the layer; it decides the gain.
        nonlinearity: Nonlinearity,
    },
    /// Normal with `std = gain / √fan` (He et al. 2015).
    KaimingNormal {
        /// Which fan.
        mode: FanMode,
        /// What follows the layer; it decides the gain.
        nonlinearity: Nonlinearity,
    },
    /// Orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2014).
    Orthogonal {
        /// A factor.
        gain: f32,
    },
    /// A dense layer that begins as the identity: 1 on the diagonal.
    Eye,
    /// A convolution that begins as the identity: 1 at the window's centre, from each input
    /// channel to the output channel of the same number within its group.
    Dirac {
        /// The convolution's groups.
        groups: usize,
    },
}

/// Which fan keeps its variance: that of the forward or the backward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FanMode {
    /// Activations keep their variance.
    #[default]
    FanIn,
    /// Gradients keep their variance.
    FanOut,
}

/// What follows a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nonlinearity {
    /// Nothing.
    Linear,
    /// The logistic function.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// A rectifier.
    #[default]
    Relu,
    /// A rectifier with this slope on the negative side.
    LeakyRelu(f32),
    /// The self-normalising unit (Klambauer et al. 2017).
    Selu,
}

impl Nonlinearity {
    /// The factor on the standard deviation that makes up for what the function takes away.
    pub fn gain(self) -> f64 {
        match self {
            Self::Linear | Self::Sigmoid => 1.0,
            Self::Tanh => 5.0 / 3.0,
            Self::Relu => 2f64.sqrt(),
            Self::LeakyRelu(slope) => (2.0 / (1.0 + f64::from(slope).powi(2))).sqrt(),
            Self::Selu => 0.75,
        }
    }
}

/// How many inputs an output sums over, and how many outputs an input reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of an output.
    pub fan_in: usize,
    /// Outputs of an input.
    pub fan_out: usize,
}

impl Fans {
    /// The fans of a weight `[…window, inputs, outputs]`: dense `[inputs, outputs]`, convolution
    /// `[kernel height, kernel width, inputs / groups, outputs]`.
    pub fn of(shape: Shape) -> Self {
        let (outputs, rest) = shape.dims().split_last().unwrap_or((&1, &[]));
        let (inputs, window) = rest.split_last().unwrap_or((&1, &[]));
        let window: usize = window.iter().product();
        Self { fan_in: window * inputs, fan_out: window * outputs }
    }
}

impl Init {
    /// A weight of this shape, `[inputs, outputs]` or `[…window, inputs / groups, outputs]`.
    ///
    /// ```
    /// use glassbox_nn::Init;
    /// use glassbox_tensor::Rng;
    ///
    /// let weight = Init::Default.weight([4, 3], &mut Rng::new(7));
    /// assert!(weight.as_slice().iter().all(|w| w.abs() <= 0.5));
    /// ```
    pub fn weight(&self, shape: impl Into<Shape>, rng: &mut Rng) -> Tensor {
        let shape = shape.into();
        self.draw(shape, Fans::of(shape), rng)
    }

    /// The bias that goes with a weight of the given fans: uniform in `±1/√fan_in` under
    /// [`Init::Default`], zeros otherwise.
    pub fn bias(&self, length: usize, fans: Fans, rng: &mut Rng) -> Tensor {
        match self {
            Self::Default => self.draw([length].into(), fans, rng),
            _ => Tensor::zeros([length]),
        }
    }

    fn draw(&self, shape: Shape, fans: Fans, rng: &mut Rng) -> Tensor {
        let (fan_in, fan_out) = (fans.fan_in as f64, fans.fan_out as f64);
        let fan = |mode| if mode == FanMode::FanIn { fan_in } else { fan_out };
        match *self {
            Self::Default => uniform(shape, (1.0 / fan_in).sqrt(), rng),
            Self::Zeros => Tensor::zeros(shape),
            Self::Constant { value } => Tensor::full(shape, value),
            Self::Uniform { low, high } => filled(shape, || rng.range(low, high)),
            Self::Normal { mean, std } => filled(shape, || mean + std * rng.normal()),
            Self::XavierUniform { gain } => {
                uniform(shape, f64::from(gain) * (6.0 / (fan_in + fan_out)).sqrt(), rng)
            }
            Self::XavierNormal { gain } => {
                normal(shape, f64::from(gain) * (2.0 / (fan_in + fan_out)).sqrt(), rng)
            }
            Self::KaimingUniform { mode, nonlinearity } => {
                uniform(shape, nonlinearity.gain() * (3.0 / fan(mode)).sqrt(), rng)
            }
            Self::KaimingNormal { mode, nonlinearity } => {
                normal(shape, nonlinearity.gain() / fan(mode).sqrt(), rng)
            }
            Self::Orthogonal { gain } => orthogonal(shape, gain, rng),
            Self::Eye => diagonal(shape, 1),
            Self::Dirac { groups } => diagonal(shape, groups.max(1)),
        }
    }
}

fn filled(shape: Shape, mut draw: impl FnMut() -> f32) -> Tensor {
    Tensor::build(shape, |out| out.fill_with(&mut draw))
}

fn uniform(shape: Shape, bound: f64, rng: &mut Rng) -> Tensor {
    let bound = bound as f32;
    filled(shape, || rng.range(-bound, bound))
}

fn normal(shape: Shape, std: f64, rng: &mut Rng) -> Tensor {
    let std = std as f32;
    filled(shape, || std * rng.normal())
}

/// Gram and Schmidt on normal vectors, each orthogonalised twice, which is enough in double
/// precision (Giraud, Langou and Rozložník 2005).
fn orthogonal(shape: Shape, gain: f32, rng: &mut Rng) -> Tensor {
    let columns = shape.dims().last().copied().unwrap_or(1).max(1);
    let rows = shape.elements() / columns;
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    while basis.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| f64::from(rng.normal())).collect();
        for _ in 0..2 {
            for other in &basis {
                let along = dot(&vector, other);
                vector.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
        basis.push(vector);
    }
    Tensor::build(shape, |out| {
        for (i, out) in out.iter_mut().enumerate() {
            let (row, column) = (i / columns, i % columns);
            let value = if rows < columns { basis[row][column] } else { basis[column][row] };
            *out = gain * value as f32;
        }
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Ones from input channel `i` to output channel `i` of each group, at the window's centre.
fn diagonal(shape: Shape, groups: usize) -> Tensor {
    let mut weight = Tensor::zeros(shape);
    let &[ref window @ .., inputs, outputs] = shape.dims() else { return weight };
    let centre = window.iter().fold(0, |index, length| index * length + length / 2);
    let values = weight.make_mut();
    let of_group = outputs / groups;
    for group in 0..groups {
        for channel in 0..of_group.min(inputs) {
            values[(centre * inputs + channel) * outputs + group * of_group + channel] = 1.0;
        }
    }
    weight
}

/// The table form, with what each initialiser leaves out filled in.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Table {
    Default,
    Zeros,
    Constant {
        value: f32,
    },
    Uniform {
        #[serde(default = "minus_one")]
        low: f32,
        #[serde(default = "one")]
        high: f32,
    },
    Normal {
        #[serde(default)]
        mean: f32,
        #[serde(default = "one")]
        std: f32,
    },
    XavierUniform {
        #[serde(default = "one")]
        gain: f32,
    },
    XavierNormal {
        #[serde(default = "one")]
        gain: f32,
    },
    KaimingUniform {
        #[serde(default)]
        mode: FanMode,
        #[serde(default)]
        nonlinearity: Nonlinearity,
    },
    KaimingNormal {
        #[serde(default)]
        mode: FanMode,
        #[serde(default)]
        nonlinearity: Nonlinearity,
    },
    Orthogonal {
        #[serde(default = "one")]
        gain: f32,
    },
    Eye,
    Dirac {
        #[serde(default = "one_group")]
        groups: usize,
    },
}

fn one() -> f32 {
    1.0
}

fn minus_one() -> f32 {
    -1.0
}

fn one_group() -> usize {
    1
}

impl From<Table> for Init {
    fn from(table: Table) -> Self {
        match table {
            Table::Default => Self::Default,
            Table::Zeros => Self::Zeros,
            Table::Constant { value } => Self::Constant { value },
            Table::Uniform { low, high } => Self::Uniform { low, high },
            Table::Normal { mean, std } => Self::Normal { mean, std },
            Table::XavierUniform { gain } => Self::XavierUniform { gain },
            Table::XavierNormal { gain } => Self::XavierNormal { gain },
            Table::KaimingUniform { mode, nonlinearity } => {
                Self::KaimingUniform { mode, nonlinearity }
            }
            Table::KaimingNormal { mode, nonlinearity } => {
                Self::KaimingNormal { mode, nonlinearity }
            }
            Table::Orthogonal { gain } => Self::Orthogonal { gain },
            Table::Eye => Self::Eye,
            Table::Dirac { groups } => Self::Dirac { groups },
        }
    }
}

/// From a name alone or a table with a `type`.
impl<'de> Deserialize<'de> for Init {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = Table;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of an initialiser, or a table with its `type`")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Table, E> {
                Table::deserialize(MapDeserializer::new([("type", name)].into_iter()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_any(Forms).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean, standard deviation and the largest absolute value.
    fn moments(init: Init, shape: [usize; 2]) -> (f64, f64, f64) {
        let weight = init.weight(shape, &mut Rng::new(7));
        let n = weight.elements() as f64;
        let values = || weight.as_slice().iter().map(|&w| f64::from(w));
        let mean = values().sum::<f64>() / n;
        let variance = values().map(|w| (w - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt(), values().fold(0.0, |m, w| m.max(w.abs())))
    }

    #[test]
    fn draws_have_the_bounds_and_moments_they_should() {
        let shape = [300, 200];
        let uniform = |bound: f64| (bound / 3f64.sqrt(), bound);
        let normal = |std: f64| (std, 6.0 * std);
        let (mode, nonlinearity) = (FanMode::FanIn, Nonlinearity::Relu);
        let out = FanMode::FanOut;
        for (init, (std, bound)) in [
            (Init::Default, uniform((1f64 / 300.0).sqrt())),
            (Init::Uniform { low: -0.5, high: 0.5 }, uniform(0.5)),
            (Init::Normal { mean: 0.0, std: 0.25 }, normal(0.25)),
            (Init::XavierUniform { gain: 2.0 }, uniform(2.0 * (6f64 / 500.0).sqrt())),
            (Init::XavierNormal { gain: 1.0 }, normal((2f64 / 500.0).sqrt())),
            (Init::KaimingUniform { mode, nonlinearity }, uniform((6f64 / 300.0).sqrt())),
            (Init::KaimingNormal { mode, nonlinearity }, normal((2f64 / 300.0).sqrt())),
            (Init::KaimingNormal { mode: out, nonlinearity }, normal((2f64 / 200.0).sqrt())),
        ] {
            let (mean, drawn_std, largest) = moments(init, shape);
            assert!(mean.abs() < 0.02 * std && (drawn_std / std - 1.0).abs() < 0.02, "{init:?}");
            assert!(largest <= bound * 1.000_001 && largest > 0.6 * bound, "{init:?}: {largest}");
        }
    }

    #[test]
    fn fans_follow_the_layout() {
        assert_eq!(Fans::of([5, 7].into()), Fans { fan_in: 5, fan_out: 7 });
        assert_eq!(Fans::of([3, 3, 4, 8].into()), Fans { fan_in: 36, fan_out: 72 });
    }

    #[test]
    fn orthogonal_weights_preserve_lengths() {
        for shape in [[6, 4], [4, 6], [5, 5]] {
            let weight = Init::Orthogonal { gain: 1.0 }.weight(shape, &mut Rng::new(1));
            let [rows, columns] = shape;
            let at = |i: usize, j: usize| f64::from(weight.as_slice()[i * columns + j]);
            let wide = rows < columns;
            for a in 0..rows.min(columns) {
                for b in 0..rows.min(columns) {
                    let product: f64 = (0..rows.max(columns))
                        .map(|k| if wide { at(a, k) * at(b, k) } else { at(k, a) * at(k, b) })
                        .sum();
                    let expected = f64::from(u8::from(a == b));
                    assert!((product - expected).abs() < 1e-6, "{shape:?} {a} {b}: {product}");
                }
            }
        }
    }

    #[test]
    fn identities() {
        let mut rng = Rng::new(0);
        assert_eq!(Init::Eye.weight([2, 3], &mut rng).to_vec(), [1., 0., 0., 0., 1., 0.]);
        let dirac = Init::Dirac { groups: 2 }.weight([3, 1, 2, 4], &mut rng);
        let ones: Vec<_> = dirac
            .as_slice()
            .iter()
            .enumerate()
            .filter(|(_, w)| **w == 1.0)
            .map(|(i, _)| i)
            .collect();
        // Window row 1; (input 0 → outputs 0 and 2), (input 1 → outputs 1 and 3).
        assert_eq!(ones, [8, 10, 13, 15]);
    }

    #[test]
    fn both_forms_are_read_and_mistakes_named() {
        let read = |text: &str| serde_json::from_str::<Init>(text);
        assert_eq!(read("\"zeros\"").unwrap(), Init::Zeros);
        assert_eq!(read("\"xavier_normal\"").unwrap(), Init::XavierNormal { gain: 1.0 });
        let leaky = Init::KaimingNormal {
            mode: FanMode::FanOut,
            nonlinearity: Nonlinearity::LeakyRelu(0.2),
        };
        let text = serde_json::to_string(&leaky).unwrap();
        assert_eq!(read(&text).unwrap(), leaky);
        assert!(read("\"zeroes\"").unwrap_err().to_string().contains("unknown variant `zeroes`"));
        let error = read(r#"{"type": "normal", "sdt": 1}"#).unwrap_err().to_string();
        assert!(error.contains("unknown field `sdt`"), "{error}");
    }
}
