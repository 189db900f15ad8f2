//! Folders of IDX files, as MNIST and its like are distributed.

use std::path::{Path, PathBuf};

use glassbox_train::data::error::{DataError, DataErrorCode};
use glassbox_train::data::{Dataset, InputStore, Split, Targets};
use serde::{Deserialize, Serialize};

use super::idx_file::{Values, read_file};
use super::images::{Background, ImageFormat};
use super::{InputReader, Loaded};
use crate::files;
use crate::learned::Learned;

/// A folder of IDX files named as MNIST's: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
/// and, where there is an official test set, `t10k-images-…` and `t10k-labels-…`, each with or
/// without `.gz`. Inputs are `[height, width, channels]`, bytes read as 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdxConfig {
    /// The folder.
    pub path: PathBuf,
    /// The names of the classes; when empty, their numbers.
    pub classes: Vec<String>,
}

impl IdxConfig {
    /// Reads the folder.
    ///
    /// # Errors
    /// When files are missing, damaged, or do not belong together.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        let folder = base_dir.join(&self.path);
        let names: Vec<String> = files::list(&folder)?.into_iter().map(|(name, _)| name).collect();
        let mut train = read_part(&folder, &names, "train", self.classes.len())?;
        let trained = train.labels.len() as u32;
        let mut official = None;
        if find(&names, "t10k", "images").is_some() || find(&names, "t10k", "labels").is_some() {
            let test = read_part(&folder, &names, "t10k", self.classes.len())?;
            official = Some(train.append(test)?);
        }
        let classes = match self.classes.as_slice() {
            [] => {
                let count = train.labels.iter().copied().max().map_or(0, |label| label + 1);
                (0..count).map(|label| label.to_string()).collect()
            }
            given => given.to_vec(),
        };
        if classes.len() < 2 {
            return Err(DataError::new(DataErrorCode::Classes, "all labels are the same")
                .file(&train.labels_file)
                .expected("at least two classes")
                .found(format!("{} of {trained} items", classes.len())));
        }
        train.loaded(&folder, classes, official)
    }

    /// Reads a folder of the classes that a model knows; one of the two parts may be absent.
    pub(super) fn load_known(
        &self,
        base_dir: &Path,
        learned: &Learned,
    ) -> Result<Loaded, DataError> {
        let folder = base_dir.join(&self.path);
        let names: Vec<String> = files::list(&folder)?.into_iter().map(|(name, _)| name).collect();
        let has =
            |part: &str| find(&names, part, "images").or(find(&names, part, "labels")).is_some();
        let read = |part: &str| {
            let pair = read_part(&folder, &names, part, 0)?;
            pair.check_known(learned)?;
            Ok::<_, DataError>(pair)
        };
        let mut official = None;
        let pair = match (has("train"), has("t10k")) {
            (true, true) => {
                let mut train = read("train")?;
                official = Some(train.append(read("t10k")?)?);
                train
            }
            (false, true) => read("t10k")?,
            _ => read("train")?,
        };
        pair.loaded(&folder, learned.names.clone(), official)
    }
}

/// Whether a folder has files that are named as those of an IDX data set.
pub(super) fn is_folder_of_idx(folder: &Path) -> bool {
    let Ok(files) = files::list(folder) else { return false };
    let names: Vec<String> =
        files.into_iter().filter(|(_, path)| path.is_file()).map(|(name, _)| name).collect();
    ["train", "t10k"].iter().any(|part| find(&names, part, "images").is_some())
}

/// The images and labels of one part.
struct Pair {
    images_file: PathBuf,
    labels_file: PathBuf,
    item_shape: [usize; 3],
    inputs: InputStore,
    labels: Vec<i32>,
}

impl Pair {
    /// Items of the size and the classes that a model knows.
    fn check_known(&self, learned: &Learned) -> Result<(), DataError> {
        if self.item_shape[..] != learned.input[..] {
            let message = "images have another size than the model's";
            return Err(DataError::new(DataErrorCode::OtherData, message)
                .file(&self.images_file)
                .expected(format!("{:?}: height, width, channels", learned.input))
                .found(format!("{:?}", self.item_shape))
                .help("resize them to that size"));
        }
        let classes = learned.names.len();
        match self.labels.iter().position(|&label| label as usize >= classes) {
            None => Ok(()),
            Some(index) => {
                let found = format!("the label {} of item {}", self.labels[index], index + 1);
                let error = Learned::unknown_class(&learned.names, "").found(found);
                Err(error.file(&self.labels_file).offset(8 + index as u64))
            }
        }
    }

    fn loaded(
        self,
        folder: &Path,
        classes: Vec<String>,
        official: Option<Split>,
    ) -> Result<Loaded, DataError> {
        let name = folder.file_name().map_or("idx".into(), |name| name.to_string_lossy());
        let targets = Targets::Classes { labels: self.labels, names: classes };
        let dataset = Dataset::new(name, self.item_shape, self.inputs, targets)
            .map_err(|error| error.file(&self.images_file))?;
        let reader = match self.item_shape {
            [height, width, channels @ (1 | 3)] => InputReader::Image(ImageFormat {
                height,
                width,
                channels,
                background: Background::default(),
            }),
            _ => InputReader::None,
        };
        Ok(Loaded { official, ..Loaded::new(dataset, reader, Vec::new()) })
    }

    /// Adds the items of `test` and says which items are whose.
    fn append(&mut self, test: Self) -> Result<Split, DataError> {
        if test.item_shape != self.item_shape {
            let error = DataError::new(
                DataErrorCode::ImageShape,
                "test images have another size than training images",
            );
            return Err(error
                .file(&test.images_file)
                .expected(format!("{:?}", self.item_shape))
                .found(format!("{:?}", test.item_shape)));
        }
        match (&mut self.inputs, test.inputs) {
            (InputStore::U8 { values, .. }, InputStore::U8 { values: more, .. }) => {
                values.extend_from_slice(&more);
            }
            (InputStore::F32(values), InputStore::F32(more)) => values.extend_from_slice(&more),
            _ => {
                let error = DataError::new(
                    DataErrorCode::IdxHeader,
                    "test images have another type than training images",
                );
                return Err(error.file(&test.images_file));
            }
        }
        let trained = self.labels.len() as u32;
        self.labels.extend_from_slice(&test.labels);
        let all = self.labels.len() as u32;
        Ok(Split { train: (0..trained).collect(), valid: vec![], test: (trained..all).collect() })
    }
}

/// The file of `names` such as `train-images-idx3-ubyte.gz`; an uncompressed one comes first.
fn find<'a>(names: &'a [String], part: &str, what: &str) -> Option<&'a String> {
    let stem = format!("{part}-{what}");
    names.iter().find(|name| {
        name.strip_prefix(&stem).is_some_and(|rest| rest.starts_with(['-', '.']) || rest.is_empty())
    })
}

fn read_part(
    folder: &Path,
    names: &[String],
    part: &str,
    classes: usize,
) -> Result<Pair, DataError> {
    let path = |what: &str| {
        find(names, part, what).map(|name| folder.join(name)).ok_or_else(|| {
            let error = DataError::new(
                DataErrorCode::Unreadable,
                format!("the folder has no file of {part} {what}"),
            );
            let digits = if what == "images" { 3 } else { 1 };
            error
                .file(folder)
                .expected(format!("{part}-{what}-idx{digits}-ubyte, or the same with .gz"))
                .found(if names.is_empty() { "an empty folder".into() } else { names.join(", ") })
        })
    };
    let (images_file, labels_file) = (path("images")?, path("labels")?);
    let images = read_file(&images_file)?;
    let item_shape = match images.dims[..] {
        [_, height, width] => [height, width, 1],
        [_, height, width, channels] => [height, width, channels],
        _ => return Err(images.wrong_rank("3 (or 4 with channels)")),
    };
    let labels = read_file(&labels_file)?;
    let (inputs_count, labels_count) = (images.dims[0], labels.dims[0]);
    let labels = labels.into_bytes(1)?;
    if inputs_count != labels_count {
        let message = format!("there is not one {part} label for each image");
        return Err(DataError::new(DataErrorCode::CountMismatch, message)
            .file(&labels_file)
            .expected(format!("{inputs_count} labels, as many as images"))
            .found(labels_count));
    }
    if let Some(index) = labels.iter().position(|&l| classes > 0 && usize::from(l) >= classes) {
        let error = DataError::new(DataErrorCode::LabelRange, "a label is not one of the classes");
        return Err(error
            .file(&labels_file)
            .offset(8 + index as u64)
            .expected(format!("0 to {} (the recipe names {classes} classes)", classes - 1))
            .found(labels[index])
            .help("name every class, or leave `classes` out"));
    }
    let inputs = match images.values {
        Values::U8(values) => InputStore::images(values),
        Values::F32(values) => InputStore::F32(values),
    };
    let labels = labels.into_iter().map(i32::from).collect();
    Ok(Pair { images_file, labels_file, item_shape, inputs, labels })
}

#[cfg(test)]
#[path = "idx_tests.rs"]
mod tests;
