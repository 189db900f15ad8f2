//! Batch normalization.

use std::fmt;

use glassbox_tensor::{Activation, BatchNormMode, BatchStatistics, Rng, Shape, Tensor};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::config::{Cost, LayerConfig};
use super::dense::yes;
use crate::Parameters;
use crate::buffer::{Buffer, BufferUpdate};
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape, with_kind};
use crate::module::Module;
use crate::padding::Packed;
use crate::param::Param;

/// `type = "batch_norm"`: every channel is shifted and scaled to mean 0 and variance 1 over the
/// batch, then by a learned scale and shift (Ioffe and Szegedy 2015). Evaluation uses running
/// averages of the statistics instead. In sequences the padding of shorter ones does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchNormConfig {
    /// How far the running statistics move toward those of a batch: a number in `[0, 1]`, or
    /// `"cumulative"` for the plain average of all batches.
    pub momentum: Momentum,
    /// Added to the variance under the root, above 0.
    pub epsilon: f32,
    /// Whether there is a learned scale and shift.
    #[serde(default = "yes")]
    pub affine: bool,
}

impl Default for BatchNormConfig {
    fn default() -> Self {
        Self { momentum: Momentum::Weight(0.1), epsilon: 1e-5, affine: true }
    }
}

/// How running statistics follow the batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Momentum {
    /// `running = (1 - weight) running + weight batch`.
    Weight(f32),
    /// The average of all batches so far, each counting the same.
    Cumulative,
}

impl Serialize for Momentum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Weight(weight) => weight.serialize(serializer),
            Self::Cumulative => "cumulative".serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Momentum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl Visitor<'_> for Forms {
            type Value = Momentum;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number between 0 and 1, or \"cumulative\"")
            }

            fn visit_f64<E: Error>(self, weight: f64) -> Result<Momentum, E> {
                if (0.0..=1.0).contains(&weight) {
                    return Ok(Momentum::Weight(weight as f32));
                }
                Err(E::invalid_value(Unexpected::Float(weight), &self))
            }

            fn visit_u64<E: Error>(self, weight: u64) -> Result<Momentum, E> {
                self.visit_f64(weight as f64)
            }

            fn visit_i64<E: Error>(self, weight: i64) -> Result<Momentum, E> {
                self.visit_f64(weight as f64)
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Momentum, E> {
                match name {
                    "cumulative" => Ok(Momentum::Cumulative),
                    _ => Err(E::unknown_variant(name, &["cumulative"])),
                }
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

impl BatchNormConfig {
    fn channels(input: Shape) -> Result<usize, BuildError> {
        input.dims().last().copied().ok_or_else(|| {
            BuildError::new("GB0202", Self::TYPE, "at least one axis", with_kind(input))
        })
    }
}

impl LayerConfig for BatchNormConfig {
    const TYPE: &'static str = "batch_norm";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        Self::channels(input)?;
        // With 0, a channel that is the same everywhere would be 0 / 0.
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            let found = self.epsilon.to_string();
            return Err(
                BuildError::new("GB0204", Self::TYPE, "`epsilon` above 0", found).field("epsilon")
            );
        }
        checked_shape(Self::TYPE, &input)
    }

    fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        Ok(Box::new(BatchNorm::new(self, Self::channels(input)?)))
    }

    fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        self.output_shape(input)?;
        let channels = Self::channels(input)?;
        let parameters = if self.affine { 2 * channels } else { 0 };
        Ok(Cost { parameters, buffers: 2 * channels + 1, ..Cost::default() })
    }

    fn smallest_training_batch(&self, input: Shape) -> usize {
        let places = input.dims().split_last().map_or(&[][..], |(_, places)| places);
        if places.iter().any(|&length| length > 1) { 1 } else { 2 }
    }
}

/// Batch normalization of `[batch, …, channels]`, channel by channel:
/// `y = weight (x - mean) / √(variance + epsilon) + bias`.
#[derive(Clone, Debug, Parameters)]
pub struct BatchNorm {
    /// The learned scale, `[channels]`.
    pub weight: Option<Param>,
    /// The learned shift, `[channels]`.
    pub bias: Option<Param>,
    /// The running average of the mean, `[channels]`.
    pub running_mean: Buffer,
    /// The running average of the unbiased variance, `[channels]`.
    pub running_var: Buffer,
    /// How many batches the averages have seen.
    pub num_batches_tracked: Buffer,
    #[parameters(skip)]
    momentum: Momentum,
    epsilon: f32,
}

impl BatchNorm {
    /// A layer that has seen no batch.
    pub fn new(config: &BatchNormConfig, channels: usize) -> Self {
        let param = |value: f32| {
            config.affine.then(|| Param::new(Tensor::full([channels], value)).without_decay())
        };
        Self {
            weight: param(1.0),
            bias: param(0.0),
            running_mean: Buffer::new(Tensor::zeros([channels])),
            running_var: Buffer::new(Tensor::ones([channels])),
            num_batches_tracked: Buffer::new(Tensor::scalar(0.0)),
            momentum: config.momentum,
            epsilon: config.epsilon,
        }
    }

    fn average_weight(&self, cx: &Cx) -> f32 {
        match self.momentum {
            Momentum::Weight(weight) => weight,
            Momentum::Cumulative => {
                let waiting = cx.queued(&self.num_batches_tracked) as f32;
                1.0 / (self.num_batches_tracked.value().item() + waiting + 1.0)
            }
        }
    }

    /// The steps that the statistics of a batch are taken over, where others are padding.
    fn steps(&self, input: &Tensor, cx: &Cx) -> Option<Packed> {
        // Fixed statistics do not mix steps.
        if cx.is_training() { cx.pack("batch_norm", input) } else { None }
    }

    /// Runs `operation` with scale, shift and mode, and lets the running statistics follow.
    fn normalized(
        &self,
        input: &Tensor,
        cx: &mut Cx,
        operation: impl FnOnce(
            Option<&Tensor>,
            Option<&Tensor>,
            BatchNormMode<'_>,
        ) -> (Tensor, Option<BatchStatistics>),
    ) -> Tensor {
        let channels = self.running_mean.elements();
        let fits = input.dims().last() == Some(&channels);
        cx.expect_shape("batch_norm", input, fits, format_args!("{channels} channels"));
        assert!(
            !cx.is_training() || input.elements() > channels,
            "{} cannot be trained on one value a channel (a batch of shape {}): use larger batches",
            cx.name("batch_norm"),
            input.shape()
        );
        let weight = self.weight.as_ref().map(|weight| weight.on(cx));
        let bias = self.bias.as_ref().map(|bias| bias.on(cx));
        let mode = if cx.is_training() {
            BatchNormMode::Train
        } else {
            let (mean, variance) = (self.running_mean.value(), self.running_var.value());
            BatchNormMode::Eval { mean, variance }
        };
        let (output, statistics) = operation(weight.as_ref(), bias.as_ref(), mode);
        if let Some(statistics) = statistics {
            let weight = self.average_weight(cx);
            let variance = statistics.unbiased_variance();
            for (buffer, toward) in
                [(&self.running_mean, statistics.mean), (&self.running_var, variance)]
            {
                cx.queue(buffer, BufferUpdate::Blend { toward, weight });
            }
            cx.queue(&self.num_batches_tracked, BufferUpdate::Add(Tensor::scalar(1.0)));
        }
        output
    }
}

impl BatchNorm {
    /// The layer, and an activation that it applies while it stores its result.
    pub(crate) fn forward_activated(
        &self,
        input: &Tensor,
        activation: Activation,
        cx: &mut Cx,
    ) -> Tensor {
        if let Some(steps) = self.steps(input, cx) {
            let taken = steps.take(input);
            return steps.spread(&self.normalized(&taken, cx, |scale, shift, mode| {
                taken.batch_norm(scale, shift, mode, self.epsilon, activation)
            }));
        }
        self.normalized(input, cx, |scale, shift, mode| {
            input.batch_norm(scale, shift, mode, self.epsilon, activation)
        })
    }

    /// The layer, whose result gets `addend` added before the activation.
    pub(crate) fn forward_added(
        &self,
        input: &Tensor,
        addend: &Tensor,
        activation: Activation,
        cx: &mut Cx,
    ) -> Tensor {
        if let Some(steps) = self.steps(input, cx) {
            let (taken, addend) = (steps.take(input), steps.take(addend));
            return steps.spread(&self.normalized(&taken, cx, |scale, shift, mode| {
                taken.batch_norm_add(&addend, scale, shift, mode, self.epsilon, activation)
            }));
        }
        self.normalized(input, cx, |scale, shift, mode| {
            input.batch_norm_add(addend, scale, shift, mode, self.epsilon, activation)
        })
    }
}

impl Module for BatchNorm {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        self.forward_activated(input, Activation::Identity, cx)
    }

    fn kind(&self) -> &'static str {
        BatchNormConfig::TYPE
    }
}

impl Builder {
    /// Adds batch normalization with momentum 0.1: [`BatchNormConfig`].
    #[must_use]
    pub fn batch_norm(self) -> Self {
        self.layer(BatchNormConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(config: &BatchNormConfig, batches: &[&[f32]]) -> BatchNorm {
        let mut layer = BatchNorm::new(config, 1);
        let mut cx = Cx::train(0, 0);
        for batch in batches {
            let _ = layer.forward(&Tensor::from_slice(batch, [batch.len(), 1]), &mut cx);
        }
        cx.commit(&mut layer);
        layer
    }

    #[test]
    fn running_statistics_move_toward_the_batch() {
        let layer = run(&BatchNormConfig::default(), &[&[1.0, 3.0]]);
        assert!((layer.running_mean.value().item() - 0.2).abs() < 1e-6);
        // 0.9 · 1 + 0.1 · 2, the unbiased variance.
        assert!((layer.running_var.value().item() - 1.1).abs() < 1e-6);
        assert_eq!(layer.num_batches_tracked.value().item(), 1.0);
    }

    #[test]
    fn cumulative_statistics_are_plain_averages() {
        let config = BatchNormConfig { momentum: Momentum::Cumulative, ..Default::default() };
        let layer = run(&config, &[&[1.0, 3.0], &[4.0, 6.0], &[7.0, 9.0]]);
        assert!((layer.running_mean.value().item() - 5.0).abs() < 1e-6);
        assert!((layer.running_var.value().item() - 2.0).abs() < 1e-6);
    }

    #[test]
    fn evaluation_uses_the_running_statistics() {
        let mut layer = BatchNorm::new(&BatchNormConfig { epsilon: 0.0, ..Default::default() }, 1);
        layer.running_mean.update(|mean| mean[0] = 3.0);
        layer.running_var.update(|variance| variance[0] = 4.0);
        let output = layer.forward(&Tensor::from_slice(&[7.0], [1, 1]), &mut Cx::eval());
        assert!((output.item() - 2.0).abs() < 1e-6);
    }

    #[test]
    #[should_panic(expected = "layer 1 (batch_norm) cannot be trained on one value a channel")]
    fn one_value_has_no_variance() {
        let layer = BatchNorm::new(&BatchNormConfig::default(), 3);
        Cx::train(0, 0).scope(1, |cx| layer.forward(&Tensor::zeros([1, 3]), cx));
    }

    #[test]
    fn small_batches_are_known_beforehand() {
        let config = BatchNormConfig::default();
        assert_eq!(config.smallest_training_batch([8].into()), 2);
        assert_eq!(config.smallest_training_batch([1, 1, 8].into()), 2);
        assert_eq!(config.smallest_training_batch([2, 2, 8].into()), 1);
    }

    #[test]
    fn momentum_has_two_forms() {
        let read = |text: &str| serde_json::from_str::<BatchNormConfig>(text);
        assert_eq!(read(r#"{"momentum": 1}"#).unwrap().momentum, Momentum::Weight(1.0));
        let cumulative = read(r#"{"momentum": "cumulative"}"#).unwrap();
        assert_eq!(
            serde_json::from_str::<BatchNormConfig>(&serde_json::to_string(&cumulative).unwrap())
                .unwrap(),
            cumulative
        );
        assert!(read(r#"{"momentum": 1.5}"#).is_err() && read(r#"{"momentum": "x"}"#).is_err());
    }
}
