//! A folder of class folders of images.

use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
use serde::{Deserialize, Serialize};

use super::{InputReader, Loaded};
use crate::data::dataset::{Dataset, InputStore};
use crate::data::error::{DataError, DataErrorCode};
use crate::data::files::{self, MAX_BYTES};
use crate::data::split::Split;
use crate::data::targets::Targets;

/// A folder with one subfolder of images a class (`cat/0001.png`), or with `train`, `test` and
/// perhaps `valid` subfolders that each have them. PNG, JPEG, BMP, GIF and PNM, told apart by
/// their contents. Inputs are `[height, width, channels]` from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImagesConfig {
    /// The folder.
    pub path: PathBuf,
    /// `[height, width]` to which every image is resized; without it all must have one size.
    pub size: Option<[usize; 2]>,
    /// The colours to read.
    pub color: Color,
}

/// The colours of images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    /// Those of the first image.
    #[default]
    Auto,
    /// Three channels: red, green, blue.
    Rgb,
    /// One channel: luminance.
    Gray,
}

/// Size and colours to which images are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFormat {
    /// Rows.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
}

/// The longest side of an image.
const MAX_SIDE: u32 = 16_384;
/// The most pixels of an image: decoding takes at most some hundred MB.
const MAX_PIXELS: u64 = 1 << 26;
const EXTENSIONS: [&str; 9] = ["png", "jpg", "jpeg", "bmp", "gif", "pbm", "pgm", "ppm", "pnm"];

impl ImagesConfig {
    /// Decodes every image.
    ///
    /// # Errors
    /// When a folder has no classes or images, or an image cannot be used; the message names it.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        let folder = base_dir.join(&self.path);
        if let Some([height, width]) = self.size
            && (height.min(width) == 0 || height.max(width) > MAX_SIDE as usize)
        {
            let error = DataError::new(DataErrorCode::Source, "`size` is impossible");
            return Err(error
                .expected(format!("sides of 1 to {MAX_SIDE}"))
                .found(format!("[{height}, {width}]")));
        }
        let mut listing = Listing::of(&folder)?;
        let first = decode(&listing.files[0], self.color)?;
        let [height, width] =
            self.size.unwrap_or([first.height() as usize, first.width() as usize]);
        let channels = channels(&first);
        let format = ImageFormat { height, width, channels };
        let values = decode_all(&listing.files, format, self.size.is_some(), self.color)?;
        let name = folder.file_name().map_or("images".into(), |name| name.to_string_lossy());
        let names = std::mem::take(&mut listing.classes);
        let targets = Targets::Classes { labels: listing.labels, names };
        let inputs = InputStore::images(values);
        let dataset = Dataset::new(name, [height, width, channels], inputs, targets)?;
        let notes = match listing.left_out {
            0 => Vec::new(),
            count => {
                vec![format!("{}: {count} files that are no images left out", folder.display())]
            }
        };
        Ok(Loaded {
            dataset,
            official: listing.official,
            reader: InputReader::Image(format),
            notes,
        })
    }
}

/// Which files there are and what they show.
#[derive(Default)]
struct Listing {
    classes: Vec<String>,
    files: Vec<PathBuf>,
    labels: Vec<i32>,
    official: Option<Split>,
    left_out: usize,
}

impl Listing {
    fn of(folder: &Path) -> Result<Self, DataError> {
        let mut listing = Self::default();
        let folders = folders(folder)?;
        let part = |names: &[&str]| {
            folders.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, path)| path)
        };
        let Some(train) = part(&["train"]) else {
            listing.add(folder)?;
            return Ok(listing);
        };
        let mut split = Split { train: listing.add(train)?, ..Split::default() };
        if let Some(valid) = part(&["valid", "val", "validation"]) {
            split.valid = listing.add(valid)?;
        }
        if let Some(test) = part(&["test"]) {
            split.test = listing.add(test)?;
        }
        listing.official = Some(split);
        Ok(listing)
    }

    /// Adds the class folders of `folder`; the indices of their items.
    fn add(&mut self, folder: &Path) -> Result<Vec<u32>, DataError> {
        let start = self.files.len() as u32;
        let folders = folders(folder)?;
        if self.classes.is_empty() {
            self.classes = folders.iter().map(|(name, _)| name.clone()).collect();
            if self.classes.len() < 2 {
                let message = "the folder has too few class folders";
                return Err(DataError::new(DataErrorCode::Classes, message)
                    .file(folder)
                    .expected("at least two subfolders, one for each class")
                    .found(if self.classes.is_empty() { "none" } else { &self.classes[0] }));
            }
        }
        for (name, path) in folders {
            let Some(label) = self.classes.iter().position(|class| *class == name) else {
                let message = "a class of this part is not one of the training classes";
                return Err(DataError::new(DataErrorCode::Classes, message)
                    .file(path)
                    .expected(self.classes.join(", "))
                    .found(name));
            };
            let before = self.files.len();
            for (file, path) in files::list(&path)? {
                if is_image(&file, &path)? {
                    self.files.push(path);
                } else {
                    self.left_out += 1;
                }
            }
            if self.files.len() == before {
                let error = DataError::new(DataErrorCode::Empty, "a class folder has no images");
                return Err(error
                    .file(path)
                    .expected(format!("files that end in .{}", EXTENSIONS.join(", .")))
                    .found("none"));
            }
            self.labels.resize(self.files.len(), label as i32);
        }
        Ok((start..self.files.len() as u32).collect())
    }
}

fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    Ok(files::list(folder)?.into_iter().filter(|(_, path)| path.is_dir()).collect())
}

fn is_image(name: &str, path: &Path) -> Result<bool, DataError> {
    let extension = Path::new(name).extension().unwrap_or_default().to_ascii_lowercase();
    let extension = extension.to_string_lossy();
    if ["webp", "tif", "tiff", "avif", "heic"].contains(&&*extension) {
        return Err(DataError::new(DataErrorCode::Image, "this image format is not supported")
            .file(path)
            .expected(EXTENSIONS.join(", "))
            .found(extension)
            .help("convert it to PNG"));
    }
    Ok(EXTENSIONS.contains(&&*extension) && path.is_file())
}

/// Decodes one image for prediction, resized to `format`.
///
/// # Errors
/// When the file is no image that can be decoded.
pub fn read_image(path: &Path, format: ImageFormat) -> Result<Vec<u8>, DataError> {
    let color = if format.channels == 1 { Color::Gray } else { Color::Rgb };
    fit(decode(path, color)?, format, true, path)
}

/// Decodes `files` in parallel; the first failing file decides the error.
fn decode_all(
    files: &[PathBuf],
    format: ImageFormat,
    resize: bool,
    color: Color,
) -> Result<Vec<u8>, DataError> {
    let size = format.height * format.width * format.channels;
    let total = size as u64 * files.len() as u64;
    if total > MAX_BYTES {
        return Err(DataError::new(DataErrorCode::TooLarge, "the images are too large together")
            .expected(format!("at most {MAX_BYTES} bytes"))
            .found(format!("{} images of {size} bytes", files.len()))
            .help("give a smaller `size = [height, width]`"));
    }
    let mut values = vec![0; total as usize];
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
    let chunk = files.len().div_ceil(threads);
    let color = match (color, format.channels) {
        (Color::Auto, 3) => Color::Rgb,
        (color, _) => color,
    };
    let decode_some = |files: &[PathBuf], out: &mut [u8]| {
        for (file, out) in files.iter().zip(out.chunks_exact_mut(size)) {
            out.copy_from_slice(&fit(decode(file, color)?, format, resize, file)?);
        }
        Ok(())
    };
    let outcomes: Vec<Result<(), DataError>> = std::thread::scope(|scope| {
        let start = |(files, out)| scope.spawn(move || decode_some(files, out));
        let workers: Vec<_> =
            files.chunks(chunk).zip(values.chunks_mut(chunk * size)).map(start).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, _>| match worker.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().map(join).collect()
    });
    outcomes.into_iter().collect::<Result<(), _>>()?;
    Ok(values)
}

/// The image in the colours wanted, upright, after a look at its declared size.
fn decode(path: &Path, color: Color) -> Result<DynamicImage, DataError> {
    let (file, _) = files::open(path)?;
    let failed = |error: ImageError| match error {
        ImageError::Limits(error) => too_large(path, error.to_string()),
        error => DataError::new(DataErrorCode::Image, "the image cannot be decoded")
            .file(path)
            .expected("a whole PNG, JPEG, BMP, GIF or PNM file")
            .found(error)
            .help("replace the file or remove it"),
    };
    let mut reader = ImageReader::new(std::io::BufReader::new(file))
        .with_guessed_format()
        .map_err(|error| files::unreadable(path, &error))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(8 * MAX_PIXELS);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large(path, format!("{height}×{width} pixels")));
    }
    let orientation = decoder.orientation().map_err(failed)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    image.apply_orientation(orientation);
    Ok(match color {
        Color::Gray => image.into_luma8().into(),
        Color::Auto if !image.color().has_color() => image.into_luma8().into(),
        Color::Auto | Color::Rgb => image.into_rgb8().into(),
    })
}

fn too_large(path: &Path, found: String) -> DataError {
    DataError::new(DataErrorCode::TooLarge, "the image is too large")
        .file(path)
        .expected(format!("sides up to {MAX_SIDE}, {MAX_PIXELS} pixels in all"))
        .found(found)
        .help("shrink it")
}

fn channels(image: &DynamicImage) -> usize {
    usize::from(image.color().channel_count())
}

fn fit(
    image: DynamicImage,
    format: ImageFormat,
    resize: bool,
    path: &Path,
) -> Result<Vec<u8>, DataError> {
    let ImageFormat { height, width, channels: wanted } = format;
    let found = (image.height() as usize, image.width() as usize, channels(&image));
    if found.2 != wanted {
        return Err(DataError::new(DataErrorCode::ImageShape, "a coloured image among grey ones")
            .file(path)
            .expected("grey, as the first image")
            .found("colours")
            .help("set color = \"rgb\" or color = \"gray\""));
    }
    if (found.0, found.1) == (height, width) {
        return Ok(image.into_bytes());
    }
    if !resize {
        return Err(DataError::new(DataErrorCode::ImageShape, "images differ in size")
            .file(path)
            .expected(format!("{height}×{width} pixels, as the first image"))
            .found(format!("{}×{}", found.0, found.1))
            .help(format!("set size = [{height}, {width}] to resize all")));
    }
    // Triangle: bilinear, over an area that grows when the image shrinks.
    Ok(image.resize_exact(width as u32, height as u32, FilterType::Triangle).into_bytes())
}

#[cfg(test)]
#[path = "images_tests.rs"]
mod tests;
