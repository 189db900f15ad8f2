//! Forecasts that need no learning: what a model has to beat.

use super::dataset::Dataset;
use super::targets::Targets;
use crate::metrics::{Column, uniform_average};
use crate::scores::Scores;

/// How a baseline predicts a series (Hyndman and Athanasopoulos, "Forecasting: Principles and
/// Practice", chapter 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naive {
    /// Every value to come is the last one seen.
    Last,
    /// Every value to come is the last one seen of the same step of the season.
    Season,
}

impl Naive {
    /// The name in scores: `last` or `season`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Season => "season",
        }
    }

    /// The row from which the value of row `first + step` is predicted, rows from `first` on not
    /// being known; `season` is the number of steps of a season.
    pub fn row(self, first: usize, step: usize, season: usize) -> usize {
        match self {
            Self::Last => first - 1,
            Self::Season => first + step - season * (step / season + 1),
        }
    }
}

/// Predictions of all targets, in the targets' own units.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// How it predicts.
    pub naive: Naive,
    /// Item by item, as [`Targets::Values`] are.
    pub values: Vec<f64>,
}

/// The mean absolute and root mean squared errors of all baselines on `items`.
pub fn scores(dataset: &Dataset, items: &[u32]) -> Scores {
    let mut scores = Scores::new();
    let width = match dataset.targets() {
        Targets::Values { width, .. } if !items.is_empty() && *width > 0 => *width,
        _ => return scores,
    };
    for Baseline { naive, values } in dataset.baselines() {
        let (mae, rmse) = errors(dataset, items, |item| &values[item * width..][..width]);
        scores.set(&format!("baseline_{}_mae", naive.name()), mae);
        scores.set(&format!("baseline_{}_rmse", naive.name()), rmse);
    }
    scores
}

/// The mean absolute and root mean squared errors of what is predicted for each of `items`, output
/// by output and then averaged.
pub fn errors<'a>(
    dataset: &Dataset,
    items: &[u32],
    predicted: impl Fn(usize) -> &'a [f64],
) -> (f64, f64) {
    let Targets::Values { values, width, .. } = dataset.targets() else { return (0.0, 0.0) };
    let mut columns = vec![Column::default(); *width];
    for item in items.iter().map(|&item| item as usize) {
        let pairs = predicted(item).iter().zip(&values[item * width..][..*width]);
        for (column, (y, t)) in columns.iter_mut().zip(pairs) {
            column.add(y - t, *t);
        }
    }
    (uniform_average(&columns, Column::mae), uniform_average(&columns, Column::rmse))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::InputStore;

    #[test]
    fn a_season_goes_back_to_what_is_known() {
        let rows = |season| (0..5).map(move |step| Naive::Season.row(10, step, season));
        assert_eq!(rows(2).collect::<Vec<_>>(), [8, 9, 8, 9, 8]);
        assert_eq!(rows(4).collect::<Vec<_>>(), [6, 7, 8, 9, 6]);
        assert_eq!(Naive::Last.row(10, 3, 0), 9);
    }

    #[test]
    fn errors_are_those_of_the_given_items() {
        let targets =
            Targets::Values { values: vec![1.0, 2.0, 9.0], width: 1, names: vec!["y".into()] };
        let inputs = InputStore::F32(vec![0.0; 3]);
        let baseline = Baseline { naive: Naive::Last, values: vec![1.0, 5.0, 5.0] };
        let dataset = Dataset::new("test", [1], inputs, targets).unwrap().with_baseline(baseline);
        let scores = scores(&dataset, &[1, 2]);
        assert_eq!(scores.get("baseline_last_mae"), Some(3.5));
        assert_eq!(scores.get("baseline_last_rmse"), Some(12.5f64.sqrt()));
        assert_eq!(scores.iter().count(), 2);
        assert_eq!(super::scores(&dataset, &[]).iter().count(), 0);
    }
}
