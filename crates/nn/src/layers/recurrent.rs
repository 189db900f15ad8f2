//! What `rnn`, `gru` and `lstm` share: stacked layers in one or both directions.

use glassbox_tensor::{
    Activation, PreparedRecurrent, RecurrentCell, RecurrentInput, RecurrentOptions,
    RecurrentOutput, RecurrentWeights, Tensor,
};
use serde::{Deserialize, Serialize};

use super::Layer;
use super::ready::Ready;
use crate::Parameters;
use crate::context::Cx;
use crate::module::Module;
use crate::param::Param;
use crate::probe::Side;

mod plan;
mod step;
#[cfg(test)]
mod tests;

pub(super) use plan::{Plan, one, orthogonal, xavier};
pub use step::RecurrentStep;

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

impl Layer {
    /// Whether it is an rnn, gru or lstm.
    pub fn is_recurrent(&self) -> bool {
        matches!(self, Self::Rnn(_) | Self::Gru(_) | Self::Lstm(_))
    }
}

/// Makes a layer of a configuration that has a `plan()`.
macro_rules! layer_of_plan {
    ($config:ty, $name:literal) => {
        impl $config {
            /// The cell of the first layer by itself, to be called step by step.
            ///
            /// # Errors
            /// When a setting is impossible.
            pub fn cell(
                &self,
                inputs: usize,
                rng: &mut glassbox_tensor::Rng,
            ) -> Result<$crate::layers::RecurrentStep, $crate::BuildError> {
                self.plan().cell(inputs, rng)
            }
        }

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

            fn sees_later_steps(
                &self,
                _input: glassbox_tensor::Shape,
            ) -> Option<$crate::BuildError> {
                self.plan().sees_later_steps()
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
    #[parameters(skip)]
    ready: Ready<PreparedRecurrent>,
}

/// The weights of a layer as tensors of the graph.
struct TakenWeights {
    input: Tensor,
    hidden: Tensor,
    input_bias: Option<Tensor>,
    hidden_bias: Option<Tensor>,
    projection: Option<Tensor>,
}

impl TakenWeights {
    fn borrowed(&self) -> RecurrentWeights<'_> {
        RecurrentWeights {
            input: RecurrentInput::Weight(&self.input),
            hidden: &self.hidden,
            input_bias: self.input_bias.as_ref(),
            hidden_bias: self.hidden_bias.as_ref(),
            projection: self.projection.as_ref(),
        }
    }
}

impl RecurrentLayer {
    /// The weights, which join the graph where `cx` records one.
    fn on(&self, cx: &Cx) -> TakenWeights {
        let on = |param: &Option<Param>| param.as_ref().map(|param| param.on(cx));
        TakenWeights {
            input: self.weight_ih.on(cx),
            hidden: self.weight_hh.on(cx),
            input_bias: on(&self.bias_ih),
            hidden_bias: on(&self.bias_hh),
            projection: on(&self.weight_hr),
        }
    }

    /// `weights` as steps read them, in half precision or not, unless `cx` records a graph.
    fn ready(
        &self,
        weights: &RecurrentWeights<'_>,
        half: bool,
        cx: &Cx,
    ) -> Option<PreparedRecurrent> {
        let prepare = if half { PreparedRecurrent::half } else { PreparedRecurrent::new };
        let serves = |known: &PreparedRecurrent| known.is_half() == half && known.is_of(weights);
        self.ready.get(cx, serves, || Some(prepare(weights)))
    }

    fn run(
        &self,
        cell: RecurrentCell,
        input: &Tensor,
        options: &RecurrentOptions<'_>,
        cx: &mut Cx,
    ) -> RecurrentOutput {
        let weights = self.on(cx);
        let weights = weights.borrowed();
        // A state is carried forward in time alone.
        let single = input.dims()[1] == 1 && !options.reverse;
        let prepared = self.ready(&weights, single && cx.is_half(), cx);
        let options = RecurrentOptions { prepared: prepared.as_ref(), ..*options };
        input.recurrent(cell, &weights, &options)
    }

    /// As [`Self::run`] on the rows of `table` that `tokens` `[batch, time]` name.
    fn run_rows(
        &self,
        cell: RecurrentCell,
        (table, tokens): (&Tensor, &Tensor),
        options: &RecurrentOptions<'_>,
        cx: &Cx,
    ) -> RecurrentOutput {
        let weights = self.on(cx);
        let bias = weights.input_bias.as_ref();
        let products = table.linear(&weights.input, bias, Activation::Identity);
        let input = RecurrentInput::Rows(tokens);
        let weights = RecurrentWeights { input, input_bias: None, ..weights.borrowed() };
        products.recurrent(cell, &weights, options)
    }
}

impl Module for Recurrent {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        let inputs = self.inputs();
        let fits = input.rank() == 3 && input.dims()[2] == inputs && input.dims()[1] > 0;
        let wanted = format_args!("sequences of {inputs} features");
        cx.expect_shape(self.settings.kind, input, fits, wanted);
        self.run(input.clone(), None, cx)
    }

    fn kind(&self) -> &'static str {
        self.settings.kind
    }
}

/// Steps for each row of a table from which on it pays to multiply the table instead.
const FEW_ROWS: usize = 2;

impl Recurrent {
    /// Whether [`Recurrent::forward_rows`] is worth it.
    pub(crate) fn multiplies_rows(&self, table: &Tensor, tokens: &Tensor, cx: &Cx) -> bool {
        // Evaluations have their weights packed, and often a single step.
        let pays = cx.is_recording() && FEW_ROWS * table.dims()[0] <= tokens.elements();
        let plain = self.reverse.is_empty() && !self.settings.recompute;
        let fits = tokens.rank() == 2 && table.dims()[1] == self.inputs();
        pays && plain && fits && cx.lengths().is_none()
    }

    /// The layer on those rows of `table` that `tokens` (integers `[batch, time]`) name: the few
    /// rows are multiplied by the weight of the input rather than every token's.
    pub(crate) fn forward_rows(&self, table: &Tensor, tokens: &Tensor, cx: &mut Cx) -> Tensor {
        self.run(table.clone(), Some(tokens), cx)
    }

    /// Features of a step.
    fn inputs(&self) -> usize {
        self.forward[0].weight_ih.shape()[0]
    }

    /// The stack over `value`; with `tokens` a table of which each step of the first layer takes a
    /// row.
    fn run(&self, mut value: Tensor, tokens: Option<&Tensor>, cx: &mut Cx) -> Tensor {
        let Settings { kind, cell, dropout, returns, recompute } = self.settings;
        let batch = tokens.unwrap_or(&value).dims()[0];
        let lengths = cx.lengths().cloned();
        for (index, layer) in self.forward.iter().enumerate() {
            let is_last = index + 1 == self.forward.len();
            let place = (index, self.forward.len());
            value = match tokens {
                Some(tokens) if index == 0 => {
                    cx.show_in_stack(kind, place, || value.detach().index_select(0, tokens));
                    value
                }
                _ => cx.observed_in_stack(kind, place, Side::Input, value),
            };
            let gives_state = is_last && returns == Return::Last;
            let state = cx.recurrent_state(kind, batch);
            let options = RecurrentOptions {
                reverse: false,
                lengths: lengths.as_ref(),
                hidden: state.as_ref().map(|state| &state.hidden),
                cell: state.as_ref().and_then(|state| state.cell.as_ref()),
                differentiable_state: gives_state,
                recompute,
                prepared: None,
            };
            let mut forward = match tokens {
                Some(tokens) if index == 0 => layer.run_rows(cell, (&value, tokens), &options, cx),
                _ => layer.run(cell, &value, &options, cx),
            };
            cx.remember(&forward.hidden, forward.cell.as_ref());
            forward.sequence = cx.observed_in_stack(kind, place, Side::Output, forward.sequence);
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
