//! Weights for classes: by name, or so that all classes count the same.

use super::dataset::Dataset;
use super::loader::Loader;
use super::targets::Targets;
use crate::error::{Mismatch, TrainError};

impl Dataset {
    /// How many targets of each class (or token) `items` have, in class order; empty for numbers.
    pub fn class_counts(&self, items: &[u32]) -> Vec<u64> {
        self.counts_but(items, None)
    }

    /// As [`Self::class_counts`], with none of the class that a loss ignores.
    pub fn counts_but(&self, items: &[u32], ignored: Option<i32>) -> Vec<u64> {
        let mut counts = vec![0; self.targets().class_names().len()];
        let (labels, length) = match self.targets() {
            Targets::Classes { labels, .. } => (labels, 1),
            Targets::Tokens { labels, length, .. } => (labels, *length),
            Targets::Values { .. } => return counts,
        };
        for &item in items {
            let own = &labels[item as usize * length..][..length];
            for &label in own.iter().filter(|&&label| Some(label) != ignored) {
                let class = usize::try_from(label).ok();
                if let Some(count) = class.and_then(|class| counts.get_mut(class)) {
                    *count += 1;
                }
            }
        }
        counts
    }

    /// The weights of all classes in class order, given by name: for
    /// [`CrossEntropyConfig::class_weights`](glassbox_nn::losses::CrossEntropyConfig).
    ///
    /// ```
    /// use glassbox_train::data::{Dataset, InputStore, Targets};
    ///
    /// let names = ["no".to_owned(), "yes".to_owned()];
    /// let targets = Targets::Classes { labels: vec![0, 1], names: names.to_vec() };
    /// let data = Dataset::new("answers", [1], InputStore::F32(vec![0.5, 1.5]), targets)?;
    /// assert_eq!(data.class_weights(&[("yes", 2.0), ("no", 1.0)])?, [1.0, 2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When a name is unknown or a class is left out.
    pub fn class_weights(&self, weights: &[(&str, f32)]) -> Result<Vec<f32>, TrainError> {
        let names = self.targets().class_names();
        let unknown = weights.iter().find(|(name, _)| !names.iter().any(|other| other == name));
        let weight = |name: &String| {
            let found = weights.iter().find(|(other, _)| other == name);
            found.map(|(_, weight)| *weight).ok_or_else(|| format!("none for {name:?}"))
        };
        let found = match unknown {
            Some((name, _)) => Err(format!("one for {name:?}")),
            None => names.iter().map(weight).collect::<Result<Vec<f32>, String>>(),
        };
        found.map_err(|found| {
            TrainError::Mismatch(Box::new(Mismatch {
                code: "GB0414",
                what: "the class weights are not those of the classes".into(),
                expected: format!("a weight for each of {}", names.join(", ")),
                found,
                help: "give each class one weight by its name".into(),
            }))
        })
    }
}

impl Loader {
    /// The weights with which all classes count the same: see [`balanced_weights`].
    ///
    /// # Errors
    /// When a class has no items, or the targets are numbers.
    pub fn balanced_class_weights(&self) -> Result<Vec<f32>, TrainError> {
        let counts = self.dataset().class_counts(&self.items());
        balanced_weights(&counts).map_err(|class| {
            let names = self.dataset().targets().class_names();
            let found = class.and_then(|class| names.get(class));
            TrainError::Mismatch(Box::new(Mismatch {
                code: "GB0414",
                what: "the classes cannot be balanced".into(),
                expected: "training items of every class".into(),
                found: match found {
                    Some(name) => format!("none of class {name:?}"),
                    None => "targets without classes".into(),
                },
                help: "give the weights by name: Dataset::class_weights".into(),
            }))
        })
    }
}

/// The weights with which all classes count the same: `n / (k n_c)` for `n` items, of which `n_c`
/// are of class `c` of `k` classes. Scikit-learn's
/// `compute_class_weight("balanced", classes=…, y=…)`.
///
/// ```
/// use glassbox_train::data::balanced_weights;
///
/// assert_eq!(balanced_weights(&[6, 2]), Ok(vec![8.0 / 12.0, 2.0]));
/// assert_eq!(balanced_weights(&[6, 0]), Err(Some(1)));
/// ```
///
/// # Errors
/// The first class without items; `None` where there are no classes.
pub fn balanced_weights(counts: &[u64]) -> Result<Vec<f32>, Option<usize>> {
    if counts.is_empty() {
        return Err(None);
    }
    if let Some(class) = counts.iter().position(|&count| count == 0) {
        return Err(Some(class));
    }
    let items: u64 = counts.iter().sum();
    let weight = |&count: &u64| items as f64 / (counts.len() as f64 * count as f64);
    Ok(counts.iter().map(|count| weight(count) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_scikit_learn_balances() {
        // compute_class_weight("balanced", classes=[0, 1, 2], y=[0]*950 + [1]*30 + [2]*20)
        let weights = balanced_weights(&[950, 30, 20]).unwrap();
        let wanted = [0.350_877_2, 11.111_111, 16.666_666];
        assert!(weights.iter().zip(wanted).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-5));
        assert_eq!(balanced_weights(&[]), Err(None));
    }
}
