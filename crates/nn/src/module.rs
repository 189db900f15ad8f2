//! What every layer and model is.

use glassbox_tensor::{Activation, Shape, Tensor};

use crate::context::Cx;
use crate::recurrent_state::RecurrentState;
use crate::walk::Parameters;

/// A layer or a model: parameters and a forward pass.
///
/// ```
/// use glassbox_nn::{Cx, Module, Param, Parameters};
/// use glassbox_tensor::Tensor;
///
/// /// Shows its weight whatever it is given.
/// #[derive(Parameters)]
/// struct Constant {
///     weight: Param,
/// }
///
/// impl Module for Constant {
///     fn forward(&self, _input: &Tensor, cx: &mut Cx) -> Tensor {
///         self.weight.on(cx)
///     }
/// }
///
/// let model = Constant { weight: Param::new(Tensor::scalar(3.0)) };
/// assert_eq!(model.forward(&Tensor::scalar(0.0), &mut Cx::eval()).item(), 3.0);
/// assert_eq!(glassbox_nn::parameter_count(&model), 1);
/// ```
pub trait Module: Parameters + Send + Sync {
    /// Computes the output for a batch. The first axis of `input` is the batch.
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor;

    /// As [`Module::forward`], followed by an activation. Layers whose operation can apply it
    /// while it stores its result do.
    fn forward_activated(&self, input: &Tensor, activation: Activation, cx: &mut Cx) -> Tensor {
        self.forward(input, cx).activate(activation)
    }

    /// As [`Module::forward`], with `addend` added before an activation. Layers whose operation can
    /// do so while it stores its result do, and say so: [`Module::joins`].
    fn forward_joined(
        &self,
        input: &Tensor,
        addend: &Tensor,
        activation: Activation,
        cx: &mut Cx,
    ) -> Tensor {
        self.forward(input, cx).add_activation(addend, activation)
    }

    /// Whether [`Module::forward_joined`] is one operation, whose result has its input's shape.
    fn joins(&self) -> bool {
        false
    }

    /// The table and the tokens whose rows of it are the output, where this layer is an embedding.
    /// Padding is token 0 among them: who takes the rows leaves it out.
    fn rows(&self, _input: &Tensor, _cx: &mut Cx) -> Option<(Tensor, Tensor)> {
        None
    }

    /// Whether [`Module::forward_rows`] is more than picking the rows first.
    fn takes_rows(&self) -> bool {
        false
    }

    /// As [`Module::forward`], of those rows of `table` that `tokens` (integers) name. Layers that
    /// multiply their input by a weight may multiply the table instead.
    fn forward_rows(&self, table: &Tensor, tokens: &Tensor, cx: &mut Cx) -> Tensor {
        self.forward(&table.index_select(0, tokens), cx)
    }

    /// As [`Module::forward`], with recurrent layers that start from `state` and leave their new
    /// state in it. Layers that go back in time start anew: they would need the future.
    fn forward_with_state(
        &self,
        input: &Tensor,
        state: &mut RecurrentState,
        cx: &mut Cx,
    ) -> Tensor {
        cx.with_state(state, |cx| self.forward(input, cx))
    }

    /// As [`Module::forward`], on sequences of which only the first `lengths` steps (integers
    /// `[batch]`) count, or all steps: [`Cx::with_lengths`].
    fn forward_with_lengths(
        &self,
        input: &Tensor,
        lengths: Option<&Tensor>,
        cx: &mut Cx,
    ) -> Tensor {
        match lengths {
            Some(lengths) => cx.with_lengths(lengths, |cx| self.forward(input, cx)),
            None => self.forward(input, cx),
        }
    }

    /// The activation that this layer is and no more, where the layer before may apply it.
    fn activation(&self) -> Option<Activation> {
        None
    }

    /// Why a batch whose items have this shape is not for this model: the shape that its items
    /// should have. `None` where they fit, or where any may.
    fn expected_input(&self, _item: Shape) -> Option<Shape> {
        None
    }
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        (**self).forward(input, cx)
    }

    fn forward_activated(&self, input: &Tensor, activation: Activation, cx: &mut Cx) -> Tensor {
        (**self).forward_activated(input, activation, cx)
    }

    fn forward_joined(
        &self,
        input: &Tensor,
        addend: &Tensor,
        activation: Activation,
        cx: &mut Cx,
    ) -> Tensor {
        (**self).forward_joined(input, addend, activation, cx)
    }

    fn joins(&self) -> bool {
        (**self).joins()
    }

    fn rows(&self, input: &Tensor, cx: &mut Cx) -> Option<(Tensor, Tensor)> {
        (**self).rows(input, cx)
    }

    fn takes_rows(&self) -> bool {
        (**self).takes_rows()
    }

    fn forward_rows(&self, table: &Tensor, tokens: &Tensor, cx: &mut Cx) -> Tensor {
        (**self).forward_rows(table, tokens, cx)
    }

    fn activation(&self) -> Option<Activation> {
        (**self).activation()
    }

    fn expected_input(&self, item: Shape) -> Option<Shape> {
        (**self).expected_input(item)
    }
}
