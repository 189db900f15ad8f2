//! Reading data through what a model learned about its own.

use std::path::Path;

use glassbox_train::data::Targets;
use glassbox_train::data::error::{DataError, DataErrorCode};

use super::new_data::{Use, helped};
use super::{DataSource, IdxConfig, ImagesConfig, InputReader, Loaded, idx};
use crate::learned::Learned;

impl DataSource {
    /// Reads everything into memory as [`DataSource::load`], through what a model learned about its
    /// own data: columns, categories, classes and their order, vocabulary, the format of images.
    /// Nothing is inferred.
    ///
    /// # Errors
    /// When the data cannot be used, or has something that the model does not know.
    pub fn load_known(&self, base_dir: &Path, learned: &Learned) -> Result<Loaded, DataError> {
        let loaded = self.read_known(base_dir, learned);
        let loaded = loaded.map_err(|error| helped(error, &learned.reader, Use::Score))?;
        fits(&loaded, learned)?;
        Ok(Loaded { reader: learned.reader.clone(), ..loaded })
    }

    fn read_known(&self, base_dir: &Path, learned: &Learned) -> Result<Loaded, DataError> {
        match (self, &learned.reader) {
            (Self::Digits(config), _) => config.load(),
            (Self::Synthetic(config), _) => config.load(),
            (Self::Csv(config), InputReader::Table(schema)) => {
                schema.load_known(&base_dir.join(&config.path), learned.unknown)
            }
            (Self::Lines(config), InputReader::Lines(schema)) => {
                config.load_known(base_dir, schema, learned)
            }
            (Self::Series(config), InputReader::Series(schema)) => {
                config.load_known(base_dir, schema)
            }
            (Self::Text(config), InputReader::Text(vocabulary)) => {
                config.load_known(base_dir, vocabulary, learned)
            }
            (Self::Images(config), InputReader::Image(format)) => {
                config.load_known(base_dir, *format, &learned.names)
            }
            (Self::Idx(config), _) => config.load_known(base_dir, learned),
            (source, _) => Err(learned.other_kind(source)),
        }
    }

    /// The source of other data of the same kind, a file or folder. What is trained on images can
    /// read a folder of class folders or one of IDX files, whichever it was trained on.
    ///
    /// # Errors
    /// When the source has no files.
    pub fn at(&self, path: &Path) -> Result<Self, DataError> {
        let mut source = self.clone();
        match &mut source {
            Self::Csv(config) => config.path = path.into(),
            Self::Series(config) => config.path = path.into(),
            Self::Text(config) => config.path = path.into(),
            Self::Lines(config) => config.path = path.into(),
            Self::Digits(_) | Self::Idx(_) | Self::Images(_) if idx::is_folder_of_idx(path) => {
                let classes = match self {
                    Self::Idx(config) => config.classes.clone(),
                    _ => Vec::new(),
                };
                return Ok(Self::Idx(IdxConfig { path: path.into(), classes }));
            }
            Self::Images(config) => config.path = path.into(),
            Self::Digits(_) | Self::Idx(_) => {
                return Ok(Self::Images(ImagesConfig { path: path.into(), ..Default::default() }));
            }
            Self::Synthetic(_) => {
                let message = "a model of synthetic data reads no files";
                return Err(DataError::new(DataErrorCode::OtherData, message)
                    .file(path)
                    .expected("no file: the data is generated again from its settings")
                    .found(path.display())
                    .help("`glassbox eval RUN` scores the run's own split"));
            }
        }
        Ok(source)
    }
}

/// Whether items and classes are those of the model.
fn fits(loaded: &Loaded, learned: &Learned) -> Result<(), DataError> {
    let dataset = &loaded.dataset;
    let error = |message: &str| {
        DataError::new(DataErrorCode::OtherData, message).help("use a model of such data")
    };
    // A text may have any length.
    let any_length = matches!(dataset.targets(), Targets::Tokens { .. });
    if dataset.item_shape().dims() != learned.input && !any_length {
        let message =
            format!("the items of {} have another shape than the model's", dataset.name());
        return Err(error(&message)
            .expected(format!("{:?}, as in training", learned.input))
            .found(format!("{:?}", dataset.item_shape().dims())));
    }
    if !dataset.targets().class_names().is_empty()
        && dataset.targets().class_names() != learned.names
    {
        let message = format!("the classes of {} are not the model's", dataset.name());
        return Err(error(&message)
            .expected(learned.names.join(", "))
            .found(dataset.targets().class_names().join(", ")));
    }
    Ok(())
}
