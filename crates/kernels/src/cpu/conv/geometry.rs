//! The sizes of one convolution.

use crate::precision::Precision;

/// The sizes of one convolution, all checked: input `[batch, height, width, channels]`, weight
/// `[kernel height, kernel width, channels / groups, filters]`, output
/// `[batch, height, width, filters]`.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// Images.
    pub batch: usize,
    /// Height and width.
    pub input: [usize; 2],
    /// Channels of the input.
    pub channels: usize,
    /// Height and width.
    pub output: [usize; 2],
    /// Channels of the output.
    pub filters: usize,
    /// Height and width.
    pub kernel: [usize; 2],
    /// Rows and columns from one place of the kernel to the next.
    pub stride: [usize; 2],
    /// Rows and columns from one kernel element to the next in the image.
    pub dilation: [usize; 2],
    /// Zeros above and left of the image.
    pub padding: [usize; 2],
    /// Into how many groups channels and filters are divided.
    pub groups: usize,
    /// Whether an algorithm with fewer products may be used.
    pub precision: Precision,
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
