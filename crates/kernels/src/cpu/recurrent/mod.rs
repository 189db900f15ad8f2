//! Whole sequences through a recurrent cell.
//!
//! The products with the input are made for all steps beforehand; what remains of a step is one
//! product with the hidden state, whose packed weight all steps share, and one pass over the
//! gates. Batch items do not meet, so that each thread takes some of them through all steps on
//! its own: no step waits for another thread, and because an item's arithmetic does not depend on
//! the items beside it, neither does the result depend on how they are dealt out. Where there are
//! too few items for that, threads share each step instead: every one takes all gates of some
//! units, or where those are not whole panels of the weight, some of its columns.

mod backward;
mod cell;
mod forward;
mod rows;

pub use backward::RecurrentBackward;
pub use cell::{Gru, Lstm, Rnn};
pub use forward::{HiddenProduct, RecurrentForward};

use crate::cpu::matmul::{Epilogue, Matrix, PackedMatrix, product_of_few_rows, product_of_rows};
use crate::cpu::tile::panel_columns;
use crate::cpu::vector::prefetch_all;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::{self, parallel_for};

/// Items of a block at least: they share each pass over the weight.
const FEW_ITEMS: usize = 4;
/// Values of a weight that does not stay in a thread's cache.
const LARGE_WEIGHT: usize = 400_000;

/// The extent of a batch of sequences and the order of their steps.
#[derive(Clone, Copy)]
pub struct Sequence<'a> {
    /// Items.
    pub batch: usize,
    /// Steps of the longest item.
    pub time: usize,
    /// Units of the cell.
    pub units: usize,
    /// Values of the hidden state: `units`, or what they are projected to.
    pub outputs: usize,
    /// From the last step of each item to its first.
    pub reverse: bool,
    /// Steps of each item, up to `time`; all of them where absent.
    pub lengths: Option<&'a [i32]>,
}

impl Sequence<'_> {
    pub(crate) fn length(&self, item: usize) -> usize {
        self.lengths.map_or(self.time, |lengths| lengths[item] as usize)
    }

    /// The time of an item's step number `step`; `None` after its end.
    fn time_of(&self, item: usize, step: usize) -> Option<usize> {
        let length = self.length(item);
        (step < length).then(|| if self.reverse { length - 1 - step } else { step })
    }

    /// The row of an item's step in an array `[batch, time, …]`.
    fn row_of(&self, item: usize, step: usize) -> Option<usize> {
        self.time_of(item, step).map(|time| item * self.time + time)
    }

    /// Whether all threads share each step's product: where there are few items for each of them,
    /// or not many and a weight that would leave every thread's cache between two steps. A part of
    /// the units is each thread's then, or the pass over all of them one thread's: [`Self::parts`].
    fn shares_weight(&self, gates: usize) -> bool {
        let threads = threads::count();
        let is_large = self.outputs * gates * self.units > LARGE_WEIGHT;
        let few = if is_large { FEW_ITEMS * threads.min(4) } else { FEW_ITEMS };
        threads > 1 && self.batch <= few
    }

    /// The parts of a cell's units, each of whole panels of a weight, through whose steps the
    /// threads go side by side; one where they do not.
    fn parts(&self, gates: usize) -> usize {
        let whole = self.units.is_multiple_of(panel_columns());
        let panels = self.units / panel_columns();
        if whole && self.shares_weight(gates) { panels.min(threads::count()) } else { 1 }
    }

    /// The units of a part: the first, and how many.
    fn part(&self, part: usize, parts: usize) -> (usize, usize) {
        let width = panel_columns();
        let at = |part: usize| self.units / width * part / parts * width;
        (at(part), at(part + 1) - at(part))
    }

    /// Calls `task` with the first and the number of items of each block.
    fn each_block(&self, gates: usize, task: impl Fn(usize, usize) + Sync) {
        // 32 products, or one gate, a nanosecond.
        let product = self.outputs * gates * self.units / 32 + gates * self.units;
        let work = self.batch.saturating_mul(self.time).saturating_mul(product);
        let blocks = match self.shares_weight(gates) {
            true => 1,
            false => threads::count().min(self.batch.div_ceil(FEW_ITEMS)).max(1),
        };
        parallel_for(blocks, work, |block| {
            let (start, end) = (self.batch * block / blocks, self.batch * (block + 1) / blocks);
            task(start, end - start);
        });
    }

    /// `out = left · weight`, of some items' rows at a step, on a thread of [`Self::each_block`].
    fn product(
        &self,
        step: usize,
        gates: usize,
        left: Matrix<'_>,
        weight: &PackedMatrix,
        epilogue: Epilogue<'_>,
        out: &mut [f32],
    ) {
        let backwards = step % 2 == 1;
        if self.shares_weight(gates) {
            product_of_few_rows(left, weight, epilogue, out, backwards);
            prefetch_all(out);
        } else {
            product_of_rows(left, weight, epilogue, out, backwards);
        }
    }

    /// The hidden state before each step of some items (first, number) at some times (likewise):
    /// `target` gets `[items, times, outputs]`, from the states after each step of all items and
    /// those at first.
    pub fn states_before(
        &self,
        output: &[f32],
        hidden: Option<&[f32]>,
        (first, items): (usize, usize),
        (start, times): (usize, usize),
        target: &mut [f32],
    ) {
        let width = self.outputs;
        let rows = ItemRows::new(target, items * times, width);
        parallel_for(items, items * times * width / 8, |index| {
            let item = first + index;
            let length = self.length(item);
            for time in start..start + times {
                // SAFETY: this task's own item, see `ItemRows`.
                let target = unsafe { rows.row(index * times + time - start) };
                let earlier = match self.reverse {
                    false => time.checked_sub(1),
                    true => Some(time + 1).filter(|&time| time < length),
                };
                let before = match earlier {
                    _ if time >= length => None,
                    None => hidden.map(|values| row(values, item, width)),
                    Some(time) => Some(row(output, item * self.time + time, width)),
                };
                match before {
                    Some(values) => target.copy_from_slice(values),
                    None => target.fill(0.0),
                }
            }
        });
    }

    /// Sets the rows of `values`, `[batch, time, width]`, after the ends of some items to zero.
    fn clear_after_ends(&self, values: ItemRows<'_>, items: (usize, usize)) {
        for item in items.0..items.0 + items.1 {
            for time in self.length(item)..self.time {
                // SAFETY: this task's own items, see `ItemRows`.
                unsafe { values.row(item * self.time + time) }.fill(0.0);
            }
        }
    }
}

/// An array of rows of which tasks share out the items: a task touches the rows of its own.
#[derive(Clone, Copy)]
struct ItemRows<'a> {
    values: SharedMut<'a, f32>,
    rows: usize,
    width: usize,
}

impl<'a> ItemRows<'a> {
    /// Nothing for an empty array.
    ///
    /// # Panics
    /// As [`ItemRows::new`].
    #[track_caller]
    fn optional(values: &'a mut [f32], rows: usize, width: usize) -> Option<Self> {
        (!values.is_empty()).then(|| Self::new(values, rows, width))
    }

    /// # Panics
    /// When `values` is not `rows` rows of `width` values.
    #[track_caller]
    fn new(values: &'a mut [f32], rows: usize, width: usize) -> Self {
        assert_eq!(values.len(), rows * width, "rows of a recurrent layer");
        Self { values: SharedMut::new(values), rows, width }
    }

    /// The address of a row, to be asked for.
    fn address(&self, row: Option<usize>) -> *const f32 {
        row.map_or(std::ptr::null(), |row| self.pointer(row))
    }

    /// Where a row begins.
    fn pointer(&self, row: usize) -> *mut f32 {
        assert!(row < self.rows);
        self.values.pointer(row * self.width)
    }

    /// One row.
    ///
    /// # Safety
    /// No other reference to the row may be in use: each task asks for rows of its own items, one
    /// at a time.
    unsafe fn row(&self, row: usize) -> &'a mut [f32] {
        assert!(row < self.rows);
        // SAFETY: the row lies within the values; unaliased by this function's contract.
        unsafe { self.values.slice(row * self.width, self.width) }
    }
}

/// StepScratch of one task from the pool of buffers, cut into parts.
struct StepScratch(Storage);

impl StepScratch {
    fn new(length: usize) -> Self {
        Self(Storage::new(length))
    }

    /// Consecutive parts of these lengths, with unspecified contents at first.
    fn parts<const N: usize>(&mut self, lengths: [usize; N]) -> [&mut [f32]; N] {
        let mut rest = self.0.unique_f32s().expect("scratch is not shared");
        lengths.map(|length| {
            let (part, after) = std::mem::take(&mut rest).split_at_mut(length);
            rest = after;
            part
        })
    }
}

/// Row `index` of consecutive rows of `width` values.
fn row(values: &[f32], index: usize, width: usize) -> &[f32] {
    &values[index * width..][..width]
}

/// As [`row`], to write.
fn row_mut(values: &mut [f32], index: usize, width: usize) -> &mut [f32] {
    &mut values[index * width..][..width]
}
