//! `y = ln(1 / (1 + e^-x))`, `dy/dx = 1 / (1 + e^x)`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::log_sigmoid`].
#[derive(Clone, Copy)]
pub(crate) struct LogSigmoid;

impl Unary for LogSigmoid {
    const COST: usize = 1200;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::softplus(x.neg()).neg()
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        math::sigmoid(x.neg())
    }
}

impl Tensor {
    /// The logarithm of the sigmoid, without its loss of precision in the tail.
    #[must_use]
    #[track_caller]
    pub fn log_sigmoid(&self) -> Self {
        self.unary(LogSigmoid)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::{Check, sigmoid};
    vec![Check::new(
        "log_sigmoid",
        |x| x.log_sigmoid(),
        |x| x.min(0.0) - (-x.abs()).exp().ln_1p(),
        |x| sigmoid(-x),
        -80.0,
        80.0,
    )]
}
