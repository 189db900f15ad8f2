//! How a window that slides over an image treats its border: shared by convolution and pooling.

use crate::error::ShapeError;

/// What surrounds an image while a window slides over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: the window stays inside.
    #[default]
    Valid,
    /// As much as gives `ceil(input / stride)` outputs; an odd amount puts the extra row or column
    /// at the bottom or right.
    Same,
    /// As many rows and columns as written.
    Explicit {
        /// Rows above the image.
        top: usize,
        /// Rows below the image.
        bottom: usize,
        /// Columns left of the image.
        left: usize,
        /// Columns right of the image.
        right: usize,
    },
}

impl Padding {
    /// The same amount on all four sides.
    pub const fn all(amount: usize) -> Self {
        Self::symmetric(amount, amount)
    }

    /// `rows` above and below, `columns` left and right.
    pub const fn symmetric(rows: usize, columns: usize) -> Self {
        Self::Explicit { top: rows, bottom: rows, left: columns, right: columns }
    }

    /// The padding `[(top, bottom), (left, right)]` of an image `[height, width]` under a window
    /// `[height, width]` with the given strides and dilations.
    pub fn resolve(
        self,
        input: [usize; 2],
        window: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
    ) -> [(usize, usize); 2] {
        match self {
            Self::Valid => [(0, 0); 2],
            Self::Explicit { top, bottom, left, right } => [(top, bottom), (left, right)],
            Self::Same => std::array::from_fn(|axis| {
                let reach = span(window[axis], dilation[axis]);
                let stride = stride[axis].max(1);
                let last = input[axis].div_ceil(stride).saturating_sub(1).saturating_mul(stride);
                let total = last.saturating_add(reach).saturating_sub(input[axis]);
                (total / 2, total - total / 2)
            }),
        }
    }
}

/// How many elements a window covers from its first to its last tap: `dilation (window - 1) + 1`.
pub fn span(window: usize, dilation: usize) -> usize {
    window.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
}

/// How many places a window has along one axis: `floor((padded - span) / stride) + 1`.
///
/// # Errors
/// When the window or stride is zero, or the window does not fit into the padded input.
pub fn output_length(
    input: usize,
    window: usize,
    stride: usize,
    dilation: usize,
    padding: (usize, usize),
) -> Result<usize, ShapeError> {
    if window == 0 || stride == 0 || dilation == 0 {
        return Err(ShapeError::new(
            "window, stride and dilation of at least 1",
            format!("window {window}, stride {stride}, dilation {dilation}"),
        ));
    }
    let padded = padding.0.checked_add(padding.1).and_then(|sum| sum.checked_add(input));
    let padded =
        padded.ok_or_else(|| ShapeError::new("a smaller padding", format!("{padding:?}")))?;
    let span = span(window, dilation);
    match padded.checked_sub(span) {
        Some(room) => Ok(room / stride + 1),
        None => Err(ShapeError::new(
            format!("an input of at least {span} (the window's reach), padding included"),
            format!("{padded}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_gives_one_output_a_stride() {
        for (input, window, stride, dilation) in
            [(7, 3, 1, 1), (7, 2, 1, 1), (8, 3, 2, 1), (9, 3, 2, 2), (5, 1, 3, 1), (2, 7, 1, 1)]
        {
            let square = |x| [x, x];
            let [padding, _] = Padding::Same.resolve(
                square(input),
                square(window),
                square(stride),
                square(dilation),
            );
            assert!(padding.0 <= padding.1 && padding.1 <= padding.0 + 1);
            let output = output_length(input, window, stride, dilation, padding).unwrap();
            assert_eq!(output, input.div_ceil(stride));
        }
    }

    #[test]
    fn windows_that_do_not_fit_are_errors() {
        let error = output_length(4, 3, 1, 2, (0, 0)).unwrap_err();
        assert!(error.to_string().contains("at least 5"), "{error}");
        assert!(output_length(4, 3, 0, 1, (0, 0)).is_err());
        assert!(output_length(4, usize::MAX, 1, usize::MAX, (0, 0)).is_err());
        assert!(output_length(4, 2, 1, 1, (usize::MAX, 1)).is_err());
        assert_eq!(output_length(4, 3, 1, 2, (1, 0)).unwrap(), 1);
    }
}
