//! How what was prepared of a weight knows it again.

use crate::shape::Shape;
use crate::tensor::{Tensor, Values};

/// A share of a tensor's values. While it is held nothing can write to them, so that a tensor of
/// the same shape at the same address is the same tensor.
pub(crate) struct Held {
    values: Values,
    /// The same values may stand in another tensor too.
    shape: Shape,
}

impl Held {
    pub(crate) fn new(tensor: &Tensor) -> Self {
        Self { values: tensor.values(), shape: tensor.shape() }
    }

    pub(crate) fn is(&self, tensor: &Tensor) -> bool {
        self.shape == tensor.shape() && std::ptr::eq(self.values.f32s(), tensor.as_slice())
    }
}
