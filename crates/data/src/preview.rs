//! Training images as a model sees them, before and after augmentation, as a picture.

use std::path::Path;
use std::sync::Arc;

use glassbox_train::data::error::{DataError, DataErrorCode};
use glassbox_train::data::{Augment, Normalizer, Transform};
use image::{Rgb, RgbImage};

use crate::prepare::Prepared;

/// Images in the picture, and how often each is augmented.
const IMAGES: usize = 8;
const TIMES: usize = 7;
/// Smaller images are drawn this large at least, in pixels.
const SHOWN: usize = 48;
const MARGIN: usize = 4;

impl Prepared {
    /// At most `count` training items at even distances, so that classes which follow each other
    /// in the files are all among them.
    pub fn spread(&self, count: usize) -> Vec<u32> {
        let (train, count) = (&self.split.train, count.min(self.split.train.len()));
        (0..count).map(|index| train[index * train.len() / count]).collect()
    }

    /// Writes a picture of training images to `path`, a PNG file: a row for each of eight images,
    /// first as it is, then as `augment` changes it in seven epochs.
    ///
    /// # Errors
    /// When items are no images of one or three channels, an augmentation does not fit, or the file
    /// cannot be written.
    pub fn write_preview(
        &self,
        augment: &[Augment],
        seed: u64,
        path: &Path,
    ) -> Result<(), DataError> {
        let [height, width, channels] = self.image_shape(path)?;
        let scale = SHOWN.div_ceil(height.max(width)).max(1);
        let columns = if augment.is_empty() { 1 } else { 1 + TIMES };
        let items = self.spread(IMAGES);
        let (across, down) =
            (columns * (width * scale + MARGIN), items.len() * (height * scale + MARGIN));
        let mut picture = RgbImage::from_pixel(
            (across + MARGIN) as u32,
            (down + MARGIN) as u32,
            Rgb([255, 255, 255]),
        );
        let plain = Transform::new(Normalizer::default(), Normalizer::default());
        let changed = plain.clone().with_augment(augment, &self.dataset, seed)?;
        let order: Arc<[u32]> = items.into();
        for column in 0..columns {
            let transform = if column == 0 { &plain } else { &changed };
            let batch = transform.batch(&self.dataset, column as u64, &order, 0..order.len());
            let values = batch.inputs.to_vec();
            for (row, image) in values.chunks_exact(height * width * channels).enumerate() {
                let left = MARGIN + column * (width * scale + MARGIN);
                let top = MARGIN + row * (height * scale + MARGIN);
                for y in 0..height * scale {
                    for x in 0..width * scale {
                        let at = ((y / scale) * width + x / scale) * channels;
                        let byte = |channel: usize| {
                            let value = image[at + channel.min(channels - 1)];
                            (value.clamp(0.0, 1.0) * 255.0).round() as u8
                        };
                        let pixel = Rgb([byte(0), byte(1), byte(2)]);
                        picture.put_pixel((left + x) as u32, (top + y) as u32, pixel);
                    }
                }
            }
        }
        picture.save_with_format(path, image::ImageFormat::Png).map_err(|error| {
            DataError::new(DataErrorCode::Unreadable, "the picture cannot be written")
                .file(path)
                .expected("a file that may be written")
                .found(error)
        })
    }

    fn image_shape(&self, path: &Path) -> Result<[usize; 3], DataError> {
        let shape = self.dataset.item_shape();
        match shape.dims() {
            &[height, width, channels @ (1 | 3)] => Ok([height, width, channels]),
            _ => Err(DataError::new(DataErrorCode::Source, "items are no images to draw")
                .file(path)
                .expected("items of shape height×width×channels with 1 or 3 channels")
                .found(shape)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataConfig;

    #[test]
    fn images_are_drawn_beside_what_augmentation_makes_of_them() {
        let data = DataConfig::default().prepare(Path::new(".")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("preview.png");
        let augment: Vec<Augment> = serde_json::from_str(r#"[{"type":"flip_h","p":1.0}]"#).unwrap();
        data.write_preview(&augment, 0, &path).unwrap();
        let picture = image::open(&path).unwrap().to_rgb8();
        // 8 x 8 pixels are drawn six times as large.
        assert_eq!(picture.dimensions(), (8 * (48 + 4) + 4, 8 * (48 + 4) + 4));
        let pixel =
            |column: u32, x: u32, y: u32| picture.get_pixel(4 + column * 52 + 6 * x, 4 + 6 * y).0;
        for y in 0..8 {
            for x in 0..8 {
                assert_eq!(pixel(0, x, y), pixel(1, 7 - x, y), "the second is the first, mirrored");
            }
        }
        data.write_preview(&[], 0, &path).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8().width(), 4 + 52);
    }
}
