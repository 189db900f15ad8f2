//! The loops that add products to a tile's sums, one for each way in which the left operand lies.

use super::{Tile, has_many_registers};
use crate::cpu::ahead::Ahead;
use crate::cpu::in_a_register::in_a_register;
use crate::cpu::vector::Vector;

impl<V: Vector, const M: usize, const N: usize> Tile<V, M, N> {
    /// `sums[i][j] += Σ_p rows[i][p * step] * panel[p * panel_stride + j]` for `p` in `0..steps`,
    /// in this order.
    ///
    /// # Safety
    /// For every `p`: `rows[i].add(p * step)` must be readable, and `N` vectors from
    /// `panel.add(p * panel_stride)`.
    #[inline(always)]
    pub(crate) unsafe fn add_products(
        &mut self,
        steps: usize,
        rows: [*const f32; M],
        step: usize,
        panel: *const f32,
        panel_stride: usize,
    ) {
        let (mut panel, mut offset) = (panel, 0);
        for _ in 0..steps {
            // SAFETY: `N` vectors are readable here by this method's contract.
            let right = unsafe { Self::right(panel) };
            // SAFETY: `offset = p * step`, readable by this method's contract.
            unsafe { self.add_step(rows, offset, right) };
            offset += step;
            panel = panel.wrapping_add(panel_stride);
        }
    }

    /// As [`Tile::add_products`] for neighbouring elements of rows.
    ///
    /// # Safety
    /// `steps` values must be readable from each row, and `N` vectors from
    /// `panel.add(p * panel_stride)` for every `p` below `steps`.
    #[inline(always)]
    pub(crate) unsafe fn add_runs(
        &mut self,
        steps: usize,
        rows: [*const f32; M],
        panel: *const f32,
        panel_stride: usize,
    ) {
        let (mut rows, mut panel) = (rows, panel);
        // Of many sums, more steps at once would leave no registers for all.
        let by_four = const { N == 1 || !has_many_registers::<V>() };
        let unrolled = if by_four { 4 } else { 2 };
        for _ in 0..steps / unrolled {
            if const { has_many_registers::<V>() } {
                rows = rows.map(in_a_register);
            }
            // SAFETY: these are `unrolled` of `steps`. A loop around so much code would stay one.
            unsafe {
                self.add_step_of_runs(&mut rows, 0, panel);
                self.add_step_of_runs(&mut rows, 1, panel.wrapping_add(panel_stride));
                if by_four {
                    self.add_step_of_runs(&mut rows, 2, panel.wrapping_add(2 * panel_stride));
                    self.add_step_of_runs(&mut rows, 3, panel.wrapping_add(3 * panel_stride));
                }
            }
            rows = rows.map(|row| row.wrapping_add(unrolled));
            panel = panel.wrapping_add(unrolled * panel_stride);
        }
        // SAFETY: what is left of the rows and the panel.
        unsafe { self.add_products(steps % unrolled, rows, 1, panel, panel_stride) };
    }

    /// As [`Tile::add_products`] for rows that are neighbours: their values of a step are side by
    /// side, `step` values behind those of the step before. Steps ask for lines of `ahead`.
    ///
    /// # Safety
    /// For every `p` below `steps`: `M` values must be readable from `left.add(p * step)`, and `N`
    /// vectors from `panel.add(p * panel_stride)`.
    #[inline(always)]
    pub(crate) unsafe fn add_columns(
        &mut self,
        steps: usize,
        left: *const f32,
        step: usize,
        panel: *const f32,
        panel_stride: usize,
        ahead: Option<Ahead>,
    ) {
        let (mut left, mut panel) = (left, panel);
        for turn in 0..steps / 2 {
            // Two at once: what a loop takes by itself is a tenth of a step.
            for line in [2 * turn, 2 * turn + 1] {
                if let Some(ahead) = ahead {
                    ahead.ask_for(line);
                }
                // SAFETY: one of `steps`.
                left = unsafe { self.add_column(left, panel) }.wrapping_add(step);
                panel = panel.wrapping_add(panel_stride);
            }
        }
        if !steps.is_multiple_of(2) {
            // SAFETY: the last of `steps`.
            unsafe { self.add_column(left, panel) };
        }
    }

    /// The products of one step, in which row `i` has the value `offset` behind pointer `i`.
    ///
    /// # Safety
    /// These values must be readable.
    #[inline(always)]
    unsafe fn add_step(&mut self, rows: [*const f32; M], offset: usize, right: [V; N]) {
        for (sums, row) in self.0.iter_mut().zip(rows) {
            // SAFETY: by this method's contract.
            let left = V::splat(unsafe { *row.add(offset) });
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = left.mul_add(right, *sum);
            }
        }
    }

    /// `N` vectors of a panel.
    ///
    /// # Safety
    /// They must be readable.
    #[inline(always)]
    unsafe fn right(panel: *const f32) -> [V; N] {
        let mut right = [V::zero(); N];
        for (j, right) in right.iter_mut().enumerate() {
            // SAFETY: by this method's contract.
            *right = unsafe { V::load(panel.wrapping_add(j * V::LANES)) };
        }
        right
    }

    /// As [`Tile::add_step`] with the vectors at `panel`, of values that most rows read anew.
    ///
    /// # Safety
    /// These values must be readable, and `N` vectors from `panel`.
    #[inline(always)]
    unsafe fn add_step_of_runs(
        &mut self,
        rows: &mut [*const f32; M],
        skip: usize,
        panel: *const f32,
    ) {
        // SAFETY: by this method's contract.
        let right = unsafe { Self::right(panel) };
        for (i, (sums, row)) in self.0.iter_mut().zip(rows).enumerate() {
            // SAFETY: as above.
            *row = unsafe { add_to_row(sums, *row, skip, right, i) };
        }
    }

    /// The products of one step, in which row `i` has the value `i` behind `left`. Answers `left`.
    ///
    /// # Safety
    /// `M` values must be readable from `left`, and `N` vectors from `panel`.
    #[inline(always)]
    unsafe fn add_column(&mut self, left: *const f32, panel: *const f32) -> *const f32 {
        // SAFETY: by this method's contract.
        let right = unsafe { Self::right(panel) };
        let mut left = left;
        for (i, sums) in self.0.iter_mut().enumerate() {
            // SAFETY: as above.
            left = unsafe { add_to_row(sums, left, i, right, i) };
        }
        left
    }

    /// As [`Tile::add_products`] for a panel of which only `columns` may be read. The last vector
    /// begins within them.
    ///
    /// # Safety
    /// For every `p`: `rows[i].add(p * step)` must be readable, and `columns` values from
    /// `panel.add(p * panel_stride)`.
    #[inline(always)]
    pub(crate) unsafe fn add_products_part(
        &mut self,
        steps: usize,
        rows: [*const f32; M],
        step: usize,
        panel: *const f32,
        panel_stride: usize,
        columns: usize,
    ) {
        let rest = Self::rest(columns);
        let (mut panel, mut offset) = (panel, 0);
        for _ in 0..steps {
            let mut right = [V::zero(); N];
            for (j, right) in right.iter_mut().enumerate() {
                let panel = panel.wrapping_add(j * V::LANES);
                // SAFETY: vectors before the last are whole, the last has `rest` values.
                *right =
                    unsafe { if j + 1 < N { V::load(panel) } else { V::load_part(panel, rest) } };
            }
            // SAFETY: `offset = p * step`, readable by this method's contract.
            unsafe { self.add_step(rows, offset, right) };
            offset += step;
            panel = panel.wrapping_add(panel_stride);
        }
    }
}

/// Adds row `i`'s products of one step, of the value `skip` behind `left`. Answers `left`.
///
/// With AVX-512 three of four rows read their value for each vector anew, as part of the
/// multiply-add. One that is read once for both vectors takes an instruction of its own: three for
/// two multiply-adds, more than a processor takes in that shares its decoder with another thread.
/// All rows would ask for more than two reads in a cycle.
///
/// # Safety
/// The value must be readable.
#[inline(always)]
unsafe fn add_to_row<V: Vector, const N: usize>(
    sums: &mut [V; N],
    left: *const f32,
    skip: usize,
    right: [V; N],
    i: usize,
) -> *const f32 {
    let mut left = left;
    // SAFETY: by this function's contract.
    let mut value = V::splat(unsafe { *left.wrapping_add(skip) });
    for (j, (sum, right)) in sums.iter_mut().zip(right).enumerate() {
        if const { has_many_registers::<V>() } && j > 0 && i % 4 < 3 {
            left = in_a_register(left);
            // SAFETY: the same value, but not to the compiler.
            value = V::splat(unsafe { *left.wrapping_add(skip) });
        }
        *sum = value.mul_add(right, *sum);
    }
    left
}
