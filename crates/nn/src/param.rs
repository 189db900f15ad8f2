//! What training changes.

use std::borrow::Cow;

use glassbox_tensor::{Gradients, Shape, Tensor};

use crate::context::Cx;

/// A trainable tensor: a leaf of the graph whose identity outlives changes of its values.
///
/// ```
/// use glassbox_nn::{Cx, Param};
/// use glassbox_tensor::Tensor;
///
/// let mut weight = Param::new(Tensor::scalar(3.0));
/// let gradients = weight.on(&Cx::train(7, 0)).backward();
/// let slope = weight.gradient(&gradients).unwrap().item();
/// weight.update(|values| values[0] -= 0.5 * slope);
/// assert_eq!(weight.value().item(), 2.5);
/// ```
#[derive(Debug)]
pub struct Param {
    /// A leaf. Only this module hands it out, so that nothing keeps its values shared.
    leaf: Tensor,
    frozen: bool,
    decays: bool,
}

impl Param {
    /// A trainable tensor with these initial values.
    pub fn new(value: Tensor) -> Self {
        Self { leaf: value.with_grad(), frozen: false, decays: true }
    }

    /// Marks a bias or a normalization's scale, which optimizers can be told not to decay.
    #[must_use]
    pub fn without_decay(self) -> Self {
        Self { decays: false, ..self }
    }

    /// The tensor to compute with: part of the graph when `cx` records one and this parameter is
    /// not frozen, detached otherwise.
    #[must_use]
    pub fn on(&self, cx: &Cx) -> Tensor {
        self.tensor(cx).into_owned()
    }

    /// As [`Param::on`], without another reference to the values where the parameter itself will
    /// do: what layers compute with.
    pub(crate) fn tensor(&self, cx: &Cx) -> Cow<'_, Tensor> {
        if cx.is_recording() && !self.frozen {
            Cow::Borrowed(&self.leaf)
        } else {
            Cow::Owned(self.leaf.detach())
        }
    }

    /// The values, outside the graph.
    ///
    /// The result shares them: drop it before [`Param::update`], which copies values that
    /// something else still reads.
    #[must_use]
    pub fn value(&self) -> Tensor {
        self.leaf.detach()
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.leaf.shape()
    }

    /// The number of values.
    pub fn elements(&self) -> usize {
        self.leaf.elements()
    }

    /// The gradient of this parameter; `None` when the loss did not depend on it.
    pub fn gradient<'a>(&self, gradients: &'a Gradients) -> Option<&'a Tensor> {
        gradients.get(&self.leaf)
    }

    /// The gradient of this parameter, to change in place (clipping).
    pub fn gradient_mut<'a>(&self, gradients: &'a mut Gradients) -> Option<&'a mut Tensor> {
        gradients.get_mut(&self.leaf)
    }

    /// Changes the values in place. Graphs recorded earlier keep the values they were made with.
    pub fn update<R>(&mut self, change: impl FnOnce(&mut [f32]) -> R) -> R {
        change(self.leaf.make_mut())
    }

    /// Replaces the values.
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn set(&mut self, value: &Tensor) {
        assert_eq!(self.shape(), value.shape(), "shape of a parameter's new value");
        self.update(|values| values.copy_from_slice(value.as_slice()));
    }

    /// Whether training leaves this parameter alone.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Freezes or thaws this parameter. A frozen one gets no gradient.
    pub fn set_frozen(&mut self, frozen: bool) {
        self.frozen = frozen;
    }

    /// False for biases and normalization scales, which optimizers can be told not to decay.
    pub fn decays(&self) -> bool {
        self.decays
    }
}

/// A clone is another parameter that starts with the same values.
impl Clone for Param {
    fn clone(&self) -> Self {
        Self { leaf: self.leaf.with_grad(), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_survives_updates_and_clones_are_others() {
        let mut weight = Param::new(Tensor::scalar(1.0));
        let copy = weight.clone();
        let gradients = weight.on(&Cx::train(0, 0)).backward();
        weight.update(|values| values[0] = 5.0);
        weight.set(&Tensor::scalar(6.0));
        assert_eq!(weight.gradient(&gradients).unwrap().item(), 1.0);
        assert!(copy.gradient(&gradients).is_none());
        assert_eq!((copy.value().item(), weight.value().item()), (1.0, 6.0));
    }

    #[test]
    fn a_graph_keeps_the_values_it_was_made_with() {
        let mut weight = Param::new(Tensor::scalar(1.0));
        let seen = weight.on(&Cx::train(0, 0));
        weight.update(|values| values[0] = 5.0);
        assert_eq!(seen.item(), 1.0);
    }

    #[test]
    fn updates_happen_in_place() {
        let mut weight = Param::new(Tensor::zeros([1000]));
        let address = |weight: &Param| weight.value().as_slice().as_ptr() as usize;
        let before = address(&weight);
        drop(weight.on(&Cx::train(0, 0)).reshape([10, 100]));
        weight.update(|values| values.fill(1.0));
        assert_eq!(address(&weight), before);
    }

    #[test]
    fn frozen_parameters_and_evaluation_record_no_graph() {
        let mut weight = Param::new(Tensor::scalar(1.0));
        assert!(weight.on(&Cx::train(0, 0)).requires_grad());
        assert!(!weight.on(&Cx::eval()).requires_grad());
        weight.set_frozen(true);
        assert!(!weight.on(&Cx::train(0, 0)).requires_grad());
    }
}
