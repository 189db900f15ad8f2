//! Range, mean and deviation of numbers in one pass.

use serde::{Deserialize, Serialize};

use super::dataset::{Dataset, InputStore};

/// Where numbers lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The population standard deviation.
    pub std: f64,
}

/// Sums in double precision relative to the first value, so that a large mean does not drown a small
/// deviation.
#[derive(Clone, Default)]
pub struct Moments {
    count: u64,
    first: f64,
    sum: f64,
    squares: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

impl Moments {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.add_times(value, 1);
    }

    /// Adds a value so many times.
    pub fn add_times(&mut self, value: f64, times: u64) {
        if self.count == 0 {
            (self.first, self.min, self.max) = (value, value, value);
        }
        let (difference, times_exact) = (value - self.first, times as f64);
        self.count += times;
        self.sum += difference * times_exact;
        self.squares += difference * difference * times_exact;
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> f64 {
        self.first + self.sum / self.count.max(1) as f64
    }

    /// The population standard deviation.
    pub fn deviation(&self) -> f64 {
        let count = self.count.max(1) as f64;
        let variance = (self.squares - self.sum * self.sum / count) / count;
        variance.max(0.0).sqrt()
    }

    /// All of them.
    pub fn distribution(&self) -> Distribution {
        let (mean, std) = (self.mean(), self.deviation());
        Distribution { min: self.min, max: self.max, mean, std }
    }

    /// Those of the `items` of a data set, whose values are of `width` columns in turn.
    pub fn of_inputs(
        dataset: &Dataset,
        items: impl Iterator<Item = usize>,
        width: usize,
    ) -> Vec<Self> {
        let size = dataset.item_shape().elements();
        let mut moments = vec![Self::default(); width];
        match dataset.inputs() {
            InputStore::U8 { values, unit } => {
                let mut histogram = vec![[0u64; 256]; width];
                for item in items {
                    for row in values[item * size..][..size].chunks_exact(width) {
                        row.iter().zip(&mut histogram).for_each(|(&v, h)| h[usize::from(v)] += 1);
                    }
                }
                for (moments, histogram) in moments.iter_mut().zip(&histogram) {
                    for (value, &times) in (0u8..=255).zip(histogram).filter(|(_, t)| **t > 0) {
                        moments.add_times(f64::from(f32::from(value) / unit), times);
                    }
                }
            }
            InputStore::F32(values) => {
                for item in items {
                    for row in values[item * size..][..size].chunks_exact(width) {
                        moments.iter_mut().zip(row).for_each(|(m, &v)| m.add(f64::from(v)));
                    }
                }
            }
            InputStore::F64(values) => {
                for item in items {
                    for row in values[item * size..][..size].chunks_exact(width) {
                        moments.iter_mut().zip(row).for_each(|(m, &v)| m.add(v));
                    }
                }
            }
        }
        moments
    }
}
