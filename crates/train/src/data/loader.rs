//! Batches of an epoch.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use super::error::{DataError, DataErrorCode};
use super::lane::Lane;
use super::normalize::Normalizer;
use super::sampler::Sampler;
use super::targets::Targets;
use super::transform::{Batch, Transform};

/// How an epoch is cut into batches and who prepares them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoaderConfig {
    /// Items in a batch.
    pub batch_size: usize,
    /// Whether the items are in another order in each epoch.
    pub shuffle: bool,
    /// Whether a last batch that is not full is left out.
    pub drop_last: bool,
    /// Whether each batch continues the one before, row by row, in the items' own order.
    pub streams: bool,
    /// Decides the order and the augmentation of every epoch.
    pub seed: u64,
    /// Who prepares batches. It changes nothing about them.
    pub workers: Workers,
}

impl Default for LoaderConfig {
    fn default() -> Self {
        let workers = Workers::default();
        Self { batch_size: 32, shuffle: true, drop_last: false, streams: false, seed: 0, workers }
    }
}

/// Who prepares batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workers {
    /// The caller where a batch costs less than handing it over, one thread otherwise.
    #[default]
    Auto,
    /// The caller, when it asks for the batch.
    Inline,
    /// So many threads.
    Threads(usize),
}

impl Workers {
    /// Nanoseconds a batch must cost before a thread prepares it.
    const WORTH_A_THREAD: usize = 30_000;
    const MOST: usize = 64;

    fn count(self, batch_cost: usize) -> usize {
        match self {
            _ if cfg!(not(feature = "system")) => 0,
            Self::Auto => usize::from(batch_cost >= Self::WORTH_A_THREAD),
            Self::Inline => 0,
            Self::Threads(count) => count.min(Self::MOST),
        }
    }
}

/// Gives the batches of any epoch from any batch on. The batches are a function of the data set,
/// the items, the configuration and the epoch, never of threads.
///
/// ```
/// use std::sync::Arc;
/// use glassbox_data::DigitsConfig;
/// use glassbox_train::data::{Loader, LoaderConfig, Transform};
///
/// let digits = Arc::new(DigitsConfig {}.load()?.dataset);
/// let loader = Loader::new(digits, vec![0, 1, 2, 3, 4], Transform::default(), LoaderConfig {
///     batch_size: 2,
///     ..Default::default()
/// });
/// let epoch: Vec<_> = loader.epoch(3, 0)?.collect::<Result<_, _>>()?;
/// assert_eq!(epoch.len(), 3);
/// // A resumed run continues at the batch it stopped before.
/// let rest: Vec<_> = loader.epoch(3, 2)?.collect::<Result<_, _>>()?;
/// assert_eq!(rest[0].indices(), epoch[2].indices());
/// # Ok::<(), glassbox_train::data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Loader {
    dataset: Arc<Dataset>,
    transform: Arc<Transform>,
    sampler: Sampler,
    workers: usize,
}

impl Loader {
    /// A loader of the `items` of `dataset`.
    ///
    /// # Panics
    /// When the batch size is 0 or an item is not in the data set.
    #[track_caller]
    pub fn new(
        dataset: Arc<Dataset>,
        items: impl Into<Arc<[u32]>>,
        transform: Transform,
        config: LoaderConfig,
    ) -> Self {
        let items = items.into();
        let outside = items.iter().find(|&&item| item as usize >= dataset.len());
        assert!(outside.is_none(), "item {outside:?} of {} items", dataset.len());
        let batch_cost = transform.cost(&dataset) * config.batch_size.min(items.len());
        let shuffle = config.shuffle.then_some(config.seed);
        let sampler = match config.streams {
            true => Sampler::streams(items, config.batch_size),
            false => Sampler::new(items, config.batch_size, shuffle, config.drop_last),
        };
        let workers = config.workers.count(batch_cost);
        Self { dataset, transform: Arc::new(transform), sampler, workers }
    }

    /// The number of items it draws from.
    pub fn samples(&self) -> usize {
        self.sampler.items()
    }

    /// The items it draws from.
    pub fn items(&self) -> Arc<[u32]> {
        self.sampler.in_order().order(0)
    }

    /// Whether each batch continues the one before, row by row.
    pub fn is_streams(&self) -> bool {
        self.sampler.is_streams()
    }

    /// The number of batches in an epoch.
    pub fn batches(&self) -> usize {
        self.sampler.batches()
    }

    /// How the targets of its batches were standardized: what turns predictions back into the
    /// units of the data.
    pub fn target_units(&self) -> &Normalizer {
        self.transform.target_units()
    }

    /// How inputs are normalized.
    pub fn input_units(&self) -> &Normalizer {
        self.transform.input_units()
    }

    /// The names of the numbers to predict; none for classes and tokens.
    pub fn output_names(&self) -> &[String] {
        match self.dataset.targets() {
            Targets::Values { names, .. } => names,
            _ => &[],
        }
    }

    /// The same items in their own order, none left out: for what depends on the order.
    #[must_use]
    pub fn in_order(&self) -> Self {
        Self { sampler: self.sampler.in_order(), ..self.clone() }
    }

    /// The first item alone, as a batch, to see what batches look like; `None` without items.
    pub(crate) fn first_item(&self) -> Option<Batch> {
        let order = self.sampler.order(0);
        (!order.is_empty()).then(|| self.transform.batch(&self.dataset, 0, &order, 0..1))
    }

    /// The data set it draws from.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// The batches of an epoch from batch `first` on: 0 for all, another to resume.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn epoch(&self, epoch: u64, first: usize) -> Result<Batches, DataError> {
        let batches = first.min(self.batches())..self.batches();
        let work = Work { loader: self.clone(), epoch, order: self.sampler.order(epoch) };
        let workers = self.workers.min(batches.len());
        let lanes = (0..workers)
            .map(|worker| Lane::start(&work, batches.clone(), worker, workers))
            .collect::<Result<_, _>>()?;
        Ok(Batches { work, remaining: batches, lanes, served: 0 })
    }
}

/// What a worker needs to prepare any batch of an epoch.
#[derive(Clone, Debug)]
pub(super) struct Work {
    loader: Loader,
    epoch: u64,
    order: Arc<[u32]>,
}

impl Work {
    pub(super) fn prepare(&self, batch: usize) -> Batch {
        let loader = &self.loader;
        let range = loader.sampler.range(batch);
        loader.transform.batch(&loader.dataset, self.epoch, &self.order, range)
    }
}

pub(super) fn worker_failed(batch: usize, panic: &(dyn Any + Send)) -> DataError {
    let reason = (panic.downcast_ref::<String>().map(String::as_str))
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message");
    let message = format!("preparing batch {batch} failed");
    DataError::new(DataErrorCode::Worker, message).expected("a batch").found(reason)
}

/// The batches of an epoch in order. Dropping it stops the workers.
#[derive(Debug)]
pub struct Batches {
    work: Work,
    remaining: Range<usize>,
    lanes: Vec<Lane>,
    served: usize,
}

impl Iterator for Batches {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.remaining.next()?;
        let outcome = if self.lanes.is_empty() {
            catch_unwind(AssertUnwindSafe(|| self.work.prepare(batch)))
                .map_err(|panic| worker_failed(batch, &*panic))
        } else {
            let lane = &self.lanes[self.served % self.lanes.len()];
            self.served += 1;
            lane.next().unwrap_or_else(|| Err(worker_failed(batch, &"the thread is gone")))
        };
        if outcome.is_err() {
            self.remaining = 0..0;
        }
        Some(outcome)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.remaining.size_hint()
    }
}

impl ExactSizeIterator for Batches {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::augment::FlipH;
    use crate::data::{Augment, InputStore, Targets};

    fn images(count: usize) -> Arc<Dataset> {
        let values = (0..count * 12).map(|i| (i * 7 % 256) as u8).collect();
        let labels = (0..count as i32).map(|i| i % 3).collect();
        let targets = Targets::Classes { labels, names: ["a", "b", "c"].map(String::from).into() };
        let dataset = Dataset::new("test", [3, 2, 2], InputStore::images(values), targets);
        Arc::new(dataset.unwrap())
    }

    fn loader(workers: Workers) -> Loader {
        let dataset = images(23);
        let config = LoaderConfig { batch_size: 4, seed: 9, workers, ..Default::default() };
        let flip = [Augment::FlipH(FlipH::default())];
        let transform = Transform::default().with_augment(&flip, &dataset, config.seed).unwrap();
        Loader::new(dataset, (0..23).collect::<Vec<_>>(), transform, config)
    }

    /// Everything about the batches of an epoch, to compare bits.
    fn epoch(loader: &Loader, epoch: u64, first: usize) -> Vec<(Vec<u32>, Vec<f32>, Vec<i32>)> {
        let batches = loader.epoch(epoch, first).unwrap().map(Result::unwrap);
        let parts = |batch: Batch| {
            let (inputs, targets) = (batch.inputs.to_vec(), batch.targets.as_i32().to_vec());
            (batch.indices().to_vec(), inputs, targets)
        };
        batches.map(parts).collect()
    }

    #[test]
    fn batches_do_not_depend_on_workers_and_resume_anywhere() {
        let inline = loader(Workers::Inline);
        let whole = epoch(&inline, 2, 0);
        assert_eq!(whole.len(), 6);
        assert_ne!(whole, epoch(&inline, 3, 0));
        for workers in [1, 2, 3, 9] {
            let threaded = loader(Workers::Threads(workers));
            for first in 0..=7 {
                let resumed = epoch(&threaded, 2, first);
                assert_eq!(resumed, whole[first.min(6)..], "{workers} workers from {first}");
            }
        }
    }

    #[test]
    fn targets_belong_to_their_inputs() {
        let dataset = images(23);
        let config = LoaderConfig { batch_size: 5, ..Default::default() };
        let all: Vec<u32> = (0..23).collect();
        let loader = Loader::new(dataset.clone(), all, Transform::default(), config);
        for batch in loader.epoch(0, 0).unwrap() {
            let batch = batch.unwrap();
            let mut input = [0.0; 12];
            for (row, &item) in batch.indices().iter().enumerate() {
                dataset.write_input(item as usize, &mut input);
                assert_eq!(batch.inputs.as_slice()[row * 12..][..12], input);
                assert_eq!(batch.targets.as_i32()[row], item as i32 % 3);
            }
        }
    }

    #[test]
    fn an_abandoned_epoch_ends_its_threads() {
        let loader = loader(Workers::Threads(3));
        for taken in 0..4 {
            let mut batches = loader.epoch(0, 0).unwrap();
            batches.by_ref().take(taken).for_each(drop);
            drop(batches); // joins the threads: hangs if one does not end
        }
        assert_eq!(Arc::strong_count(&loader.dataset), 1);
    }

    #[test]
    fn a_failing_worker_is_an_error_and_the_end() {
        for workers in [Workers::Inline, Workers::Threads(2)] {
            let mut loader = loader(workers);
            // A data set without the items that the sampler draws.
            loader.dataset = images(10);
            let outcomes: Vec<_> = loader.epoch(0, 0).unwrap().collect();
            let error = outcomes.last().unwrap().as_ref().unwrap_err();
            assert_eq!(error.code, DataErrorCode::Worker);
            assert!(error.found.as_ref().unwrap().contains("out of range"), "{error}");
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1);
        }
    }
}
