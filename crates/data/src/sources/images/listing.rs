//! Which image files a folder holds, and what they show.

use std::path::{Path, PathBuf};

use glassbox_train::data::Split;
use glassbox_train::data::error::{DataError, DataErrorCode};

use crate::files;
use crate::learned::Learned;

const EXTENSIONS: [&str; 9] = ["png", "jpg", "jpeg", "bmp", "gif", "pbm", "pgm", "ppm", "pnm"];
/// Formats that would be worth a word.
const UNSUPPORTED: [&str; 5] = ["webp", "tif", "tiff", "avif", "heic"];
const VALID: [&str; 3] = ["valid", "val", "validation"];

/// Which files there are and what they show.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) classes: Vec<String>,
    pub(super) files: Vec<PathBuf>,
    pub(super) labels: Vec<i32>,
    pub(super) official: Option<Split>,
    /// Files and folders in class folders that are no images, and images beside the class folders.
    left_out: [usize; 3],
    /// Whether the classes are those of a model.
    known: bool,
}

impl Listing {
    /// The files of `folder`: one subfolder a class, or parts that each have them.
    pub(super) fn of(folder: &Path) -> Result<Self, DataError> {
        Self::default().filled(folder)
    }

    /// The files of `folder`, whose class folders are some of `classes`, those of a model.
    pub(super) fn known(folder: &Path, classes: &[String]) -> Result<Self, DataError> {
        Self { classes: classes.to_vec(), known: true, ..Self::default() }.filled(folder)
    }

    fn filled(self, folder: &Path) -> Result<Self, DataError> {
        let mut listing = self;
        let folders = folders(folder)?;
        if !are_parts(&folders)? {
            listing.add(folder)?;
            return Ok(listing);
        }
        let part = |part: &str| folders.iter().find(|(name, _)| name == part).map(|(_, path)| path);
        let mut split = Split::default();
        if let Some(train) = part("train") {
            split.train = listing.add(train)?;
        }
        for name in VALID {
            if let Some(valid) = part(name) {
                split.valid.extend(listing.add(valid)?);
            }
        }
        if let Some(test) = part("test") {
            split.test = listing.add(test)?;
        }
        listing.official = Some(split);
        Ok(listing)
    }

    /// What was left out, for people.
    pub(super) fn left_out(&self, folder: &Path) -> Option<String> {
        let count = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{count} {many}")),
        };
        let [files, folders, beside] = self.left_out;
        let files = count(files, "file that is not an image", "files that are not images");
        let folders = count(folders, "folder in a class folder", "folders in class folders");
        let beside =
            count(beside, "image beside the class folders", "images beside the class folders");
        let parts: Vec<_> = files.into_iter().chain(folders).chain(beside).collect();
        (!parts.is_empty()).then(|| format!("{}: left out {}", folder.display(), parts.join(", ")))
    }

    /// Leaves out the files that are not to be kept.
    pub(super) fn keep(&mut self, kept: &[bool]) {
        let mut place = 0;
        let places: Vec<Option<u32>> = kept
            .iter()
            .map(|&kept| {
                place += u32::from(kept);
                kept.then(|| place - 1)
            })
            .collect();
        let mut flags = kept.iter();
        self.files.retain(|_| *flags.next().unwrap_or(&true));
        let mut flags = kept.iter();
        self.labels.retain(|_| *flags.next().unwrap_or(&true));
        if let Some(split) = &mut self.official {
            for part in [&mut split.train, &mut split.valid, &mut split.test] {
                *part = part.iter().filter_map(|&item| places[item as usize]).collect();
            }
        }
    }

    /// Every class has an image left.
    pub(super) fn check_classes(&self, folder: &Path) -> Result<(), DataError> {
        let has_image = |class: usize| self.labels.contains(&(class as i32));
        let Some(class) = (0..self.classes.len()).find(|&class| !has_image(class)) else {
            return Ok(());
        };
        let message = "all images of a class are damaged";
        Err(DataError::new(DataErrorCode::Empty, message)
            .file(folder.join(&self.classes[class]))
            .expected("at least one image that can be decoded")
            .found("none")
            .help("replace the files, or take out the folder"))
    }

    /// Adds the class folders of `folder`; the indices of their items.
    fn add(&mut self, folder: &Path) -> Result<Vec<u32>, DataError> {
        let start = self.files.len() as u32;
        let inside = files::list(folder)?;
        self.left_out[2] += inside.iter().filter(|(name, path)| is_image_file(name, path)).count();
        let folders = folders(folder)?;
        if self.known && folders.is_empty() {
            let message = "the folder has no class folders";
            return Err(DataError::new(DataErrorCode::Classes, message)
                .file(folder)
                .expected(format!("a subfolder for each class: {}", self.classes.join(", ")))
                .found("none")
                .help("sort the images into folders of classes; `glassbox predict` needs none"));
        }
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
                if self.known {
                    return Err(Learned::unknown_class(&self.classes, &name).file(path));
                }
                let message = "a class of this part is not one of the training classes";
                return Err(DataError::new(DataErrorCode::Classes, message)
                    .file(path)
                    .expected(self.classes.join(", "))
                    .found(name));
            };
            self.add_class(&path, label as i32)?;
        }
        Ok((start..self.files.len() as u32).collect())
    }

    fn add_class(&mut self, folder: &Path, label: i32) -> Result<(), DataError> {
        let before = self.files.len();
        let mut inner = Vec::new();
        for (name, path) in files::list(folder)? {
            if path.is_dir() {
                self.left_out[1] += 1;
                inner.push(name);
            } else if is_image(&name, &path)? {
                self.files.push(path);
            } else {
                self.left_out[0] += 1;
            }
        }
        self.labels.resize(self.files.len(), label);
        if self.files.len() > before {
            return Ok(());
        }
        let error = DataError::new(DataErrorCode::Empty, "a class folder has no images")
            .file(folder)
            .expected(format!("files that end in .{}", EXTENSIONS.join(", .")));
        Err(match inner.is_empty() {
            true => error.found("none"),
            false => error.found(format!("folders alone: {}", inner.join(", "))).help(
                "class folders hold images; train, valid and test hold class folders where there \
                 are no other folders beside them",
            ),
        })
    }
}

fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    Ok(files::list(folder)?.into_iter().filter(|(_, path)| path.is_dir()).collect())
}

/// Whether folders are parts of a data set rather than classes: there is one for training, all have
/// the names of parts, and all hold folders and no images.
fn are_parts(all: &[(String, PathBuf)]) -> Result<bool, DataError> {
    let is_part = |name: &str| ["train", "test"].contains(&name) || VALID.contains(&name);
    let named = all.iter().all(|(name, _)| is_part(name));
    if !named || !all.iter().any(|(name, _)| name == "train") {
        return Ok(false);
    }
    for (_, path) in all {
        let inside = files::list(path)?;
        let holds_image = inside.iter().any(|(name, path)| is_image_file(name, path));
        if holds_image || !inside.iter().any(|(_, path)| path.is_dir()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn extension(name: &str) -> String {
    let extension = Path::new(name).extension().unwrap_or_default();
    extension.to_ascii_lowercase().to_string_lossy().into_owned()
}

/// Whether a file with this extension is to be an image, of a format that is supported or not.
pub(in crate::sources) fn is_named_as_image(extension: &str) -> bool {
    EXTENSIONS.contains(&extension) || UNSUPPORTED.contains(&extension)
}

fn is_image_file(name: &str, path: &Path) -> bool {
    EXTENSIONS.contains(&&*extension(name)) && path.is_file()
}

fn is_image(name: &str, path: &Path) -> Result<bool, DataError> {
    let extension = extension(name);
    if UNSUPPORTED.contains(&&*extension) {
        return Err(DataError::new(DataErrorCode::Image, "this image format is not supported")
            .file(path)
            .expected(EXTENSIONS.join(", "))
            .found(extension)
            .help("convert it to PNG"));
    }
    Ok(is_image_file(name, path))
}
