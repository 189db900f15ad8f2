//! How pooling's window moves over the image, and the shapes that follow.

use glassbox_kernels::cpu::pool::{Planes, TapIndex, Windows};

use super::padding::{Padding, output_length, span};
use crate::error::ShapeError;
use crate::shape::Shape;

/// How the window of max pooling moves over the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPoolOptions {
    /// Rows and columns of the window.
    pub window: [usize; 2],
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// What surrounds the image: nothing that could be a maximum.
    pub padding: Padding,
    /// Rows and columns from one element of the window to the next in the image.
    pub dilation: [usize; 2],
    /// Whether a last window that leaves the padded image counts, if it starts inside the image
    /// or the padding before it.
    pub ceil: bool,
}

impl MaxPoolOptions {
    /// Windows side by side, without padding.
    pub fn new(window: [usize; 2]) -> Self {
        Self { window, stride: window, padding: Padding::Valid, dilation: [1; 2], ceil: false }
    }

    /// The shape `[batch, height, width, channels]` of the result for an input of that form.
    ///
    /// ```
    /// # use glassbox_tensor::{MaxPoolOptions, Shape};
    /// let output = MaxPoolOptions::new([2, 2]).output_shape([64, 27, 28, 8])?;
    /// assert_eq!(output, Shape::from([64, 13, 14, 8]));
    /// # Ok::<(), glassbox_tensor::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// When the input does not have four axes, an option is zero, the padding is not smaller than
    /// the window's reach, or the window does not fit into the padded image.
    pub fn output_shape(&self, input: impl Into<Shape>) -> Result<Shape, ShapeError> {
        Ok(self.planes(input.into())?.output().into())
    }

    pub(super) fn planes(&self, input: Shape) -> Result<Planes, ShapeError> {
        let Self { window, stride, padding, dilation, ceil } = *self;
        planes(input, window, stride, padding, dilation, ceil, true)
    }
}

/// How the window of average pooling moves over the image, and what it divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPoolOptions {
    /// Rows and columns of the window.
    pub window: [usize; 2],
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// What surrounds the image: zeros.
    pub padding: Padding,
    /// Whether a last window that leaves the padded image counts, if it starts inside the image
    /// or the padding before it.
    pub ceil: bool,
    /// Whether the mean counts the padding's zeros.
    pub count_padding: bool,
    /// What sums are divided by, in place of the number of elements.
    pub divisor: Option<usize>,
}

impl AvgPoolOptions {
    /// Windows side by side, without padding.
    pub fn new(window: [usize; 2]) -> Self {
        Self {
            window,
            stride: window,
            padding: Padding::Valid,
            ceil: false,
            count_padding: true,
            divisor: None,
        }
    }

    /// The shape `[batch, height, width, channels]` of the result for an input of that form.
    ///
    /// # Errors
    /// As [`MaxPoolOptions::output_shape`], and when the divisor is zero.
    pub fn output_shape(&self, input: impl Into<Shape>) -> Result<Shape, ShapeError> {
        Ok(self.planes(input.into())?.output().into())
    }

    pub(super) fn planes(&self, input: Shape) -> Result<Planes, ShapeError> {
        let Self { window, stride, padding, ceil, count_padding, divisor } = *self;
        if divisor == Some(0) {
            return Err(ShapeError::new("a divisor of at least 1", "0"));
        }
        planes(input, window, stride, padding, [1; 2], ceil, count_padding)
    }
}

/// How windows lie on an image. A record holds this rather than the [`Planes`] that follow from
/// it, which are large.
#[derive(Clone, Copy)]
pub(super) enum Windowing {
    Max(MaxPoolOptions),
    Average(AvgPoolOptions),
    Adaptive([usize; 2]),
}

impl Windowing {
    pub(super) fn planes(&self, input: Shape) -> Result<Planes, ShapeError> {
        match self {
            Self::Max(options) => options.planes(input),
            Self::Average(options) => options.planes(input),
            Self::Adaptive(output) => adaptive(input, *output),
        }
    }
}

fn image(input: Shape) -> Result<[usize; 4], ShapeError> {
    let expected = "an input of shape batch×height×width×channels";
    <[usize; 4]>::try_from(input.dims()).map_err(|_| ShapeError::new(expected, input.to_string()))
}

fn planes(
    input: Shape,
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    dilation: [usize; 2],
    ceil: bool,
    count_padding: bool,
) -> Result<Planes, ShapeError> {
    let [batch, height, width, channels] = image(input)?;
    let padding = padding.resolve([height, width], window, stride, dilation);
    let along = |axis: usize, input: usize| {
        let (window, stride, dilation) = (window[axis], stride[axis], dilation[axis]);
        windows(input, window, stride, dilation, padding[axis], ceil, count_padding)
    };
    let planes = Planes { batch, channels, rows: along(0, height)?, columns: along(1, width)? };
    let taps = planes.rows.taps.checked_mul(planes.columns.taps);
    if taps.is_none_or(|taps| taps > f32::TAPS) {
        let found = format!("{}×{}", window[0], window[1]);
        return Err(ShapeError::new(format!("a window of at most {} elements", f32::TAPS), found));
    }
    Ok(planes)
}

fn windows(
    input: usize,
    window: usize,
    stride: usize,
    dilation: usize,
    padding: (usize, usize),
    ceil: bool,
    count_padding: bool,
) -> Result<Windows, ShapeError> {
    let mut output = output_length(input, window, stride, dilation, padding)?;
    let reach = span(window, dilation);
    if padding.0.max(padding.1) >= reach {
        return Err(ShapeError::new(
            format!("padding smaller than the window's reach, {reach}"),
            format!("{}", padding.0.max(padding.1)),
        ));
    }
    let left_over = (input + padding.0 + padding.1 - reach) % stride;
    if ceil && left_over > 0 && output * stride < input + padding.0 {
        output += 1;
    }
    let mut windows = Windows::sliding(input, output, window, stride, dilation, padding);
    if !count_padding {
        windows.places.iter_mut().for_each(|place| place.count = place.taps);
    }
    Ok(windows)
}

/// The windows of adaptive pooling to `output` rows and columns.
fn adaptive(input: Shape, output: [usize; 2]) -> Result<Planes, ShapeError> {
    let [batch, height, width, channels] = image(input)?;
    if output.contains(&0) || height == 0 || width == 0 {
        let found = format!("{height}×{width} to {}×{}", output[0], output[1]);
        return Err(ShapeError::new("images and results of at least 1×1", found));
    }
    let (rows, columns) =
        (Windows::adaptive(height, output[0]), Windows::adaptive(width, output[1]));
    Ok(Planes { batch, channels, rows, columns })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_up_needs_a_start_inside() {
        let options = |window, stride, padding| MaxPoolOptions {
            stride: [stride; 2],
            padding: Padding::all(padding),
            ceil: true,
            ..MaxPoolOptions::new([window; 2])
        };
        let length = |options: MaxPoolOptions, input: usize| {
            options.output_shape([1, input, input, 1]).unwrap().dims()[1]
        };
        assert_eq!(length(options(2, 2, 0), 5), 3);
        assert_eq!(length(options(2, 2, 0), 4), 2);
        // A third window would start in the padding behind the image.
        assert_eq!(length(options(2, 3, 1), 5), 2);
        assert_eq!(length(options(3, 2, 1), 6), 4);
    }

    #[test]
    fn impossible_options_are_errors() {
        let valid = MaxPoolOptions::new([2, 2]);
        assert!(valid.output_shape([4, 4, 1]).is_err());
        assert!(valid.output_shape([1, 1, 4, 1]).is_err());
        assert!(MaxPoolOptions { stride: [0, 1], ..valid }.output_shape([1, 4, 4, 1]).is_err());
        let wide = MaxPoolOptions { padding: Padding::all(2), ..valid };
        let error = wide.output_shape([1, 4, 4, 1]).unwrap_err();
        assert!(error.expected.contains("smaller than the window's reach, 2"), "{error}");
        let zero = AvgPoolOptions { divisor: Some(0), ..AvgPoolOptions::new([2, 2]) };
        assert!(zero.output_shape([1, 4, 4, 1]).is_err());
        assert!(adaptive([1, 4, 4, 1].into(), [0, 2]).is_err());
    }
}
