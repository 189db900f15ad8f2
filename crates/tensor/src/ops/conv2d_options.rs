//! How a convolution's kernel moves over the image, and the shapes that follow.

use glassbox_kernels::Precision;

use super::padding::{Padding, output_length};
use crate::error::ShapeError;
use crate::shape::Shape;

/// How a convolution's kernel moves over the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dOptions {
    /// Rows and columns from one place of the kernel to the next.
    pub stride: [usize; 2],
    /// What surrounds the image: zeros, where anything.
    pub padding: Padding,
    /// Rows and columns from one kernel element to the next in the image.
    pub dilation: [usize; 2],
    /// Into how many groups channels and filters are divided: a filter sees the channels of its
    /// own group only. As many as channels, with one filter each, is a depthwise convolution.
    pub groups: usize,
    /// Whether an algorithm with fewer products may be used.
    pub precision: Precision,
}

/// Stride 1, no padding, dilation 1, one group, fast.
impl Default for Conv2dOptions {
    fn default() -> Self {
        Self {
            stride: [1; 2],
            padding: Padding::Valid,
            dilation: [1; 2],
            groups: 1,
            precision: Precision::Fast,
        }
    }
}

impl Conv2dOptions {
    /// The shape `[batch, height, width, filters]` of the result for an input
    /// `[batch, height, width, channels]` and a kernel
    /// `[height, width, channels / groups, filters]`: along each spatial axis
    /// `floor((input + padding - dilation (kernel - 1) - 1) / stride) + 1`.
    ///
    /// ```
    /// # use glassbox_tensor::{Conv2dOptions, Padding, Shape};
    /// let options = Conv2dOptions { stride: [2, 2], padding: Padding::Same, ..Default::default() };
    /// let output = options.output_shape([64, 28, 28, 1], [3, 3, 1, 32])?;
    /// assert_eq!(output, Shape::from([64, 14, 14, 32]));
    /// # Ok::<(), glassbox_tensor::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// When the shapes do not have four axes, the channels do not fit the groups and the kernel,
    /// an option is zero, or the kernel does not fit into the padded image.
    pub fn output_shape(
        &self,
        input: impl Into<Shape>,
        kernel: impl Into<Shape>,
    ) -> Result<Shape, ShapeError> {
        let (input, kernel) = (input.into(), kernel.into());
        let &[batch, height, width, channels] = input.dims() else {
            return Err(ShapeError::new(
                "an input of shape batch×height×width×channels",
                input.to_string(),
            ));
        };
        let &[kernel_height, kernel_width, group_channels, filters] = kernel.dims() else {
            return Err(ShapeError::new(
                "a kernel of shape height×width×channels×filters",
                kernel.to_string(),
            ));
        };
        let groups = self.groups;
        if groups == 0 || channels == 0 || filters == 0 {
            return Err(ShapeError::new(
                "groups, channels and filters of at least 1",
                format!("groups {groups}, channels {channels}, filters {filters}"),
            ));
        }
        if channels % groups != 0 || filters % groups != 0 {
            return Err(ShapeError::new(
                format!("channels and filters that divide into {groups} groups"),
                format!("{channels} channels and {filters} filters"),
            ));
        }
        if group_channels != channels / groups {
            return Err(ShapeError::new(
                format!("a kernel for {} channels in each group", channels / groups),
                format!("a kernel for {group_channels}"),
            ));
        }
        let padding = self.resolved_padding([height, width], [kernel_height, kernel_width]);
        let along = |axis: usize, input: usize, kernel: usize| {
            output_length(input, kernel, self.stride[axis], self.dilation[axis], padding[axis])
        };
        let out = [along(0, height, kernel_height)?, along(1, width, kernel_width)?];
        let output = [batch, out[0], out[1], filters];
        let padded = |a: usize, input: usize| input.saturating_add(padding[a].0 + padding[a].1);
        let image = [batch, padded(0, height), padded(1, width), channels];
        for sizes in [output, image] {
            let bytes = sizes.iter().try_fold(size_of::<f32>(), |n, &size| n.checked_mul(size));
            if bytes.is_none_or(|bytes| bytes > isize::MAX as usize) {
                return Err(ShapeError::new("images that fit in memory", format!("{sizes:?}")));
            }
        }
        Ok(output.into())
    }

    /// Zeros `[(above, below), (left, right)]` of an image for a kernel `[height, width]`.
    pub(crate) fn resolved_padding(
        &self,
        input: [usize; 2],
        kernel: [usize; 2],
    ) -> [(usize, usize); 2] {
        self.padding.resolve(input, kernel, self.stride, self.dilation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(options: Conv2dOptions, input: [usize; 4], kernel: [usize; 4]) -> Vec<usize> {
        options.output_shape(input, kernel).unwrap().dims().to_vec()
    }

    #[test]
    fn the_formula_for_each_option() {
        let plain = Conv2dOptions::default();
        assert_eq!(shape(plain, [2, 28, 20, 3], [3, 5, 3, 8]), [2, 26, 16, 8]);
        let strided = Conv2dOptions { stride: [2, 3], ..plain };
        assert_eq!(shape(strided, [0, 28, 20, 3], [3, 5, 3, 8]), [0, 13, 6, 8]);
        let dilated = Conv2dOptions { dilation: [2, 3], ..plain };
        assert_eq!(shape(dilated, [2, 28, 20, 3], [3, 5, 3, 8]), [2, 24, 8, 8]);
        let same = Conv2dOptions { padding: Padding::Same, ..strided };
        assert_eq!(shape(same, [2, 28, 20, 3], [4, 7, 3, 8]), [2, 14, 7, 8]);
        let grouped = Conv2dOptions { groups: 3, padding: Padding::all(1), ..plain };
        assert_eq!(shape(grouped, [2, 8, 8, 9], [3, 3, 3, 6]), [2, 8, 8, 6]);
    }

    #[test]
    fn what_cannot_work_is_an_error() {
        let plain = Conv2dOptions::default();
        let message = |o: Conv2dOptions, input: &[usize], kernel: &[usize]| {
            o.output_shape(input, kernel).unwrap_err().to_string()
        };
        let (input, kernel) = ([2, 8, 8, 4], [3, 3, 4, 8]);
        assert!(message(plain, &[8, 8, 4], &kernel).contains("8×8×4"));
        assert!(message(plain, &input, &[3, 3, 4]).contains("3×3×4"));
        assert!(message(plain, &input, &[3, 3, 3, 8]).contains("4 channels"));
        assert!(message(plain, &input, &[9, 3, 4, 8]).contains("at least 9"));
        assert!(message(plain, &input, &[0, 3, 4, 8]).contains("window 0"));
        assert!(message(plain, &input, &[3, 3, 4, 0]).contains("filters 0"));
        let groups = |groups| Conv2dOptions { groups, ..plain };
        assert!(message(groups(0), &input, &kernel).contains("groups 0"));
        assert!(message(groups(3), &input, &kernel).contains("3 groups"));
        assert!(message(groups(2), &input, &kernel).contains("2 channels"));
        let stride = Conv2dOptions { stride: [1, 0], ..plain };
        assert!(message(stride, &input, &kernel).contains("stride 0"));
        let padding = |amount| Conv2dOptions { padding: Padding::all(amount), ..plain };
        assert!(message(padding(usize::MAX), &input, &kernel).contains("padding"));
        assert!(message(padding(usize::MAX / 8), &input, &kernel).contains("memory"));
    }
}
