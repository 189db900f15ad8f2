//! The sizes of one convolution.

use crate::ops::precision::Precision;

/// The sizes of one convolution, all checked: input `[batch, height, width, channels]`, weight
/// `[kernel height, kernel width, channels / groups, filters]`, output
/// `[batch, height, width, filters]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub(crate) batch: usize,
    /// Height and width.
    pub(crate) input: [usize; 2],
    pub(crate) channels: usize,
    /// Height and width.
    pub(crate) output: [usize; 2],
    pub(crate) filters: usize,
    /// Height and width.
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    /// Zeros above and left of the image.
    pub(crate) padding: [usize; 2],
    pub(crate) groups: usize,
    pub(crate) precision: Precision,
}

impl Geometry {
    pub(crate) fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    pub(crate) fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Every channel has its own one filter.
    pub(crate) fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.channels && self.channels == self.filters
    }

    pub(crate) fn weight_elements(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.group_channels() * self.filters
    }

    pub(crate) fn output_pixels(&self) -> usize {
        self.batch * self.output[0] * self.output[1]
    }
}
