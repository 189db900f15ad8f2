//! The places of a sweep: where each reads and writes, and how they are dealt out.

use super::field::Field;
use super::sweep::Sweep;
use crate::activation::Activation;
use crate::cpu::activate_run::activate_run;
use crate::cpu::tuning::conv::{ENOUGH_TASKS, PLACES_SHORT, TASK_WORK};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

/// Rows of places in each task, from sizes alone: enough work each, few tasks otherwise, and not
/// beyond one image where that holds enough.
pub(super) fn rows_per_task(batch: usize, sweep: &Sweep, row_work: usize) -> usize {
    let worthwhile = TASK_WORK.div_ceil(row_work.max(1));
    let shared = (batch * sweep.places[0]).div_ceil(ENOUGH_TASKS).min(sweep.places[0]);
    worthwhile.max(shared).max(1)
}

/// Where the places of a block read and write.
pub(super) struct Places {
    pub(super) windows: [*const f32; PLACES_SHORT],
    /// The source row that a tap of row 0 reads.
    pub(super) source_rows: [isize; PLACES_SHORT],
    pub(super) targets: [*mut f32; PLACES_SHORT],
    pub(super) count: usize,
}

/// Walks over the places of some rows.
pub(super) struct Walk<'a> {
    sweep: &'a Sweep,
    field: &'a Field,
    step: usize,
    target: SharedMut<'a, f32>,
    target_channels: usize,
    rows: std::ops::Range<usize>,
    column: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        sweep: &'a Sweep,
        field: &'a Field,
        rows: std::ops::Range<usize>,
        [channels, target_channels]: [usize; 2],
        target: SharedMut<'a, f32>,
    ) -> Self {
        let step = sweep.step[1] * channels;
        Self { sweep, field, step, target, target_channels, rows, column: 0 }
    }

    /// The next places, at most `limit` and [`PLACES_SHORT`]; `count` is 0 at the end.
    pub(super) fn next(&mut self, places: &mut Places, limit: usize) {
        let sweep = self.sweep;
        let limit = limit.min(PLACES_SHORT);
        places.count = 0;
        while places.count < limit && !self.rows.is_empty() {
            let (image, row) =
                (self.rows.start / sweep.places[0], self.rows.start % sweep.places[0]);
            let window = self.field.window(image, row).wrapping_add(self.column * self.step);
            let line = image * sweep.target[0] + sweep.target_start[0] + row * sweep.target_step[0];
            let column = sweep.target_start[1] + self.column * sweep.target_step[1];
            let pixel = line * sweep.target[1] + column;
            let target = self.target.pointer(pixel * self.target_channels);
            let count = (sweep.places[1] - self.column).min(limit - places.count);
            let target_step = sweep.target_step[1] * self.target_channels;
            for i in 0..count {
                places.windows[places.count + i] = window.wrapping_add(i * self.step);
                places.source_rows[places.count + i] = (row * sweep.step[0]) as isize;
                places.targets[places.count + i] = target.wrapping_add(i * target_step);
            }
            places.count += count;
            self.column += count;
            if self.column == sweep.places[1] {
                self.column = 0;
                self.rows.start += 1;
            }
        }
    }
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            windows: [std::ptr::null(); PLACES_SHORT],
            source_rows: [0; PLACES_SHORT],
            targets: [std::ptr::null_mut(); PLACES_SHORT],
            count: 0,
        }
    }
}

/// Applies an activation that is not fused into the store, while the block is in cache.
///
/// # Safety
/// Each target must be a whole pixel of `channels` values, which nothing else may touch meanwhile.
#[inline(always)]
pub(super) unsafe fn activate<V: Vector>(places: &Places, channels: usize, activation: Activation) {
    if matches!(activation, Activation::Identity | Activation::Relu) {
        return;
    }
    for &target in &places.targets[..places.count] {
        // SAFETY: by this function's contract.
        unsafe { activate_run::<V>(target, channels, activation) };
    }
}
