//! What every layer and model is.

use std::any::Any;

use glassbox_tensor::{Shape, Tensor};

use crate::context::Cx;
use crate::graph::Outline;
use crate::recurrent_state::RecurrentState;
use crate::walk::Parameters;

/// A layer or a model: parameters and a forward pass. [`Module::forward`] is all that a layer of
/// one's own needs.
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
/// assert_eq!(model.kind(), "Constant");
/// assert_eq!(glassbox_nn::parameter_count(&model), 1);
/// ```
pub trait Module: Parameters + Any + Send + Sync {
    /// Computes the output for a batch. The first axis of `input` is the batch.
    ///
    /// Parts of a model run by [`Cx::call`], which gives them their place in messages.
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor;

    /// What messages call a layer of this kind: the name of its type.
    fn kind(&self) -> &'static str {
        let name = std::any::type_name::<Self>();
        let plain = name.split('<').next().unwrap_or(name);
        plain.rsplit("::").next().unwrap_or(plain)
    }

    /// As [`Module::forward`], with recurrent layers that start from `state` and leave their new
    /// state in it. Layers that go back in time start from zeros: they would need the future.
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

    /// Why a batch whose items have this shape is not for this model: the shape that its items
    /// should have. `None` where they fit, or where any may.
    fn expected_input(&self, _item: Shape) -> Option<Shape> {
        None
    }

    /// The nodes it is made of, where it is a graph.
    fn outline(&self) -> Option<&Outline> {
        None
    }
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        (**self).forward(input, cx)
    }

    fn kind(&self) -> &'static str {
        (**self).kind()
    }

    fn expected_input(&self, item: Shape) -> Option<Shape> {
        (**self).expected_input(item)
    }

    fn outline(&self) -> Option<&Outline> {
        (**self).outline()
    }
}
