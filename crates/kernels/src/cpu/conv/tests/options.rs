//! Convolutions as users describe them, for tests: the sizes that follow from options.

use super::Geometry;
use crate::precision::Precision;

#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Padding {
    Valid,
    /// As much as gives `ceil(input / stride)` pixels.
    Same,
    Explicit {
        top: usize,
        bottom: usize,
        left: usize,
        right: usize,
    },
}

impl Padding {
    pub(in super::super) fn all(amount: usize) -> Self {
        Self::Explicit { top: amount, bottom: amount, left: amount, right: amount }
    }
}

#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Options {
    pub(in super::super) stride: [usize; 2],
    pub(in super::super) padding: Padding,
    pub(in super::super) dilation: [usize; 2],
    pub(in super::super) groups: usize,
    pub(in super::super) precision: Precision,
}

impl Default for Options {
    fn default() -> Self {
        let (stride, dilation) = ([1; 2], [1; 2]);
        Self { stride, padding: Padding::Valid, dilation, groups: 1, precision: Precision::Fast }
    }
}

/// The sizes of a convolution of images `[batch, height, width, channels]` with a weight
/// `[kernel height, kernel width, channels / groups, filters]`; `None` where it does not fit.
pub(in super::super) fn geometry(
    options: &Options,
    input: [usize; 4],
    weight: [usize; 4],
) -> Option<Geometry> {
    let &Options { stride, padding, dilation, groups, precision } = options;
    let (mut output, mut before) = ([0; 2], [0; 2]);
    for axis in 0..2 {
        let (length, step) = (input[1 + axis], stride[axis]);
        let reach = dilation[axis] * (weight[axis] - 1) + 1;
        let (low, high) = match padding {
            Padding::Valid => (0, 0),
            Padding::Explicit { top, bottom, left, right } => [(top, bottom), (left, right)][axis],
            Padding::Same => {
                let total = ((length.div_ceil(step) - 1) * step + reach).saturating_sub(length);
                (total / 2, total - total / 2)
            }
        };
        output[axis] = (length + low + high).checked_sub(reach)? / step + 1;
        before[axis] = low;
    }
    Some(Geometry {
        batch: input[0],
        input: [input[1], input[2]],
        channels: input[3],
        output,
        filters: weight[3],
        kernel: [weight[0], weight[1]],
        stride,
        dilation,
        padding: before,
        groups,
        precision,
    })
}
