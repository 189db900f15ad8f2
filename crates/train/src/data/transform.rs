//! From items to a batch: gather, augment, normalise.

use std::ops::Range;
use std::sync::Arc;

use glassbox_nn::{Cx, Module};
use glassbox_tensor::{Rng, Tensor};

use super::augment::{Augment, ImageMut, Pipeline};
use super::dataset::Dataset;
use super::error::DataError;
use super::normalize::Normalizer;
use super::store::InputStore;
use super::targets::Targets;

/// Items ready for a model.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Normalized inputs, `[items, …item shape]`.
    pub inputs: Tensor,
    /// Class labels (`I32`, `[items]`), tokens (`I32`, `[items, time]`) or normalized values
    /// (`F32`, `[items, width]`).
    pub targets: Tensor,
    /// How many steps of each item count (`I32`, `[items]`); the others are padding. `None` where
    /// all count.
    pub lengths: Option<Tensor>,
    order: Arc<[u32]>,
    range: Range<usize>,
}

impl Batch {
    /// The indices of the items in their data set.
    pub fn indices(&self) -> &[u32] {
        &self.order[self.range.clone()]
    }

    /// What `model` gives for the inputs, padding not counting.
    pub fn forward<M: Module + ?Sized>(&self, model: &M, cx: &mut Cx) -> Tensor {
        model.forward_with_lengths(&self.inputs, self.lengths.as_ref(), cx)
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }
}

/// What happens to items on their way into a batch. A pure function of (seed, epoch, item).
#[derive(Clone, Debug, Default)]
pub struct Transform {
    inputs: Normalizer,
    targets: Normalizer,
    augment: Pipeline,
    seed: u64,
}

/// Keeps augmentation independent of everything else that is drawn from the run's seed.
const STREAM: u64 = 0x6175_676d_656e_7401;

impl Transform {
    /// Normalises, nothing else: for validation, test and prediction.
    pub fn new(inputs: Normalizer, targets: Normalizer) -> Self {
        Self { inputs, targets, augment: Pipeline::default(), seed: 0 }
    }

    /// How targets are standardized.
    pub fn target_units(&self) -> &Normalizer {
        &self.targets
    }

    /// How inputs are normalized.
    pub fn input_units(&self) -> &Normalizer {
        &self.inputs
    }

    /// Augments images of `dataset` first, as a function of `seed`.
    ///
    /// # Errors
    /// When an augmentation does not fit the data set.
    pub fn with_augment(
        mut self,
        augment: &[Augment],
        dataset: &Dataset,
        seed: u64,
    ) -> Result<Self, DataError> {
        self.augment = Pipeline::new(augment, dataset.item_shape())?;
        self.seed = seed;
        Ok(self)
    }

    /// The batch of the items `order[range]` of `dataset`.
    ///
    /// # Panics
    /// When the range or an index is out of bounds.
    #[track_caller]
    pub fn batch(
        &self,
        dataset: &Dataset,
        epoch: u64,
        order: &Arc<[u32]>,
        range: Range<usize>,
    ) -> Batch {
        let items = &order[range.clone()];
        let inputs = Tensor::build(dataset.item_shape().prepend(items.len()), |out| {
            self.write_inputs(dataset, epoch, items, out);
        });
        let targets = match dataset.targets() {
            Targets::Classes { labels, .. } => Tensor::build_i32([items.len()], |out| {
                out.iter_mut().zip(items).for_each(|(out, &item)| *out = labels[item as usize]);
            }),
            Targets::Tokens { labels, length, .. } => {
                Tensor::build_i32([items.len(), *length], |out| {
                    for (out, &item) in out.chunks_exact_mut((*length).max(1)).zip(items) {
                        out.copy_from_slice(&labels[item as usize * length..][..*length]);
                    }
                })
            }
            Targets::Values { values, width, .. } => Tensor::build([items.len(), *width], |out| {
                for (out, &item) in out.chunks_exact_mut((*width).max(1)).zip(items) {
                    self.targets.apply_f64(&values[item as usize * width..][..*width], out);
                }
            }),
        };
        let lengths = dataset.lengths().map(|lengths| {
            Tensor::build_i32([items.len()], |out| {
                out.iter_mut().zip(items).for_each(|(out, &item)| *out = lengths[item as usize]);
            })
        });
        Batch { inputs, targets, lengths, order: order.clone(), range }
    }

    /// About how many nanoseconds of one core an item takes: whether threads pay.
    pub(crate) fn cost(&self, dataset: &Dataset) -> usize {
        let values = dataset.item_shape().elements();
        values / 2 + self.augment.cost() * values
    }

    fn write_inputs(&self, dataset: &Dataset, epoch: u64, items: &[u32], out: &mut [f32]) {
        let size = dataset.item_shape().elements();
        if let (InputStore::F64(_), true) = (dataset.inputs(), self.augment.is_empty()) {
            for (out, &item) in out.chunks_exact_mut(size).zip(items) {
                dataset.write_normalized(item as usize, &self.inputs, out);
            }
            return;
        }
        let rng = Rng::new(self.seed).fork(STREAM).fork(epoch);
        let shape: Option<[usize; 3]> =
            dataset.item_shape().dims().try_into().ok().filter(|_| !self.augment.is_empty());
        let bounded = matches!(dataset.inputs(), InputStore::U8 { .. });
        let mut scratch = Tensor::build([if shape.is_some() { size } else { 0 }], |_| {});
        for (out, &item) in out.chunks_exact_mut(size).zip(items) {
            dataset.write_input(item as usize, out);
            if let Some(shape) = shape {
                let mut image = ImageMut::new(out, scratch.make_mut(), shape, bounded);
                self.augment.apply(&mut image, rng.fork(u64::from(item)));
            }
        }
        self.inputs.apply(out);
    }
}
