//! `y = a + b`, `dy/da = dy/db = 1`.

use super::{Binary, Gradient, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::add`].
#[derive(Clone, Copy)]
pub(crate) struct Add;

impl Binary for Add {
    const NAME: &'static str = "add";
    const LEFT: Gradient = Gradient::Same;
    const RIGHT: Gradient = Gradient::Same;

    #[inline(always)]
    fn f<V: Vector>(self, a: V, b: V) -> V {
        a.add(b)
    }
}

impl Tensor {
    /// `a + b`; the operator `+` is the same.
    ///
    /// # Panics
    /// When the shapes do not broadcast to a common one.
    #[must_use]
    #[track_caller]
    pub fn add(&self, other: &Self) -> Self {
        self.binary(other, Add)
    }
}

#[cfg(test)]
pub(super) fn check() -> super::tests::Check {
    super::tests::Check::new(|a, b| a.add(b), |a, b| a + b, |_, _| [1.0, 1.0])
}
