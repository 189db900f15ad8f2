//! `y = x` where positive, else `slope x`; `dy/dx = 1`, else `slope`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::leaky_relu`].
#[derive(Clone, Copy)]
pub(crate) struct LeakyRelu {
    pub(crate) slope: f32,
}

impl Unary for LeakyRelu {
    fn reads(self) -> Reads {
        if self.slope >= 0.0 { Reads::Output } else { Reads::Input }
    }

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        V::select(x.le(V::zero()), x.mul(V::splat(self.slope)), x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, y: V) -> V {
        // Unless the slope is negative, the output has the sign of the input.
        let signed = if self.slope >= 0.0 { y } else { x };
        V::select(signed.le(V::zero()), V::splat(self.slope), V::splat(1.0))
    }
}

impl Tensor {
    /// `x` where positive, else `slope x`; the derivative at 0 is `slope`.
    #[must_use]
    #[track_caller]
    pub fn leaky_relu(&self, slope: f32) -> Self {
        self.unary(LeakyRelu { slope })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![
        Check::new(
            "leaky_relu",
            |x| x.leaky_relu(0.2),
            |x| if x > 0.0 { x } else { f64::from(0.2f32) * x },
            |x| if x > 0.0 { 1.0 } else { f64::from(0.2f32) },
            -9.0,
            9.0,
        ),
        Check::new(
            "negative slope",
            |x| x.leaky_relu(-0.5),
            |x| if x > 0.0 { x } else { -0.5 * x },
            |x| if x > 0.0 { 1.0 } else { -0.5 },
            -9.0,
            9.0,
        ),
    ]
}
