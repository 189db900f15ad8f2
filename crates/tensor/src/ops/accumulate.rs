//! `sum += term`, in place where nothing else reads the sum: how gradients add up.

use crate::tensor::Tensor;

impl Tensor {
    /// Adds `term`, a tensor of the same shape, in place (not recorded in the graph).
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn accumulate(&mut self, term: &Tensor) {
        assert_eq!(self.shape(), term.shape(), "shapes of a sum in place");
        for (sum, term) in self.make_mut().iter_mut().zip(term.as_slice()) {
            *sum += term;
        }
    }
}
