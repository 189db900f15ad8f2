//! From the settings of a recurrent layer of any kind to the layer.

use glassbox_tensor::{RecurrentCell, Rng, Shape, Tensor};

use super::{Recurrent, RecurrentLayer, RecurrentStep, Return, Settings};
use crate::error::{BuildError, checked_shape, checked_size, with_kind};
use crate::init::{Fans, Init};
use crate::layers::config::{Cost, at_least_one, counted, sees_later};
use crate::module::Module;
use crate::param::Param;

pub(in crate::layers) fn one() -> usize {
    1
}

pub(in crate::layers) fn xavier() -> Init {
    Init::XavierUniform { gain: 1.0 }
}

pub(in crate::layers) fn orthogonal() -> Init {
    Init::Orthogonal { gain: 1.0 }
}

/// The settings of a recurrent layer of any kind.
pub(in crate::layers) struct Plan {
    pub(in crate::layers) kind: &'static str,
    pub(in crate::layers) cell: RecurrentCell,
    pub(in crate::layers) units: usize,
    pub(in crate::layers) layers: usize,
    pub(in crate::layers) bidirectional: bool,
    pub(in crate::layers) dropout: f32,
    pub(in crate::layers) bias: bool,
    pub(in crate::layers) returns: Return,
    pub(in crate::layers) recompute: bool,
    pub(in crate::layers) projection: Option<usize>,
    pub(in crate::layers) init: Init,
    pub(in crate::layers) recurrent_init: Init,
    pub(in crate::layers) forget_bias: f32,
}

impl Plan {
    fn directions(&self) -> usize {
        if self.bidirectional { 2 } else { 1 }
    }

    /// Values of one direction's hidden state.
    fn outputs(&self) -> usize {
        self.projection.unwrap_or(self.units)
    }

    fn width(&self) -> usize {
        self.cell.gates() * self.units
    }

    /// Steps and features of the input, once everything about the settings is known to be sane.
    fn checked(&self, input: Shape) -> Result<[usize; 2], BuildError> {
        let &[time, features] = input.dims() else {
            let (expected, found) = ("sequences of time×features", with_kind(input));
            return Err(BuildError::new("GB0202", self.kind, expected, found)
                .help("for tokens put { type = \"embedding\", dim = 64 } before it"));
        };
        checked_shape(self.kind, &input)?;
        at_least_one(self.kind, "units", self.units)?;
        at_least_one(self.kind, "layers", self.layers)?;
        if let Some(projection) = self.projection {
            at_least_one(self.kind, "projection", projection)?;
            if projection >= self.units {
                let expected =
                    format!("a `projection` of less than {}", counted(self.units, "unit"));
                let found = projection.to_string();
                return Err(
                    BuildError::new("GB0204", self.kind, expected, found).field("projection")
                );
            }
        }
        if !(0.0..1.0).contains(&self.dropout) {
            let expected = "a probability `dropout` of at least 0 and less than 1";
            let found = self.dropout.to_string();
            return Err(BuildError::new("GB0204", self.kind, expected, found).field("dropout"));
        }
        let largest = features.saturating_add(self.outputs().saturating_mul(3)).saturating_add(2);
        let factors = [self.layers, self.directions(), largest, self.cell.gates(), self.units];
        checked_size(self.kind, "weights", &factors)?;
        Ok([time, features])
    }

    pub(in crate::layers) fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let [time, _] = self.checked(input)?;
        let features = self.outputs() * self.directions();
        match self.returns {
            Return::Sequence => checked_shape(self.kind, &[time, features]),
            Return::Last => checked_shape(self.kind, &[features]),
        }
    }

    pub(in crate::layers) fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        self.output_shape(input)?;
        let [time, features] = self.checked(input)?;
        let (mut parameters, mut products) = (0, 0);
        // All layers after the first are alike.
        let inner = self.outputs() * self.directions();
        for (inputs, count) in [(features, 1), (inner, self.layers - 1)] {
            let projection = self.projection.map_or(0, |outputs| self.units * outputs);
            let weights = (inputs + self.outputs()) * self.width() + projection;
            let biases = if self.bias { 2 * self.width() } else { 0 };
            products += count * self.directions() * weights;
            parameters += count * self.directions() * (weights + biases);
        }
        let macs = time as u64 * products as u64;
        Ok(Cost { parameters, macs, kept: self.kept(time), ..Cost::default() })
    }

    /// Values of an item that are kept besides the output of the last layer.
    fn kept(&self, time: usize) -> usize {
        let (gates, outputs) = (self.cell.gates(), self.outputs());
        let steps = match (gates, self.recompute) {
            // A simple cell's only gate is its output; and these are all that is not recomputed.
            (1, _) | (_, true) => 0,
            // The gates and one more value: an LSTM's cell, a GRU's product.
            (gates, false) => (gates + 1) * self.units,
        };
        let projected = if self.projection.is_some() { self.units } else { 0 };
        let stacked = self.directions() * self.layers;
        let all = (outputs + steps + projected).saturating_mul(stacked).saturating_mul(time);
        let shown = if self.returns == Return::Sequence { time } else { 0 };
        all.saturating_sub(outputs * self.directions() * shown)
    }

    pub(in crate::layers) fn sees_later_steps(&self) -> Option<BuildError> {
        let found = "a direction that runs from the last step to the first";
        self.bidirectional.then(|| {
            sees_later(self.kind, found).field("bidirectional").help(
                "remove bidirectional = true, or learn a task whose answer is not in the input",
            )
        })
    }

    pub(in crate::layers) fn describe(&self) -> String {
        let mut text = format!("{}, {}", self.kind, counted(self.units, "unit"));
        if self.layers > 1 {
            text += &format!(", {} layers", self.layers);
        }
        if self.bidirectional {
            text += ", bidirectional";
        }
        text
    }

    pub(in crate::layers) fn build(
        &self,
        input: Shape,
        rng: &mut Rng,
    ) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        let [_, features] = self.checked(input)?;
        let (mut forward, mut reverse) = (Vec::new(), Vec::new());
        let mut inputs = features;
        for _ in 0..self.layers {
            forward.push(self.layer(inputs, rng));
            if self.bidirectional {
                reverse.push(self.layer(inputs, rng));
            }
            inputs = self.outputs() * self.directions();
        }
        let &Self { kind, cell, dropout, returns, recompute, .. } = self;
        let settings = Settings { kind, cell, dropout, returns, recompute };
        Ok(Box::new(Recurrent { forward, reverse, settings }))
    }

    pub(in crate::layers) fn cell(
        &self,
        inputs: usize,
        rng: &mut Rng,
    ) -> Result<RecurrentStep, BuildError> {
        self.checked([1, inputs].into())?;
        Ok(RecurrentStep { weights: self.layer(inputs, rng), cell: self.cell })
    }

    fn layer(&self, inputs: usize, rng: &mut Rng) -> RecurrentLayer {
        let (units, outputs, width) = (self.units, self.outputs(), self.width());
        // Each gate's block is a weight of its own: fans and orthogonality are those of the gate.
        let mut weight = |init: Init, rows: usize| {
            let blocks: Vec<_> =
                (0..self.cell.gates()).map(|_| init.weight([rows, units], rng)).collect();
            Param::new(Tensor::concat(&blocks, 1))
        };
        let weight_ih = weight(self.init, inputs);
        let weight_hh = weight(self.recurrent_init, outputs);
        let weight_hr =
            self.projection.map(|outputs| Param::new(self.init.weight([units, outputs], rng)));
        let fans = Fans { fan_in: units, fan_out: units };
        let mut bias = |forget: bool| {
            let mut bias = self.init.bias(width, fans, rng);
            if forget && self.cell == RecurrentCell::Lstm {
                bias.make_mut()[units..2 * units].fill(self.forget_bias);
            }
            Param::new(bias).without_decay()
        };
        let (bias_ih, bias_hh) = match self.bias {
            true => (Some(bias(true)), Some(bias(false))),
            false => (None, None),
        };
        let ready = Default::default();
        RecurrentLayer { weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, ready }
    }
}
