//! The order of items in an epoch, and how it is cut into batches.

use std::ops::Range;
use std::sync::Arc;

use glassbox_tensor::Rng;

/// Orders items again in each epoch, as a function of (seed, epoch) alone, and cuts the order into
/// batches.
///
/// ```
/// use glassbox_train::data::Sampler;
///
/// let sampler = Sampler::new(vec![10, 11, 12, 13, 14], 2, Some(7), false);
/// assert_eq!(sampler.batches(), 3);
/// assert_eq!(sampler.order(0), sampler.order(0));
/// assert_ne!(sampler.order(0), sampler.order(1));
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    items: Arc<[u32]>,
    /// All items in the order in which they were given.
    given: Arc<[u32]>,
    batch_size: usize,
    shuffle: Option<u64>,
    drop_last: bool,
    streams: bool,
}

impl Sampler {
    /// Batches of `batch_size` of `items`, shuffled with the seed if there is one. `drop_last`
    /// leaves out a last batch that is not full, unless it is the only one.
    ///
    /// # Panics
    /// When `batch_size` is 0.
    #[track_caller]
    pub fn new(
        items: impl Into<Arc<[u32]>>,
        batch_size: usize,
        shuffle: Option<u64>,
        drop_last: bool,
    ) -> Self {
        assert!(batch_size > 0, "a batch has at least one item");
        let items = items.into();
        let drop_last = drop_last && items.len() >= batch_size;
        Self { given: items.clone(), items, batch_size, shuffle, drop_last, streams: false }
    }

    /// Batches of which each continues the one before: their rows are `batch_size` streams, into
    /// which the items, which follow each other, are cut. Items that do not fill all streams alike
    /// are left out.
    ///
    /// # Panics
    /// When `batch_size` is 0.
    #[track_caller]
    pub fn streams(items: impl Into<Arc<[u32]>>, batch_size: usize) -> Self {
        let items = items.into();
        let rows = batch_size.min(items.len()).max(1);
        let length = items.len() / rows;
        let places = (0..length).flat_map(|at| (0..rows).map(move |row| row * length + at));
        let order: Vec<u32> = places.map(|place| items[place]).collect();
        Self { given: items, streams: true, ..Self::new(order, rows, None, false) }
    }

    /// Whether each batch continues the one before, row by row.
    pub fn is_streams(&self) -> bool {
        self.streams
    }

    /// All items in the order in which they were given, none left out.
    #[must_use]
    pub fn in_order(&self) -> Self {
        Self::new(self.given.clone(), self.batch_size, None, false)
    }

    /// The number of items, those of a dropped batch included.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// The number of batches in an epoch.
    pub fn batches(&self) -> usize {
        match self.drop_last {
            true => self.items.len() / self.batch_size,
            false => self.items.len().div_ceil(self.batch_size),
        }
    }

    /// The items in the order of `epoch`.
    pub fn order(&self, epoch: u64) -> Arc<[u32]> {
        match self.shuffle {
            None => self.items.clone(),
            Some(seed) => {
                let mut order = self.items.to_vec();
                Rng::new(seed).fork(STREAM).fork(epoch).shuffle(&mut order);
                order.into()
            }
        }
    }

    /// Where batch `batch` lies in the order.
    pub fn range(&self, batch: usize) -> Range<usize> {
        let start = batch * self.batch_size;
        start..(start + self.batch_size).min(self.items.len())
    }
}

/// Keeps the order independent of everything else that is drawn from the run's seed.
const STREAM: u64 = 0x6f72_6465_7200_0001;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_comes_once_in_an_epoch() {
        for (drop_last, batches, items) in [(false, 4, 10), (true, 3, 9)] {
            let sampler = Sampler::new((0..10).collect::<Vec<_>>(), 3, Some(1), drop_last);
            assert_eq!(sampler.batches(), batches);
            let order = sampler.order(5);
            let mut seen: Vec<u32> =
                (0..batches).flat_map(|batch| order[sampler.range(batch)].to_vec()).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), items);
        }
    }

    #[test]
    fn seeds_and_epochs_give_different_orders() {
        let sampler = |seed| Sampler::new((0..50).collect::<Vec<_>>(), 8, seed, false);
        assert!(sampler(None).order(3).iter().copied().eq(0..50));
        assert_ne!(sampler(Some(1)).order(0), sampler(Some(2)).order(0));
        assert_ne!(sampler(Some(1)).order(0), sampler(Some(1)).order(1));
    }

    #[test]
    fn streams_continue_from_batch_to_batch() {
        let sampler = Sampler::streams((10..21).collect::<Vec<_>>(), 3);
        assert_eq!((sampler.items(), sampler.batches()), (9, 3));
        let order = sampler.order(4);
        let batches: Vec<_> = (0..3).map(|batch| order[sampler.range(batch)].to_vec()).collect();
        assert_eq!(batches, [[10, 13, 16], [11, 14, 17], [12, 15, 18]]);
        let short = Sampler::streams(vec![1, 2], 8);
        assert_eq!((short.batches(), short.range(0)), (1, 0..2));
    }

    #[test]
    fn all_items_can_be_had_in_order() {
        let items: Vec<u32> = (10..21).collect();
        let shuffled = Sampler::new(items.clone(), 3, Some(1), true);
        for sampler in [shuffled, Sampler::streams(items.clone(), 3)] {
            let ordered = sampler.in_order();
            assert_eq!((&ordered.order(2)[..], ordered.batches()), (&items[..], 4));
        }
    }

    #[test]
    fn a_single_short_batch_is_never_dropped() {
        let sampler = Sampler::new(vec![1, 2], 8, None, true);
        assert_eq!((sampler.batches(), sampler.range(0)), (1, 0..2));
        assert_eq!(Sampler::new(vec![], 8, None, true).batches(), 0);
    }
}
