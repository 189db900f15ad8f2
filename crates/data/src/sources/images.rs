//! A folder of class folders of images.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::decode::{Decoded, channels, decode, fit, size_of};
use self::listing::Listing;
pub(super) use self::listing::is_named_as_image;
use super::{InputReader, Loaded};
use crate::files::MAX_BYTES;
use glassbox_train::data::Targets;
use glassbox_train::data::error::{DataError, DataErrorCode};
use glassbox_train::data::{Dataset, InputStore};

mod decode;
mod jpeg;
mod listing;
mod whole;

/// A folder with one subfolder of images a class (`cat/0001.png`), or with `train`, `test` and
/// perhaps `valid` subfolders, and no others, that each have them. PNG, JPEG, BMP, GIF and PNM,
/// told apart by their contents; of an animation the first image. Inputs are
/// `[height, width, channels]` from 0 to 1, turned as the file says (EXIF).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImagesConfig {
    /// The folder.
    pub path: PathBuf,
    /// `[height, width]` to which every image is resized; without it all must have one size.
    pub size: Option<[usize; 2]>,
    /// The colors to read.
    pub color: Color,
    /// What shows through transparent pixels.
    pub background: Background,
    /// What to do about files that are cut off or otherwise damaged.
    pub damaged: Damaged,
}

/// The colors of images.
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

/// What shows through the transparent pixels of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Background {
    /// White, as on a page.
    #[default]
    White,
    /// Black.
    Black,
    /// Nothing: transparency is dropped, and pixels have the color that stands in the file, even
    /// where no viewer shows it. Models of earlier versions were trained so.
    Ignore,
}

impl Background {
    /// That of formats which do not say.
    fn of_earlier_versions() -> Self {
        Self::Ignore
    }
}

/// What to do about image files that are damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damaged {
    /// The first one is an error.
    #[default]
    Error,
    /// They are left out and listed.
    Skip,
}

/// Size and colors to which images are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFormat {
    /// Rows.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// 1 (gray) or 3 (red, green, blue).
    pub channels: usize,
    /// What shows through transparent pixels.
    #[serde(default = "Background::of_earlier_versions")]
    pub background: Background,
}

impl ImageFormat {
    /// The shape of an item.
    pub(super) fn dims(self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }
}

/// The longest side of an image.
const MAX_SIDE: u32 = 16_384;

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
        let listing = Listing::of(&folder)?;
        let format = self.format(&listing)?;
        self.decoded(&folder, listing, format, true)
    }

    /// Decodes every image as a model knows them: in its size and colors, `classes` in its order,
    /// of which some may have no images.
    pub(super) fn load_known(
        &self,
        base_dir: &Path,
        format: ImageFormat,
        classes: &[String],
    ) -> Result<Loaded, DataError> {
        let folder = base_dir.join(&self.path);
        let listing = Listing::known(&folder, classes)?;
        let color = if format.channels == 1 { Color::Gray } else { Color::Rgb };
        let size = Some([format.height, format.width]);
        let config = Self { size, color, background: format.background, ..self.clone() };
        config.decoded(&folder, listing, format, false)
    }

    fn decoded(
        &self,
        folder: &Path,
        mut listing: Listing,
        format: ImageFormat,
        every_class: bool,
    ) -> Result<Loaded, DataError> {
        let images = Images::read(&listing.files, format, self)?;
        let mut notes: Vec<String> = listing.left_out(folder).into_iter().collect();
        notes.extend(images.notes(folder, self.background));
        listing.keep(&images.kept);
        if every_class {
            listing.check_classes(folder)?;
        }
        let name = folder.file_name().map_or("images".into(), |name| name.to_string_lossy());
        let names = std::mem::take(&mut listing.classes);
        let targets = Targets::Classes { labels: listing.labels, names };
        let dataset =
            Dataset::new(name, format.dims(), InputStore::images(images.values), targets)?;
        let reader = InputReader::Image(format);
        let (official, sizes, skipped) = (listing.official, images.sizes, images.skipped.len());
        Ok(Loaded { dataset, official, reader, notes, sizes, skipped })
    }

    /// Size and colors: those the recipe gives, else those of the first image.
    fn format(&self, listing: &Listing) -> Result<ImageFormat, DataError> {
        let mut damaged = None;
        for file in &listing.files {
            match decode(file, self.color, self.background) {
                Ok(Decoded { image: first, .. }) => {
                    let [height, width] = self.size.unwrap_or(size_of(&first));
                    let (channels, background) = (channels(&first), self.background);
                    return Ok(ImageFormat { height, width, channels, background });
                }
                Err(error) if self.skips(&error) => damaged = damaged.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        let none = || DataError::new(DataErrorCode::Empty, "there are no images");
        Err(damaged.unwrap_or_else(none))
    }

    /// Whether a file with this error is left out.
    fn skips(&self, error: &DataError) -> bool {
        let is_damage = matches!(error.code, DataErrorCode::Image | DataErrorCode::Empty);
        self.damaged == Damaged::Skip && is_damage
    }
}

/// An image to predict.
pub(super) struct ReadImage {
    /// The bytes of the item.
    pub(super) values: Vec<u8>,
    /// The size of the file's image, `[height, width]`.
    pub(super) size: [usize; 2],
    /// What a user should know of it.
    pub(super) notes: Vec<String>,
}

impl ReadImage {
    pub(super) fn of(path: &Path, format: ImageFormat) -> Result<Self, DataError> {
        let color = if format.channels == 1 { Color::Gray } else { Color::Rgb };
        let Decoded { image, transparent, first_of_several } =
            decode(path, color, format.background)?;
        let size = size_of(&image);
        let (file, mut notes) = (path.display(), Vec::new());
        if transparent {
            let color = if format.background == Background::Black { "black" } else { "white" };
            notes.push(format!("{file}: transparent pixels are laid over {color}, as in training"));
        }
        if first_of_several {
            notes.push(format!("{file}: an animation, of which the first image is read"));
        }
        Ok(Self { values: fit(image, format, true, path)?, size, notes })
    }
}

/// All images of a data set, and what there is to say of them.
struct Images {
    /// The bytes of those that are kept.
    values: Vec<u8>,
    /// Their sizes before they were resized, `[height, width]`.
    sizes: Vec<[usize; 2]>,
    /// Which files are kept.
    kept: Vec<bool>,
    /// Why the others are not.
    skipped: Vec<DataError>,
    /// How many are laid over the background, and how many are the first of several.
    transparent: usize,
    animated: usize,
}

/// What is known of a file that was read.
struct Seen {
    /// The size of its image as it is shown, turned as the file says.
    size: [usize; 2],
    transparent: bool,
    first_of_several: bool,
}

type Outcome = Result<Seen, DataError>;

impl Images {
    /// Decodes `files` in parallel; the first failing file decides the error.
    fn read(
        files: &[PathBuf],
        format: ImageFormat,
        config: &ImagesConfig,
    ) -> Result<Self, DataError> {
        let size = format.height * format.width * format.channels;
        let total = size as u64 * files.len() as u64;
        if total > MAX_BYTES {
            let message = "the images are too large together";
            return Err(DataError::new(DataErrorCode::TooLarge, message)
                .expected(format!("at most {MAX_BYTES} bytes"))
                .found(format!("{} images of {size} bytes", files.len()))
                .help("give a smaller `size = [height, width]`"));
        }
        let mut values = vec![0; total as usize];
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
        let chunk = files.len().div_ceil(threads).max(1);
        let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
            let start = |(files, out)| scope.spawn(move || read_some(files, format, config, out));
            let workers: Vec<_> =
                files.chunks(chunk).zip(values.chunks_mut(chunk * size)).map(start).collect();
            let join = |worker: std::thread::ScopedJoinHandle<'_, _>| match worker.join() {
                Ok(outcomes) => outcomes,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            workers.into_iter().flat_map(join).collect()
        });
        Self::sort_out(values, size, outcomes, config)
    }

    /// Keeps what could be read.
    fn sort_out(
        mut values: Vec<u8>,
        size: usize,
        outcomes: Vec<Outcome>,
        config: &ImagesConfig,
    ) -> Result<Self, DataError> {
        let (mut kept, mut skipped) = (Vec::with_capacity(outcomes.len()), Vec::new());
        let mut sizes = Vec::with_capacity(outcomes.len());
        let (mut transparent, mut animated, mut end) = (0, 0, 0);
        for (index, outcome) in outcomes.into_iter().enumerate() {
            kept.push(outcome.is_ok());
            match outcome {
                Ok(seen) => {
                    transparent += usize::from(seen.transparent);
                    animated += usize::from(seen.first_of_several);
                    sizes.push(seen.size);
                    values.copy_within(index * size..(index + 1) * size, end);
                    end += size;
                }
                Err(error) if config.skips(&error) => skipped.push(error),
                Err(error) => return Err(error),
            }
        }
        values.truncate(end);
        Ok(Self { values, sizes, kept, skipped, transparent, animated })
    }

    /// What a user should know, a line each.
    fn notes(&self, folder: &Path, background: Background) -> Vec<String> {
        const LISTED: usize = 20;
        let (folder, mut notes) = (folder.display(), Vec::new());
        let images = |count: usize| match count {
            1 => "1 image".to_owned(),
            _ => format!("{count} images"),
        };
        if self.transparent > 0 {
            let (color, other) = match background {
                Background::Black => ("black", "white"),
                _ => ("white", "black"),
            };
            let count = images(self.transparent);
            notes.push(format!(
                "{folder}: {count} with transparent pixels, laid over {color} (background = \
                 \"{other}\" lays them over {other})"
            ));
        }
        if self.animated > 0 {
            let count = images(self.animated);
            notes.push(format!("{folder}: {count} of an animation, of which the first is read"));
        }
        if !self.skipped.is_empty() {
            let count = self.skipped.len();
            let files = if count == 1 { "file" } else { "files" };
            notes.push(format!("{folder}: {count} damaged {files} skipped"));
            notes.extend(self.skipped.iter().take(LISTED).map(|error| {
                let found = error.found.as_deref().unwrap_or("damaged");
                format!("skipped {}: {found}", error.place)
            }));
            if count > LISTED {
                notes.push(format!("and {} more", count - LISTED));
            }
        }
        notes
    }
}

/// Decodes `files` into `out`. After a file that cannot be left out the others are not read.
fn read_some(
    files: &[PathBuf],
    format: ImageFormat,
    config: &ImagesConfig,
    out: &mut [u8],
) -> Vec<Outcome> {
    let size = out.len() / files.len().max(1);
    // The first image has decided about the colors.
    let color = match (config.color, format.channels) {
        (Color::Auto, 3) => Color::Rgb,
        (color, _) => color,
    };
    let mut outcomes = Vec::with_capacity(files.len());
    for (file, out) in files.iter().zip(out.chunks_exact_mut(size.max(1))) {
        let outcome = decode(file, color, format.background).and_then(|decoded| {
            let Decoded { image, transparent, first_of_several } = decoded;
            let size = size_of(&image);
            out.copy_from_slice(&fit(image, format, config.size.is_some(), file)?);
            Ok(Seen { size, transparent, first_of_several })
        });
        let ends = outcome.as_ref().is_err_and(|error| !config.skips(error));
        outcomes.push(outcome);
        if ends {
            break;
        }
    }
    outcomes
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
#[path = "images_tests.rs"]
mod tests;
