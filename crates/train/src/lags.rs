//! How far back in time the error reaches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glassbox_nn::{Cx, Loss, Module, Probe, Side, Site, Wanted};
use glassbox_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::data::Batch;

/// The gradient of the loss at the last step with respect to the input of a recurrent layer at
/// every step before, as norms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerLags {
    /// What messages call the layer: `layer 1 (lstm)`.
    pub layer: String,
    /// Element `k` is the norm at lag `k`, `k` steps before the last: the root of the mean over
    /// items of `|∂L/∂x(T−k)|²`, `L` being the loss of an item.
    pub norms: Vec<f64>,
}

impl LayerLags {
    /// The powers of ten between the norm at lag 0 and that at the largest lag: −4 says that one
    /// part in ten thousand arrives. `None` when one of them is zero or no number.
    pub fn decades(&self) -> Option<f64> {
        let (first, last) = (self.norms.first()?, self.norms.last()?);
        let decades = (last / first).log10();
        decades.is_finite().then_some(decades)
    }

    /// The largest lag up to which all norms are at least `share` of that at lag 0.
    pub fn reach(&self, share: f64) -> usize {
        let least = self.norms.first().map_or(0.0, |first| first * share);
        self.norms.iter().position(|norm| *norm < least).unwrap_or(self.norms.len()).max(1) - 1
    }
}

/// The norms of every recurrent layer of `model` on a batch of sequences. Where there is a target
/// for every step, only that of each item's last step counts, so that all that arrives at lag `k`
/// has come back through `k` steps: what vanishes or explodes does so here (Bengio, Simard and
/// Frasconi 1994). The model is run once, as in evaluation, and not changed.
pub fn gradient_by_lag<M: Module + ?Sized>(
    model: &M,
    loss: &Loss,
    batch: &Batch,
) -> Vec<LayerLags> {
    let probe = Arc::new(RecurrentInputs { ends: Ends::of(batch), layers: Mutex::default() });
    let mut cx = Cx::eval().recording(true).with_probe(probe.clone());
    let prediction = batch.forward(model, &mut cx);
    if !probe.any() {
        return Vec::new();
    }
    let (prediction, targets) = at_ends(&prediction, &batch.targets, &probe.ends);
    let _ = loss.compute(&prediction, &targets).backward();
    probe.take()
}

/// Sees the gradients of what recurrent layers are given.
struct RecurrentInputs {
    ends: Ends,
    layers: Mutex<Vec<LayerLags>>,
}

impl RecurrentInputs {
    fn layers(&self) -> MutexGuard<'_, Vec<LayerLags>> {
        self.layers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn any(&self) -> bool {
        !self.layers().is_empty()
    }

    fn take(&self) -> Vec<LayerLags> {
        std::mem::take(&mut self.layers())
    }
}

impl Probe for RecurrentInputs {
    fn wants(&self, site: &Site<'_>) -> Wanted {
        match (site.stack, site.side) {
            (Some(_), Side::Input) => Wanted::BOTH,
            _ => Wanted::NOTHING,
        }
    }

    /// Layers in the order in which they run; none of their gradient may arrive.
    fn values(&self, site: &Site<'_>, _values: &Tensor) {
        self.layers().push(LayerLags { layer: site.to_string(), norms: Vec::new() });
    }

    fn gradient(&self, site: &Site<'_>, gradient: &Tensor) {
        let name = site.to_string();
        // One that runs twice is listed twice, and its last run's gradient comes first.
        let mut layers = self.layers();
        let waits = |lags: &&mut LayerLags| lags.layer == name && lags.norms.is_empty();
        if let Some(lags) = layers.iter_mut().rev().find(waits) {
            lags.norms = norms(gradient, &self.ends.steps(gradient.dims()[1]));
        }
    }
}

/// Where the items of a batch end.
struct Ends {
    lengths: Option<Vec<usize>>,
    items: usize,
}

impl Ends {
    fn of(batch: &Batch) -> Self {
        let lengths = batch.lengths.as_ref();
        let lengths = lengths.map(|all| all.as_i32().iter().map(|&one| one as usize).collect());
        Self { lengths, items: batch.inputs.dims()[0] }
    }

    /// The last step of each item, where a batch has this many.
    fn steps(&self, steps: usize) -> Vec<usize> {
        match &self.lengths {
            Some(lengths) => lengths.iter().map(|&length| length.clamp(1, steps) - 1).collect(),
            None => vec![steps - 1; self.items],
        }
    }
}

/// What belongs to the last step of each item, where there is something for every step.
fn at_ends(prediction: &Tensor, targets: &Tensor, ends: &Ends) -> (Tensor, Tensor) {
    let dims = prediction.dims();
    if dims.len() != 3 || targets.dims() != [dims[0], dims[1]] {
        return (prediction.clone(), targets.clone());
    }
    let ends = ends.steps(dims[1]);
    let rows: Vec<i32> =
        ends.iter().enumerate().map(|(item, end)| (item * dims[1] + end) as i32).collect();
    let labels: Vec<i32> = rows.iter().map(|&row| targets.as_i32()[row as usize]).collect();
    let rows = Tensor::from_i32(&rows, [ends.len()]);
    let prediction = prediction.reshape([dims[0] * dims[1], dims[2]]).index_select(0, &rows);
    (prediction, Tensor::from_i32(&labels, [ends.len()]))
}

/// Norms by lag of a gradient `[items, steps, features]` of the mean over items.
fn norms(gradient: &Tensor, ends: &[usize]) -> Vec<f64> {
    let [items, steps, features] = *gradient.dims() else { return Vec::new() };
    let longest = ends.iter().max().map_or(0, |end| end + 1);
    let (mut sums, mut counts) = (vec![0.0; longest], vec![0usize; longest]);
    for (item, &end) in gradient.as_slice().chunks_exact(steps * features).zip(ends) {
        for (lag, step) in item[..(end + 1) * features].chunks_exact(features).rev().enumerate() {
            let squares: f64 = step.iter().map(|&x| f64::from(x).powi(2)).sum();
            sums[lag] += squares * (items * items) as f64;
            counts[lag] += 1;
        }
    }
    sums.iter().zip(counts).map(|(sum, count)| (sum / count.max(1) as f64).sqrt()).collect()
}
