//! Windows that slide over images: what convolution and pooling check alike.

use glassbox_tensor::{Padding, output_length};

use super::config::at_least_one;
use super::geometry::{PaddingConfig, Size2d};
use crate::error::{BuildError, MAX_VALUES};

/// How many pixels a window covers from its first to its last tap.
pub(super) fn span(window: Size2d, dilation: Size2d) -> [usize; 2] {
    let along = |window: usize, dilation: usize| {
        window.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
    };
    [along(window.height, dilation.height), along(window.width, dilation.width)]
}

/// The height and width of what a window (called `field` in the configuration) makes of an image.
pub(super) fn check_window(
    layer: &'static str,
    field: &'static str,
    image: [usize; 2],
    window: Size2d,
    stride: Size2d,
    dilation: Size2d,
    padding: PaddingConfig,
) -> Result<[usize; 2], BuildError> {
    for (field, size) in [(field, window), ("stride", stride), ("dilation", dilation)] {
        at_least_one(layer, field, size.height.min(size.width))?;
    }
    let reach = span(window, dilation);
    if let PaddingConfig::Size(size) = padding
        && size.height.max(size.width) > MAX_VALUES
    {
        let (expected, found) = (format!("a padding of at most {MAX_VALUES}"), size.to_string());
        return Err(BuildError::new("GB0206", layer, expected, found).field("padding"));
    }
    if reach[0].max(reach[1]) > MAX_VALUES {
        let (expected, found) = ("a smaller window".to_owned(), window.to_string());
        return Err(BuildError::new("GB0206", layer, expected, found).field(field));
    }
    let amounts =
        Padding::from(padding).resolve(image, window.dims(), stride.dims(), dilation.dims());
    let along = |axis: usize| {
        let length = output_length(
            image[axis],
            window.dims()[axis],
            stride.dims()[axis],
            dilation.dims()[axis],
            amounts[axis],
        );
        length.map_err(|_| {
            let padded = |axis: usize| image[axis] + amounts[axis].0 + amounts[axis].1;
            BuildError::new(
                "GB0205",
                layer,
                format!("an image of at least {}×{} for the window", reach[0], reach[1]),
                format!("{}×{} with its padding", padded(0), padded(1)),
            )
            .field(field)
            .help("use a smaller window, padding = \"same\", or fewer strides and pools before it")
        })
    };
    Ok([along(0)?, along(1)?])
}

/// The largest window that pooling works with.
const MAX_TAPS: usize = 1 << 24;

/// As [`check_window`], for pooling: a window that lies in the padding altogether has no value.
pub(super) fn check_pool(
    layer: &'static str,
    image: [usize; 2],
    size: Size2d,
    stride: Size2d,
    padding: PaddingConfig,
) -> Result<[usize; 2], BuildError> {
    if let PaddingConfig::Size(padding) = padding
        && (padding.height > size.height / 2 || padding.width > size.width / 2)
    {
        let expected = format!("a padding of at most half the window of {size}");
        return Err(
            BuildError::new("GB0204", layer, expected, padding.to_string()).field("padding")
        );
    }
    if size.height.saturating_mul(size.width) > MAX_TAPS {
        let expected = format!("a window of at most {MAX_TAPS} pixels");
        return Err(BuildError::new("GB0206", layer, expected, size.to_string()).field("size"));
    }
    check_window(layer, "size", image, size, stride, 1.into(), padding)
}

/// `max_pool 2×2, stride 1`.
pub(super) fn describe_pool(layer: &str, size: Size2d, stride: Option<Size2d>) -> String {
    match stride {
        Some(stride) if stride != size => format!("{layer} {size}, stride {}", stride.short()),
        _ => format!("{layer} {size}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        image: [usize; 2],
        window: usize,
        stride: usize,
        padding: PaddingConfig,
    ) -> Result<[usize; 2], BuildError> {
        check_window("conv2d", "kernel", image, window.into(), stride.into(), 1.into(), padding)
    }

    #[test]
    fn sizes_follow_the_formula() {
        assert_eq!(check([28, 20], 3, 1, PaddingConfig::Valid).unwrap(), [26, 18]);
        assert_eq!(check([28, 21], 3, 2, PaddingConfig::Same).unwrap(), [14, 11]);
        assert_eq!(check([5, 5], 2, 2, 1.into()).unwrap(), [3, 3]);
    }

    #[test]
    fn absurd_numbers_are_errors_not_overflows() {
        for (window, stride, padding) in [
            (usize::MAX, 1, PaddingConfig::Valid),
            (usize::MAX, usize::MAX, PaddingConfig::Same),
            (3, 1, usize::MAX.into()),
            (0, 1, PaddingConfig::Same),
            (3, 0, PaddingConfig::Same),
        ] {
            assert!(check([28, 28], window, stride, padding).is_err(), "{window} {stride}");
        }
        assert_eq!(check([28, 28], 3, usize::MAX, PaddingConfig::Same).unwrap(), [1, 1]);
        let dilation = usize::MAX.into();
        let absurd = check_window(
            "conv2d",
            "kernel",
            [8, 8],
            3.into(),
            1.into(),
            dilation,
            PaddingConfig::Same,
        );
        assert_eq!(absurd.unwrap_err().code, "GB0206");
    }
}
