//! Initial values of weights.

use glassbox_tensor::{Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

mod forms;
mod patterns;

use patterns::{diagonal, orthogonal};

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
            Self::Uniform { low, high } => {
                Tensor::build(shape, |out| rng.fill_range(low, high, out))
            }
            Self::Normal { mean, std } => normal(shape, mean, f64::from(std), rng),
            Self::XavierUniform { gain } => {
                uniform(shape, f64::from(gain) * (6.0 / (fan_in + fan_out)).sqrt(), rng)
            }
            Self::XavierNormal { gain } => {
                normal(shape, 0.0, f64::from(gain) * (2.0 / (fan_in + fan_out)).sqrt(), rng)
            }
            Self::KaimingUniform { mode, nonlinearity } => {
                uniform(shape, nonlinearity.gain() * (3.0 / fan(mode)).sqrt(), rng)
            }
            Self::KaimingNormal { mode, nonlinearity } => {
                normal(shape, 0.0, nonlinearity.gain() / fan(mode).sqrt(), rng)
            }
            Self::Orthogonal { gain } => orthogonal(shape, gain, rng),
            Self::Eye => diagonal(shape, 1),
            Self::Dirac { groups } => diagonal(shape, groups.max(1)),
        }
    }
}

fn uniform(shape: Shape, bound: f64, rng: &mut Rng) -> Tensor {
    let bound = bound as f32;
    Tensor::build(shape, |out| rng.fill_range(-bound, bound, out))
}

fn normal(shape: Shape, mean: f32, std: f64, rng: &mut Rng) -> Tensor {
    let std = std as f32;
    Tensor::build(shape, |out| {
        rng.fill_normal(out);
        out.iter_mut().for_each(|x| *x = mean + std * *x);
    })
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
}
