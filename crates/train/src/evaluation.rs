//! A model's scores on data that it does not learn from.

use std::time::Duration;

use glassbox_nn::{Cx, Loss, Module};
use glassbox_tensor::{Precision, denormals};

use crate::TrainError;
use crate::accumulator::{Accumulator, Task};
use crate::data::{Batch, Loader, Normalizer};
use crate::scores::Scores;

/// The scores of `model` on all samples of `loader`, without recording a graph. `units` says how
/// targets were standardised, so that errors come in their own units.
///
/// # Errors
/// When data cannot be read.
pub fn evaluate(
    model: &dyn Module,
    loss: &Loss,
    task: Task,
    units: &Normalizer,
    loader: &Loader,
) -> Result<Scores, TrainError> {
    evaluate_with_precision(model, loss, task, units, loader, Precision::default())
}

/// As [`evaluate`], with another precision.
///
/// # Errors
/// When data cannot be read.
pub fn evaluate_with_precision(
    model: &dyn Module,
    loss: &Loss,
    task: Task,
    units: &Normalizer,
    loader: &Loader,
    precision: Precision,
) -> Result<Scores, TrainError> {
    let _flush = denormals::flush();
    let mut sums = Accumulator::default();
    for batch in loader.epoch(0, 0)? {
        let cx = Cx::eval().with_precision(precision);
        evaluate_batch(model, loss, units, &batch?, cx, &mut sums);
    }
    Ok(sums.scores(task))
}

pub(crate) fn evaluate_batch(
    model: &dyn Module,
    loss: &Loss,
    units: &Normalizer,
    batch: &Batch,
    mut cx: Cx,
    sums: &mut Accumulator,
) {
    let prediction = batch.forward(model, &mut cx);
    let value = loss.compute(&prediction, &batch.targets).item();
    sums.add_in_units(f64::from(value), &prediction, &batch.targets, units);
}

/// How long a duration is, for people: `0:21`, `1:02:07`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
