//! What `rnn`, `gru` and `lstm` share: stacked layers in one or both directions.

use glassbox_tensor::{
    RecurrentCell, RecurrentOptions, RecurrentOutput, RecurrentWeights, Rng, Shape, Tensor,
};
use serde::{Deserialize, Serialize};

use super::config::{Cost, at_least_one};
use crate::Parameters;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape, checked_size, with_kind};
use crate::init::{Fans, Init};
use crate::module::Module;
use crate::param::Param;

/// What a recurrent layer gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Return {
    /// The hidden state after every step: `[time, features]`.
    #[default]
    Sequence,
    /// The hidden state after the last step of each direction: `[features]`.
    Last,
}

pub(super) fn one() -> usize {
    1
}

pub(super) fn xavier() -> Init {
    Init::XavierUniform { gain: 1.0 }
}

pub(super) fn orthogonal() -> Init {
    Init::Orthogonal { gain: 1.0 }
}

/// The settings of a recurrent layer of any kind.
pub(super) struct Plan {
    pub(super) kind: &'static str,
    pub(super) cell: RecurrentCell,
    pub(super) units: usize,
    pub(super) layers: usize,
    pub(super) bidirectional: bool,
    pub(super) dropout: f32,
    pub(super) bias: bool,
    pub(super) returns: Return,
    pub(super) recompute: bool,
    pub(super) projection: Option<usize>,
    pub(super) init: Init,
    pub(super) recurrent_init: Init,
    pub(super) forget_bias: f32,
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
                let expected = format!("a `projection` of less than {} units", self.units);
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

    pub(super) fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let [time, _] = self.checked(input)?;
        let features = self.outputs() * self.directions();
        match self.returns {
            Return::Sequence => checked_shape(self.kind, &[time, features]),
            Return::Last => checked_shape(self.kind, &[features]),
        }
    }

    pub(super) fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
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
        Ok(Cost { parameters, buffers: 0, macs: time as u64 * products as u64 })
    }

    pub(super) fn describe(&self) -> String {
        let mut text = format!("{}, {} units", self.kind, self.units);
        if self.layers > 1 {
            text += &format!(", {} layers", self.layers);
        }
        if self.bidirectional {
            text += ", bidirectional";
        }
        text
    }

    pub(super) fn build(&self, input: Shape, rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
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
        RecurrentLayer { weight_ih, weight_hh, bias_ih, bias_hh, weight_hr }
    }
}

/// Makes a layer of a configuration that has a `plan()`.
macro_rules! layer_of_plan {
    ($config:ty, $name:literal) => {
        impl $crate::layers::LayerConfig for $config {
            const TYPE: &'static str = $name;

            fn output_shape(
                &self,
                input: glassbox_tensor::Shape,
            ) -> Result<glassbox_tensor::Shape, $crate::BuildError> {
                self.plan().output_shape(input)
            }

            fn build(
                &self,
                input: glassbox_tensor::Shape,
                rng: &mut glassbox_tensor::Rng,
            ) -> Result<Box<dyn $crate::Module>, $crate::BuildError> {
                self.plan().build(input, rng)
            }

            fn describe(&self) -> String {
                self.plan().describe()
            }

            fn cost(
                &self,
                input: glassbox_tensor::Shape,
            ) -> Result<$crate::layers::Cost, $crate::BuildError> {
                self.plan().cost(input)
            }
        }
    };
}
pub(super) use layer_of_plan;

/// Recurrent layers on top of each other, from `[batch, time, features]`; with both directions,
/// the next layer sees both side by side.
///
/// The context may carry a [`RecurrentState`](crate::RecurrentState), from which the layers that
/// go forward in time start, and the lengths of the items ([`Cx::with_lengths`]).
#[derive(Clone, Debug, Parameters)]
pub struct Recurrent {
    /// The layers from the first step to the last.
    pub forward: Vec<RecurrentLayer>,
    /// Those from the last step to the first; none unless bidirectional.
    pub reverse: Vec<RecurrentLayer>,
    #[parameters(skip)]
    settings: Settings,
}

#[derive(Clone, Debug)]
struct Settings {
    kind: &'static str,
    cell: RecurrentCell,
    dropout: f32,
    returns: Return,
    recompute: bool,
}

/// The weights of one layer in one direction. Gates stand side by side in the columns, in the
/// order of [`RecurrentCell`].
#[derive(Clone, Debug, Parameters)]
pub struct RecurrentLayer {
    /// From the input, `[inputs, gates · units]`.
    pub weight_ih: Param,
    /// From the hidden state, `[outputs, gates · units]`.
    pub weight_hh: Param,
    /// Added to the product with the input, `[gates · units]`.
    pub bias_ih: Option<Param>,
    /// Added to the product with the hidden state, `[gates · units]`.
    pub bias_hh: Option<Param>,
    /// The projection to the hidden state, `[units, outputs]`.
    pub weight_hr: Option<Param>,
}

impl RecurrentLayer {
    fn run(
        &self,
        cell: RecurrentCell,
        input: &Tensor,
        options: &RecurrentOptions<'_>,
        cx: &mut Cx,
    ) -> RecurrentOutput {
        let recording: &Cx = cx;
        let on = |param: &Option<Param>| param.as_ref().map(|param| param.on(recording));
        let (bias_ih, bias_hh) = (on(&self.bias_ih), on(&self.bias_hh));
        let weight_hr = on(&self.weight_hr);
        let weights = RecurrentWeights {
            input: &self.weight_ih.on(recording),
            hidden: &self.weight_hh.on(recording),
            input_bias: bias_ih.as_ref(),
            hidden_bias: bias_hh.as_ref(),
            projection: weight_hr.as_ref(),
        };
        // A state is carried forward in time alone.
        let single = input.dims()[1] == 1 && !options.reverse;
        let prepared = if single { cx.prepared(&weights) } else { None };
        let options = RecurrentOptions { prepared: prepared.as_ref(), ..*options };
        input.recurrent(cell, &weights, &options)
    }
}

impl Module for Recurrent {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        let Settings { kind, cell, dropout, returns, recompute } = self.settings;
        let inputs = self.forward[0].weight_ih.shape()[0];
        let fits = input.rank() == 3 && input.dims()[2] == inputs && input.dims()[1] > 0;
        cx.expect_shape(kind, input, fits, format_args!("sequences of {inputs} features"));
        let lengths = cx.lengths().cloned();
        let mut value = input.clone();
        for (index, layer) in self.forward.iter().enumerate() {
            let is_last = index + 1 == self.forward.len();
            let gives_state = is_last && returns == Return::Last;
            let state = cx.recurrent_state(kind, input.dims()[0]);
            let options = RecurrentOptions {
                reverse: false,
                lengths: lengths.as_ref(),
                hidden: state.as_ref().map(|state| &state.hidden),
                cell: state.as_ref().and_then(|state| state.cell.as_ref()),
                differentiable_state: gives_state,
                recompute,
                prepared: None,
            };
            let forward = layer.run(cell, &value, &options, cx);
            cx.remember(&forward.hidden, forward.cell.as_ref());
            let pick = |output: RecurrentOutput| match gives_state {
                true => output.hidden,
                false => output.sequence,
            };
            value = match self.reverse.get(index) {
                None => pick(forward),
                Some(layer) => {
                    let options =
                        RecurrentOptions { reverse: true, hidden: None, cell: None, ..options };
                    let reverse = layer.run(cell, &value, &options, cx);
                    Tensor::concat(&[pick(forward), pick(reverse)], -1)
                }
            };
            if dropout > 0.0 && !is_last && cx.is_training() {
                value = value.dropout(dropout, cx.next_rng());
            }
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::{GruConfig, Layer, LstmConfig, Return, RnnConfig};
    use crate::{Cx, Module, RecurrentState, Sequential, state};
    use glassbox_tensor::{Rng, Tensor};

    fn noise(shape: [usize; 3]) -> Tensor {
        let mut rng = Rng::new(5);
        Tensor::build(shape, |out| out.fill_with(|| rng.normal()))
    }

    #[test]
    fn weights_are_named_by_direction_and_layer() {
        let config = LstmConfig { layers: 2, bidirectional: true, ..LstmConfig::new(4) };
        let model = Sequential::input([5, 3]).layer(config).build(7).unwrap();
        let names: Vec<_> = state(&model).into_keys().collect();
        assert_eq!(names.len(), 16);
        for name in ["0.forward.0.weight_ih", "0.forward.1.bias_hh", "0.reverse.1.weight_hh"] {
            assert!(names.contains(&name.to_owned()), "{names:?}");
        }
        let weights = state(&model);
        assert_eq!(weights["0.forward.1.weight_ih"].dims(), [8, 16]);
        let bias = weights["0.forward.0.bias_ih"].to_vec();
        assert_eq!(bias[..8], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn the_last_state_is_the_end_of_each_direction() {
        let whole = GruConfig { bidirectional: true, ..GruConfig::new(4) };
        let last = GruConfig { returns: Return::Last, ..whole.clone() };
        let build = |config: GruConfig| Sequential::input([5, 3]).layer(config).build(7).unwrap();
        let input = noise([2, 5, 3]);
        let sequence = build(whole).forward(&input, &mut Cx::eval()).to_vec();
        let ends = build(last).forward(&input, &mut Cx::eval()).to_vec();
        for item in 0..2 {
            let at = |time: usize| &sequence[(item * 5 + time) * 8..][..8];
            assert_eq!(ends[item * 8..][..4], at(4)[..4]);
            assert_eq!(ends[item * 8 + 4..][..4], at(0)[4..]);
        }
    }

    #[test]
    fn windows_with_a_state_are_the_whole() {
        for config in
            [Layer::from(LstmConfig { layers: 2, ..LstmConfig::new(4) }), RnnConfig::new(4).into()]
        {
            let model = Sequential::input([6, 3]).layer(config).dense(2).build(7).unwrap();
            let input = noise([2, 6, 3]);
            let whole = model.forward(&input, &mut Cx::eval());
            let (mut memory, mut cx) = (RecurrentState::default(), Cx::eval());
            for step in 0..6 {
                let window = input.slice(1, step..step + 1);
                let got = model.forward_with_state(&window, &mut memory, &mut cx).to_vec();
                let want = whole.slice(1, step..step + 1).to_vec();
                assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-6), "step {step}");
            }
            assert_eq!(memory.batch(), Some(2));
            assert_eq!(memory.select(&[1, 1, 0]).batch(), Some(3));
            memory.reset();
            assert!(memory.is_start());
        }
    }

    #[test]
    #[should_panic(expected = "layer 1 (gru) continues 2 sequences, got a batch of 3")]
    fn a_state_fits_its_batch() {
        let model = Sequential::input([6, 3]).gru(4).build(7).unwrap();
        let (mut memory, mut cx) = (RecurrentState::default(), Cx::eval());
        let _ = model.forward_with_state(&noise([2, 6, 3]), &mut memory, &mut cx);
        let _ = model.forward_with_state(&noise([3, 6, 3]), &mut memory, &mut cx);
    }

    #[test]
    fn an_identity_keeps_what_it_is_given() {
        let config: Layer = serde_json::from_str(
            r#"{"type":"rnn","units":3,"activation":"relu","init":"identity",
                "recurrent_init":"identity"}"#,
        )
        .unwrap();
        let model = Sequential::input([4, 3]).layer(config).build(7).unwrap();
        let output = model.forward(&Tensor::ones([1, 4, 3]), &mut Cx::eval());
        assert_eq!(output.to_vec()[9..], [4.0; 3]);
    }

    #[test]
    fn lengths_come_with_the_context() {
        let config = LstmConfig { returns: Return::Last, ..LstmConfig::new(4) };
        let model = Sequential::input([5, 3]).layer(config).build(7).unwrap();
        let input = noise([2, 5, 3]);
        let lengths = Tensor::from_i32(&[5, 2], [2]);
        let mut cx = Cx::eval();
        let ends = cx.with_lengths(&lengths, |cx| model.forward(&input, cx));
        let short = input.slice(0, 1..2).slice(1, 0..2);
        assert_eq!(ends.to_vec()[4..], model.forward(&short, &mut cx).to_vec());
        assert!(cx.lengths().is_none());
    }

    #[test]
    fn dropout_stands_between_layers() {
        let config = RnnConfig { layers: 2, dropout: 0.5, ..RnnConfig::new(8) };
        let model = Sequential::input([5, 3]).layer(config).build(7).unwrap();
        let input = noise([2, 5, 3]);
        let quiet = model.forward(&input, &mut Cx::eval()).to_vec();
        assert_ne!(model.forward(&input, &mut Cx::train(1, 1)).to_vec(), quiet);
        let first = &model.forward(&input, &mut Cx::train(1, 1)).to_vec();
        assert_eq!(model.forward(&input, &mut Cx::train(1, 1)).to_vec(), *first);
    }
}
