//! Activations that are given as values, applied by the operation of each.

use glassbox_kernels::Activation;

use crate::tensor::Tensor;

impl Tensor {
    /// This activation of every element.
    ///
    /// ```
    /// # use glassbox_tensor::{Activation, Tensor};
    /// assert_eq!(Tensor::scalar(-2.0).activate(Activation::Relu).item(), 0.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn activate(&self, activation: Activation) -> Self {
        match activation {
            Activation::Identity => self.clone(),
            Activation::Relu => self.relu(),
            Activation::LeakyRelu { slope } => self.leaky_relu(slope),
            Activation::Elu { alpha } => self.elu(alpha),
            Activation::Sigmoid => self.sigmoid(),
            Activation::Tanh => self.tanh(),
            // As to users, `Activation` is `non_exhaustive` to this crate.
            other => unreachable!("no operation for {other:?}"),
        }
    }
}
