//! From an image file to the bytes of an item.

use std::io::{Cursor, Read};
use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode};
use image::imageops::FilterType;
use image::{
    DynamicImage, GrayAlphaImage, ImageDecoder, ImageError, ImageReader, Limits, RgbaImage,
};

use super::whole::{self, Images};
use super::{Background, Color, ImageFormat, MAX_SIDE};
use crate::files;

/// The most pixels of an image: decoding takes at most some hundred MB.
const MAX_PIXELS: u64 = 1 << 26;
/// The longest file: more than the largest image takes uncompressed.
const MAX_FILE: u64 = 1 << 30;

/// A decoded image.
pub(super) struct Decoded {
    pub(super) image: DynamicImage,
    /// Whether something shows through it, which was laid over the background.
    pub(super) transparent: bool,
    /// Whether it is the first of several in its file.
    pub(super) first_of_several: bool,
}

/// The image in the colors wanted, upright, after a look at its declared size and at whether the
/// file is whole.
pub(super) fn decode(
    path: &Path,
    color: Color,
    background: Background,
) -> Result<Decoded, DataError> {
    let (file, length) = files::open(path)?;
    if length > MAX_FILE {
        return Err(too_large(path, format!("a file of {length} bytes")));
    }
    let mut data = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut data).map_err(|e| files::unreadable(path, &e))?;
    decode_data(&data, path, color, background)
}

/// As [`decode`], of the contents of the file at `path`.
pub(super) fn decode_data(
    data: &[u8],
    path: &Path,
    color: Color,
    background: Background,
) -> Result<Decoded, DataError> {
    let failed = |error: ImageError| match error {
        ImageError::Limits(error) => too_large(path, error.to_string()),
        error => damaged(path, error),
    };
    let mut reader = ImageReader::new(Cursor::new(data))
        .with_guessed_format()
        .map_err(|error| files::unreadable(path, &error))?;
    let format = reader.format();
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(8 * MAX_PIXELS);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large(path, format!("{width}×{height} pixels")));
    }
    let images = format.map_or(Ok(Images::One), |format| whole::check(format, data));
    let images = images.map_err(|what| damaged(path, what))?;
    let orientation = decoder.orientation().map_err(failed)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    image.apply_orientation(orientation);
    let (image, transparent) = compose(image, background);
    let gray = match color {
        Color::Gray => true,
        Color::Auto => !image.color().has_color(),
        Color::Rgb => false,
    };
    let image = if gray { image.into_luma8().into() } else { image.into_rgb8().into() };
    Ok(Decoded { image, transparent, first_of_several: images == Images::Several })
}

fn damaged(path: &Path, found: impl std::fmt::Display) -> DataError {
    DataError::new(DataErrorCode::Image, "the image cannot be decoded")
        .file(path)
        .expected("a whole PNG, JPEG, BMP, GIF or PNM file")
        .found(found)
        .help("replace the file or remove it; damaged = \"skip\" leaves out such files")
}

fn too_large(path: &Path, found: String) -> DataError {
    DataError::new(DataErrorCode::TooLarge, "the image is too large")
        .file(path)
        .expected(format!("sides up to {MAX_SIDE}, {MAX_PIXELS} pixels in all"))
        .found(found)
        .help("shrink it")
}

/// The image over a background, in 8 bits, and whether any of that shows:
/// `(alpha · color + (255 - alpha) · background) / 255`.
fn compose(image: DynamicImage, background: Background) -> (DynamicImage, bool) {
    let behind = match background {
        Background::White => 255,
        Background::Black => 0,
        Background::Ignore => return (image, false),
    };
    if !image.color().has_alpha() {
        return (image, false);
    }
    let over = |value: &mut u8, alpha: u8| {
        let (alpha, rest) = (u32::from(alpha), u32::from(255 - alpha));
        *value = ((alpha * u32::from(*value) + rest * behind + 127) / 255) as u8;
    };
    let mut transparent = false;
    let mut lay = |pixel: &mut [u8]| {
        let Some((alpha, colors)) = pixel.split_last_mut() else { return };
        transparent |= *alpha < 255;
        colors.iter_mut().for_each(|value| over(value, *alpha));
        *alpha = 255;
    };
    let image: DynamicImage = match image.color().has_color() {
        true => {
            let mut image: RgbaImage = image.into_rgba8();
            image.pixels_mut().for_each(|pixel| lay(&mut pixel.0));
            image.into()
        }
        false => {
            let mut image: GrayAlphaImage = image.into_luma_alpha8();
            image.pixels_mut().for_each(|pixel| lay(&mut pixel.0));
            image.into()
        }
    };
    (image, transparent)
}

/// The height and the width of a decoded image.
pub(super) fn size_of(image: &DynamicImage) -> [usize; 2] {
    [image.height() as usize, image.width() as usize]
}

/// How many channels a decoded image has.
pub(super) fn channels(image: &DynamicImage) -> usize {
    usize::from(image.color().channel_count())
}

/// The bytes of an item of this `format`.
pub(super) fn fit(
    image: DynamicImage,
    format: ImageFormat,
    resize: bool,
    path: &Path,
) -> Result<Vec<u8>, DataError> {
    let ImageFormat { height, width, channels: wanted, .. } = format;
    if channels(&image) != wanted {
        return Err(DataError::new(DataErrorCode::ImageShape, "a colored image among gray ones")
            .file(path)
            .expected("gray, as the first image")
            .found("colors")
            .help("set color = \"rgb\" or color = \"gray\""));
    }
    if size_of(&image) == [height, width] {
        return Ok(image.into_bytes());
    }
    if !resize {
        return Err(DataError::new(DataErrorCode::ImageShape, "images differ in size")
            .file(path)
            .expected(format!("{width}×{height} pixels (width × height), as the first image"))
            .found(format!("{}×{}", image.width(), image.height()))
            .help(format!("size = [{height}, {width}] (height, width) resizes all")));
    }
    // Triangle: bilinear, over an area that grows when the image shrinks.
    Ok(image.resize_exact(width as u32, height as u32, FilterType::Triangle).into_bytes())
}
