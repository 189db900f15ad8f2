//! The area under the receiver operating characteristic.

use glassbox_tensor::Tensor;

use super::Metric;
use super::ranking::Ranking;

/// The chance that a random sample of a class gets a higher probability of it than a random
/// sample of the others, ties counting half (Mann and Whitney 1947). Of several classes, the mean
/// over each against the rest. Remembers all samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RocAuc(Ranking);

impl Metric for RocAuc {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        self.0.add(prediction, target);
    }

    fn value(&self) -> f64 {
        self.0.one_against_rest(|runs| {
            let (mut area, mut above, mut outside) = (0.0, 0u64, 0u64);
            for &(inside, others) in runs {
                area += others as f64 * (above as f64 + 0.5 * inside as f64);
                above += inside;
                outside += others;
            }
            area / (above as f64 * outside as f64)
        })
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
