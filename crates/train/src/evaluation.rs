//! A model's scores on data that it does not learn from.

use std::time::Duration;

use glassbox_nn::{Cx, Loss, Module, RecurrentState};
use glassbox_tensor::{Precision, Tensor, denormals};

use crate::TrainError;
use crate::accumulator::{Accumulator, Task};
use crate::compatible;
use crate::data::{Batch, Loader};
use crate::metrics::Metric;
use crate::scores::Scores;

/// The scores of `model` on all samples of `loader`, without recording a graph. Errors of numbers
/// come in the units of the data, which the loader knows. [`Evaluation`] has more settings.
///
/// # Errors
/// When data cannot be read, or task, loss, targets and outputs do not fit together.
pub fn evaluate(
    model: &dyn Module,
    loss: &Loss,
    task: Task,
    loader: &Loader,
) -> Result<Scores, TrainError> {
    Evaluation::new(loss, task).run(model, loader)
}

/// How a model is evaluated. Training, its validation and `glassbox eval` use this, so that one
/// score is one number everywhere.
///
/// The scores are those of the set: the same for every size and order of its batches, but for
/// rounding.
#[derive(Clone, Debug)]
pub struct Evaluation<'a> {
    loss: &'a Loss,
    task: Task,
    metrics: Vec<&'static Metric>,
    stateful: bool,
    precision: Precision,
}

impl<'a> Evaluation<'a> {
    /// With each item on its own, and the default precision.
    pub fn new(loss: &'a Loss, task: Task) -> Self {
        let (metrics, precision) = Default::default();
        Self { loss, task, metrics, stateful: false, precision }
    }

    /// With further scores than those of every training of the task.
    #[must_use]
    pub fn with_metrics(self, metrics: Vec<&'static Metric>) -> Self {
        Self { metrics, ..self }
    }

    /// Whether the items are one sequence: each begins with the state in which recurrent layers
    /// left the one before, in the items' own order, whatever the loader's batches. The state is
    /// zeros at the start, and wherever an item is left out. For models that were trained
    /// [`stateful`](crate::TrainConfig::stateful).
    #[must_use]
    pub fn stateful(self, stateful: bool) -> Self {
        Self { stateful, ..self }
    }

    /// With another precision.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The scores of `model` on all samples of `loader`; none where no sample counts.
    ///
    /// # Errors
    /// When data cannot be read, or task, loss, targets and outputs do not fit together.
    pub fn run(&self, model: &dyn Module, loader: &Loader) -> Result<Scores, TrainError> {
        compatible::check(model, self.loss, self.task, loader)?;
        self.run_with(model, loader, |_, _| Ok(()))
    }

    /// As [`Evaluation::run`] of what was checked before, calling `progress` with the number of
    /// batches done and that of all after each.
    pub(crate) fn run_with(
        &self,
        model: &dyn Module,
        loader: &Loader,
        mut progress: impl FnMut(usize, usize) -> Result<(), TrainError>,
    ) -> Result<Scores, TrainError> {
        let _flush = denormals::flush();
        let ordered;
        let loader = match self.stateful {
            false => loader,
            true => {
                ordered = loader.in_order();
                &ordered
            }
        };
        let mut pass = Running::new(self, loader);
        for (index, batch) in loader.epoch(0, 0)?.enumerate() {
            pass.add(model, &batch?);
            progress(index + 1, loader.batches())?;
        }
        Ok(pass.sums.scores(self.task, loader.output_names()))
    }
}

/// An evaluation under way.
struct Running<'a> {
    how: &'a Evaluation<'a>,
    loader: &'a Loader,
    sums: Accumulator,
    state: RecurrentState,
    /// The item that would continue the last one.
    next: Option<u32>,
}

impl<'a> Running<'a> {
    fn new(how: &'a Evaluation<'a>, loader: &'a Loader) -> Self {
        let sums = Accumulator::new(how.metrics.clone());
        Self { how, loader, sums, state: RecurrentState::default(), next: None }
    }

    fn add(&mut self, model: &dyn Module, batch: &Batch) {
        match self.how.stateful {
            true => self.add_in_sequence(model, batch),
            false => {
                let mut cx = Cx::eval().with_precision(self.how.precision);
                let prediction = batch.forward(model, &mut cx);
                self.add_scores(&prediction, &batch.targets);
            }
        }
    }

    /// One item after the other.
    fn add_in_sequence(&mut self, model: &dyn Module, batch: &Batch) {
        for (row, &item) in batch.indices().iter().enumerate() {
            let starts = self.loader.dataset().starts().binary_search(&item).is_ok();
            if starts || self.next != Some(item) {
                self.state.reset();
            }
            self.next = item.checked_add(1);
            let one = |tensor: &Tensor| tensor.slice(0, row..row + 1);
            let mut cx = Cx::eval().with_precision(self.how.precision);
            let inputs = one(&batch.inputs);
            let prediction = model.forward_with_state(&inputs, &mut self.state, &mut cx);
            self.add_scores(&prediction, &one(&batch.targets));
        }
    }

    fn add_scores(&mut self, prediction: &Tensor, targets: &Tensor) {
        let loss = self.how.loss;
        let total = loss.total(prediction, targets);
        self.sums.add(loss, total, prediction, targets, self.loader.target_units());
    }
}

/// How long a duration is, for people: `0:21`, `1:02:07`; below ten seconds `3.2s`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1}s");
    }
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
