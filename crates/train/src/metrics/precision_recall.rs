//! Precision, recall and F1, of one class and averaged.

use super::ConfusionMatrix;

/// How the scores of several classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// The mean over the classes that occur, among the labels or the predictions.
    Macro,
    /// The score over all decisions together; with one label a sample this is the accuracy.
    Micro,
    /// The mean weighted by how often each class is the label.
    Weighted,
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl ConfusionMatrix {
    /// Of the samples taken for `class`, the fraction that are of it; 0 if there are none.
    pub fn precision_of(&self, class: usize) -> f64 {
        ratio(self.count(class, class), self.predicted(class))
    }

    /// Of the samples of `class`, the fraction that were found; 0 if there are none.
    pub fn recall_of(&self, class: usize) -> f64 {
        ratio(self.count(class, class), self.actual(class))
    }

    /// The harmonic mean of precision and recall.
    pub fn f1_of(&self, class: usize) -> f64 {
        ratio(2 * self.count(class, class), self.actual(class) + self.predicted(class))
    }

    /// Averaged precision.
    pub fn precision(&self, average: Average) -> f64 {
        self.averaged(average, Self::precision_of)
    }

    /// Averaged recall.
    pub fn recall(&self, average: Average) -> f64 {
        self.averaged(average, Self::recall_of)
    }

    /// Averaged F1 (not the harmonic mean of the averages).
    pub fn f1(&self, average: Average) -> f64 {
        self.averaged(average, Self::f1_of)
    }

    fn averaged(&self, average: Average, score: fn(&Self, usize) -> f64) -> f64 {
        let weight = |class| match average {
            Average::Macro => f64::from(self.actual(class) + self.predicted(class) > 0),
            Average::Weighted => self.actual(class) as f64,
            Average::Micro => 0.0,
        };
        if average == Average::Micro {
            return self.accuracy();
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for class in 0..self.classes() {
            sum += weight(class) * score(self, class);
            weights += weight(class);
        }
        sum / weights
    }
}
