//! `y = x`; whoever watches sees the gradient as it passes, unchanged.

use std::sync::Arc;

use super::Backward;
use crate::graph::InputGradients;
use crate::tensor::Tensor;

/// Sees the gradient of a tensor during the backward pass: see [`Tensor::watched`].
pub trait GradientWatcher: Send + Sync {
    /// Called once with the whole gradient, of the tensor's shape.
    fn gradient(&self, gradient: &Tensor);
}

impl<F: Fn(&Tensor) + Send + Sync> GradientWatcher for F {
    fn gradient(&self, gradient: &Tensor) {
        self(gradient);
    }
}

pub(crate) struct Watch {
    watcher: Arc<dyn GradientWatcher>,
}

impl Tensor {
    /// The same values; `watcher` is shown their gradient when a backward pass reaches them. No
    /// value and no gradient changes by it, and nothing is copied. Without effect outside of the
    /// graph.
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0], [2]).with_grad();
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let keep = seen.clone();
    /// let square = x.square().watched(Arc::new(move |g: &Tensor| keep.lock().unwrap().extend(g.to_vec())));
    /// let gradients = square.mul(&square).sum(..).backward();
    /// assert_eq!(*seen.lock().unwrap(), [2.0, 8.0]); // 2 x²
    /// assert_eq!(gradients.get(&x).unwrap().to_vec(), [4.0, 32.0]); // 4 x³
    /// ```
    #[must_use]
    pub fn watched(&self, watcher: Arc<dyn GradientWatcher>) -> Self {
        self.view(0, self.shape()).recorded([self], |_| Watch { watcher }.into())
    }
}

impl Backward for Watch {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        self.watcher.gradient(&output_grad);
        inputs.add(0, output_grad);
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![Sample::new("nobody looks", [[2, 3]], |x| x[0].watched(Arc::new(|_: &Tensor| ())))]
}
