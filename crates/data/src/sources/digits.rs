//! The embedded data set: 1,797 handwritten digits of 8×8 pixels, the test set of the UCI data set
//! "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998, CC BY 4.0).

use std::path::Path;

use glassbox_train::data::error::DataError;
use glassbox_train::data::{Dataset, InputStore, SplitConfig, Targets};
use serde::{Deserialize, Serialize};

use super::images::{Background, ImageFormat};
use super::{InputReader, Loaded, idx_file};

const IMAGES: &[u8] = include_bytes!("../../digits/images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("../../digits/labels-idx1-ubyte.gz");

/// The embedded digits: inputs `[8, 8, 1]` from 0 to 1, ten classes. There is nothing to set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DigitsConfig {}

impl DigitsConfig {
    /// Unpacks the digits.
    ///
    /// # Errors
    /// Never, unless the program file itself is damaged.
    pub fn load(&self) -> Result<Loaded, DataError> {
        let read = |bytes: &'static [u8], name: &str| {
            idx_file::read(bytes, bytes.len() as u64, Path::new(name))
        };
        let values = read(IMAGES, "images-idx3-ubyte.gz")?.into_bytes(3)?;
        let labels = read(LABELS, "labels-idx1-ubyte.gz")?.into_bytes(1)?;
        let inputs = InputStore::U8 { values, unit: 16.0 };
        let targets = Targets::Classes {
            labels: labels.into_iter().map(i32::from).collect(),
            names: (0..10).map(|digit| digit.to_string()).collect(),
        };
        let dataset = Dataset::new("digits", [8, 8, 1], inputs, targets)?;
        let background = Background::default();
        let reader =
            InputReader::Image(ImageFormat { height: 8, width: 8, channels: 1, background });
        Ok(Loaded::new(dataset, reader, Vec::new()))
    }
}

/// 70 % to train on, 10 % for validation, 20 % (359 images) for the test: enough that one image
/// counts for less than 0.3 % of the accuracy.
pub(super) fn default_split() -> SplitConfig {
    SplitConfig { train: Some(0.7), valid: Some(0.1), test: Some(0.2), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_digits_are_the_published_ones() {
        let dataset = DigitsConfig {}.load().unwrap().dataset;
        let Targets::Classes { labels, .. } = dataset.targets() else { panic!("classes") };
        assert_eq!(dataset.len(), 1797);
        assert_eq!(labels[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let mut counts = [0; 10];
        labels.iter().for_each(|&label| counts[label as usize] += 1);
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let mut first = [0.0; 64];
        dataset.write_input(0, &mut first);
        let row: Vec<f32> = first[..8].iter().map(|value| value * 16.0).collect();
        assert_eq!(row, [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
        let split = default_split().split(&dataset, None).unwrap();
        assert_eq!((split.train.len(), split.valid.len(), split.test.len()), (1258, 180, 359));
    }
}
