//! Which algorithm computes a convolution: a function of its sizes alone. `GLASSBOX_TRACE=ways`
//! prints each distinct one, once.

use std::fmt;

use super::geometry::Geometry;
use super::side_by_side::{SideBySide, adjoint};
use super::winograd;
use crate::cpu::trace;

/// What of a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    Forward,
    InputGrad,
    WeightGrad,
}

/// How it is computed.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, on the stack")]
pub(super) enum Algorithm {
    /// `winograd/`: 3 × 3 and 5 × 5 kernels in fewer products.
    Winograd,
    /// `depthwise.rs`: each channel by itself. Its weight gradient is summed with those of
    /// `weight_grad.rs`.
    Depthwise,
    /// `side_by_side.rs`: neighbouring pixels as one with more channels.
    SideBySide(SideBySide),
    /// `direct.rs` and `weight_grad.rs`: sums of products.
    Direct,
}

/// The algorithm of a pass of a convolution.
pub(super) fn choose(g: &Geometry, pass: Pass) -> Algorithm {
    let algorithm = of(g, pass);
    trace::way(|| format!("convolution {g}, {pass}"), || algorithm.name());
    algorithm
}

fn of(g: &Geometry, pass: Pass) -> Algorithm {
    let suits_winograd = match pass {
        Pass::Forward => winograd::suits_forward(g),
        Pass::InputGrad => winograd::suits_input_grad(g),
        Pass::WeightGrad => winograd::suits_weight_grad(g),
    };
    if suits_winograd {
        return Algorithm::Winograd;
    }
    if g.is_depthwise() {
        return Algorithm::Depthwise;
    }
    let wide = match pass {
        Pass::InputGrad => adjoint(g).as_ref().and_then(SideBySide::of),
        Pass::Forward | Pass::WeightGrad => SideBySide::of(g),
    };
    wide.map_or(Algorithm::Direct, Algorithm::SideBySide)
}

impl Algorithm {
    fn name(&self) -> &'static str {
        match self {
            Self::Winograd => "Winograd",
            Self::Depthwise => "depthwise",
            Self::SideBySide(_) => "pixels side by side",
            Self::Direct => "sums of products",
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "forward",
            Self::InputGrad => "input gradient",
            Self::WeightGrad => "weight gradient",
        })
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { batch, input, channels, filters, kernel, stride, groups, .. } = self;
        let [height, width] = input;
        write!(f, "of {batch} images of {height}×{width}×{channels}, {filters} filters of ")?;
        write!(
            f,
            "{}×{}, stride {}×{}, groups {groups}",
            kernel[0], kernel[1], stride[0], stride[1]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Options, Padding, geometry};
    use super::*;
    use crate::precision::Precision;

    #[test]
    fn algorithms_of_shapes() {
        let same = Options { padding: Padding::Same, ..Default::default() };
        let exact = Options { precision: Precision::Exact, ..same };
        let (winograd, direct, depthwise) = ("Winograd", "sums of products", "depthwise");
        for (options, input, kernel, expected) in [
            (same, [64, 32, 32, 16], [3, 3, 16, 16], [winograd; 3]),
            (same, [64, 14, 14, 32], [5, 5, 32, 64], [winograd; 3]),
            (exact, [64, 32, 32, 16], [3, 3, 16, 16], [direct; 3]),
            (Options { stride: [2, 2], ..same }, [64, 32, 32, 16], [3, 3, 16, 32], [direct; 3]),
            (Options { groups: 32, ..same }, [8, 16, 16, 32], [3, 3, 1, 32], [depthwise; 3]),
            (Options { groups: 2, ..same }, [8, 16, 16, 32], [3, 3, 16, 32], [direct; 3]),
            (same, [64, 1, 1, 64], [1, 1, 64, 64], [direct; 3]),
        ] {
            let g = geometry(&options, input, kernel).unwrap();
            let passes = [Pass::Forward, Pass::InputGrad, Pass::WeightGrad];
            assert_eq!(passes.map(|pass| of(&g, pass).name()), expected, "{g}");
        }
        // Few filters leave room in a vector for pixels side by side.
        let g = geometry(&same, [64, 28, 28, 1], [4, 4, 1, 2]).unwrap();
        assert_eq!(of(&g, Pass::Forward).name(), "pixels side by side");
        assert_eq!(of(&g, Pass::WeightGrad).name(), "pixels side by side");
    }
}
