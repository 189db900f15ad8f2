//! The mean of a number that comes in parts, such as the loss of every batch.

/// A weighted mean, in double precision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    /// Adds a value: the mean loss of a batch, weighted by its number of samples.
    pub fn add(&mut self, value: f64, weight: f64) {
        self.sum += value * weight;
        self.weight += weight;
    }

    /// The mean so far; NaN if there is none.
    pub fn value(&self) -> f64 {
        self.sum / self.weight
    }

    /// Forgets all values.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}
